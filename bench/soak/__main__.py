"""Run the service under load and faults, and report whether every promise holds: `python -m bench.soak --seconds 600`.

The exit status is 0 if all judged verdicts are good, 1 if one is not, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import resource
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic, sleep
from types import FrameType
from typing import NoReturn
from uuid import UUID

import psutil
import psycopg

from bench.reckoning import list_locks
from bench.service import Service, log_of_up, processes_of, running_service, wait_until
from bench.soak.faults import Breaker, Disk
from bench.soak.loud import send_loudly
from bench.soak.plan import Plan, is_long, make_plan
from bench.soak.quiet import send_quietly
from bench.soak.reckoning import reckon, wait_until_worked_off
from bench.soak.records import HOSTILE, HOT, QUIET, Run, Sent
from bench.soak.report import as_json, console, show_plan, show_run
from bench.soak.sending import Account, Orders, run_senders
from bench.soak.verdicts import DRAIN_S, do_hold, judge
from bench.soak.watching import Watcher
from bench.support import make_tenant
from skeldir.db.pool import open_database
from skeldir.tenants import issue_key

_QUIET_TENANTS = 18
_SHORTEST_S = 60.0
_START_S = 4.0
_WARM_S = 5.0
_GIVE_UP_S = 60.0
_SHORT_GIVE_UP_S = 25.0
_OPEN_FILES = 16_384
_DISK_SHARE = 2
_MOST_DISK_BYTES = 12 * 2**30
_SHORT_DRAIN_S = 40.0
_STOP_S = 80.0


def main() -> int:
    """Read the options, run, and return the exit status."""
    options = _read_options()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    _raise_open_files()
    plan = make_plan(options.seconds, options.seed)
    show_plan(plan, options.seed)
    with _scratch(options.log) as folder:
        run = _run(folder, plan, options)
    verdicts = judge(run)
    show_run(run, verdicts)
    if options.json:
        figures = as_json(run, verdicts, plan, options.seed)
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return 0 if do_hold(verdicts) else 1


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument(
        "--seconds", type=float, default=600.0, help="how long to send, %(default)g"
    )
    parser.add_argument(
        "--seed", type=int, default=secrets.randbelow(10**6), help="seed of the plan of faults"
    )
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--log", type=Path, help="keep the service's log here")
    parser.add_argument(
        "--quiet-rate", type=float, default=1.0, help="requests a second of each quiet tenant"
    )
    parser.add_argument(
        "--hot-rate", type=float, default=200.0, help="events a second of the hot tenant"
    )
    options = parser.parse_args()
    if options.seconds < _SHORTEST_S:
        parser.error(f"at least {_SHORTEST_S:g} seconds")
    return options


def _run(folder: Path, plan: Plan, options: argparse.Namespace) -> Run:
    """Start the service, run the plan, and return the records; the service leaves nothing behind."""
    home, files = folder / "home", folder / "tmp"
    home.mkdir(mode=0o711)
    files.mkdir()
    free = min(psutil.virtual_memory().available, shutil.disk_usage("/").total)
    disk = Disk(home, min(_MOST_DISK_BYTES, free // _DISK_SHARE))
    with disk.mounted(), _swept(home):
        with running_service(home, {"TMPDIR": str(files)}) as service:
            run = _storm(service, disk, plan, options)
            # Working processes take locks, and release them within a moment.
            with suppress(psycopg.Error, AssertionError):
                wait_until(lambda: not list_locks(service.ask), 10, "no lock")
            with suppress(psycopg.Error):
                run.left_over += [f"advisory lock {lock}" for lock in list_locks(service.ask)]
            with suppress(subprocess.TimeoutExpired):
                run.stopped_with = service.stop(_STOP_S)
        with suppress(AssertionError):
            wait_until(lambda: not processes_of(home), 15, "no process")
        run.left_over += processes_of(home)
        run.left_over += [str(path.relative_to(folder)) for path in sorted(files.iterdir())]
    return run


def _storm(service: Service, disk: Disk, plan: Plan, options: argparse.Namespace) -> Run:
    tenants, accounts = asyncio.run(_make_tenants(service))
    begins = monotonic() + _START_S
    together, ends = begins + plan.alone_s, begins + plan.seconds
    run = Run(plan.seconds, (begins + _WARM_S, together), (together, ends))
    run.cores = psutil.cpu_count() or 1
    port = int(service.base.rpartition(":")[2])
    is_short = not is_long(plan.seconds)
    gives_up = ends + (_SHORT_GIVE_UP_S if is_short else _GIVE_UP_S)
    orders = Orders(
        port, [a for a in accounts if a.group == QUIET], begins, ends, gives_up,
        options.quiet_rate, options.seed, is_short=is_short,
    )  # fmt: skip
    loud = replace(
        orders,
        accounts=[a for a in accounts if a.group != QUIET],
        begins=together,
        rate=options.hot_rate,
    )
    watcher = Watcher(service, run)
    breaker = Breaker(service, disk, tenants, together, run.windows, run.skipped, run.failed)
    with ExitStack() as all_of_it:
        results = [
            all_of_it.enter_context(_process(traffic, told))
            for traffic, told in ((send_quietly, orders), (send_loudly, loud))
        ]
        breakers = [
            all_of_it.enter_context(_thread(breaker, faults)) for faults in (plan.hard, plan.soft)
        ]
        watcher.note_sizes("start")
        watcher.start()
        all_of_it.callback(watcher.stop)
        sleep(max(0.0, (together + ends) / 2 - monotonic()))
        watcher.note_sizes("middle")
        sleep(max(0.0, ends - monotonic()))
        run.sent = [_receive(result) for result in results]
        for thread in breakers:
            thread.join()
        run.ended = monotonic()
        _finish(service, run, tenants, watcher)
    return run


def _finish(service: Service, run: Run, tenants: dict[str, UUID], watcher: Watcher) -> None:
    """Wait until no work is left, and compare."""
    if not is_long(run.seconds):
        # The slow class of views is refreshed once a minute, which is too long to wait here.
        wait_until_worked_off(service, run, _SHORT_DRAIN_S / 2, are_views_asked=False)
        with suppress(AssertionError, subprocess.TimeoutExpired):
            service.skeldir("refresh", "--if-changed")
    wait_until_worked_off(service, run, DRAIN_S if is_long(run.seconds) else _SHORT_DRAIN_S)
    watcher.stop()
    watcher.note_sizes("end")
    try:
        reckon(service.url, run, tenants)
    except psycopg.Error as fault:
        run.left_over.append(f"a database that does not answer: {fault}")


async def _make_tenants(service: Service) -> tuple[dict[str, UUID], list[Account]]:
    """Create the tenants, each with a key; return their ids, and the tenants as their senders see them."""
    groups = {f"q{number:02}": QUIET for number in range(_QUIET_TENANTS)} | {
        "hot": HOT,
        "hos": HOSTILE,
    }
    url = service.url.replace("//postgres@", "//app_user@")
    tenants, accounts = {}, []
    async with open_database(url, pool_size=1, statement_timeout_ms=30_000) as database:
        for who, group in groups.items():
            tenant_id = await make_tenant(database, who)
            async with database.tenant(tenant_id) as connection:
                key = await issue_key(
                    connection, tenant_id, name="soak", scopes=["ingest", "read"], expires_at=None
                )
            tenants[who] = tenant_id
            accounts.append(Account(who, group, key.secret))
    return tenants, accounts


@contextmanager
def _process(traffic: object, orders: Orders) -> Iterator[Connection]:
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe(duplex=False)
    process = spawning.Process(target=run_senders, args=(traffic, orders, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        process.terminate()
        process.join()


@contextmanager
def _thread(breaker: Breaker, faults: tuple[object, ...]) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=breaker.run, args=(faults,))
    thread.start()
    try:
        yield thread
    finally:
        breaker.stopped.set()
        thread.join()


def _receive(result: Connection) -> Sent:
    try:
        sent = result.recv()
    except EOFError:
        raise SystemExit("A process of senders ended by itself.") from None
    assert isinstance(sent, Sent)
    return sent


@contextmanager
def _scratch(log: Path | None) -> Iterator[Path]:
    """Make a folder with a short path, because it holds the server's socket; remove it, but keep the log on request."""
    folder = Path(tempfile.mkdtemp(prefix="sk-"))
    folder.chmod(0o711)  # the server may run as another user, who must be able to enter
    try:
        yield folder
    finally:
        if log is not None and log_of_up(folder / "home").exists():
            shutil.copy(log_of_up(folder / "home"), log)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _swept(home: Path) -> Iterator[None]:
    """End processes that still run in the home when the block ends: only a killed service leaves any."""
    try:
        yield
    finally:
        for line in processes_of(home):
            with suppress(psutil.NoSuchProcess):
                psutil.Process(int(line.partition(" ")[0])).kill()


def _raise_open_files() -> None:
    """Raise the limit of open files for thousands of connections, here and in the service, which inherits it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        console.print("Interrupted; everything was stopped.")
        sys.exit(130)
