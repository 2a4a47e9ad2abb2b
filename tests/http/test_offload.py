"""Work in other processes: one piece of an owner at a time, each owner in turn."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE
from functools import partial
from pathlib import Path
from uuid import UUID

import psutil
import pytest

from skeldir.errors import InputInvalid
from skeldir.http.offload import Offload, OffloadLost
from skeldir.ingest.rejections import ItemRejected

pytestmark = pytest.mark.slow

A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)


def note(log: Path, name: str) -> str:
    """Log when a piece of work starts and when it is done."""
    with log.open("a") as lines:
        lines.write(f"{name} begins\n")
        lines.flush()
        time.sleep(0.05)  # slow work
        lines.write(f"{name} ends\n")
    return name


def wait_for(sign: Path) -> str:
    """Work until a file is there."""
    while not sign.exists():
        time.sleep(0.01)
    return sign.name


def refuse() -> None:
    raise InputInvalid("Seven is too many.", cure="Send six.")


def refuse_item() -> None:
    raise ItemRejected("amount_zero", "The amount is 0.")


def is_loaded(module: str) -> bool:
    return module in sys.modules


def end_at_once() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def end_politely() -> str:
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGINT)
    return "still here"


async def test_an_owner_has_one_piece_of_work_there_at_a_time(tmp_path: Path) -> None:
    offload, log = Offload(), tmp_path / "log"
    names = [f"a{n}" for n in range(4)]
    running = [asyncio.create_task(offload.run(A, partial(note, log, name))) for name in names]
    assert await asyncio.gather(*running) == names
    one_after_another = [f"{name} {what}" for name in names for what in ("begins", "ends")]
    assert log.read_text().splitlines() == one_after_another


async def test_work_of_one_owner_is_done_while_that_of_another_still_runs(tmp_path: Path) -> None:
    offload, let_go = Offload(), tmp_path / "let go"
    long = asyncio.create_task(offload.run(A, partial(wait_for, let_go)))
    again = asyncio.create_task(offload.run(A, partial(max, 1, 2)))
    async with asyncio.timeout(10):
        assert await offload.run(B, partial(max, 3, 7)) == 7
    assert not long.done()
    assert not again.done()
    let_go.touch()
    assert [await long, await again] == ["let go", 2]


async def test_an_owner_with_much_work_does_not_delay_another(tmp_path: Path) -> None:
    offload, log = Offload(), tmp_path / "log"
    asked = [(owner, f"{name}{n}") for n in range(3) for owner, name in ((A, "a"), (B, "b"))]
    asked.append((C, "c0"))
    running = [
        asyncio.create_task(offload.run(owner, partial(note, log, name))) for owner, name in asked
    ]
    assert await asyncio.gather(*running) == [name for _, name in asked]
    lines = log.read_text().splitlines()
    assert lines.index("c0 begins") < min(lines.index("a2 begins"), lines.index("b2 begins"))


async def test_the_work_is_done_in_another_process_that_gives_way() -> None:
    offload = Offload()
    process = await offload.run(A, os.getpid)
    assert process != os.getpid()
    assert await offload.run(B, os.getpid) == process
    assert psutil.Process(process).nice() > psutil.Process().nice()


async def test_what_the_work_raises_is_raised_and_the_next_work_runs() -> None:
    offload = Offload()
    with pytest.raises(InputInvalid) as refused:
        await offload.run(A, refuse)
    assert (refused.value.detail, refused.value.cure) == ("Seven is too many.", "Send six.")
    with pytest.raises(ItemRejected) as rejected:
        await offload.run(A, refuse_item)
    assert rejected.value.item_code == "amount_zero"
    with pytest.raises(ZeroDivisionError):
        await offload.run(A, partial(divmod, 1, 0))
    assert await offload.run(A, partial(max, 3, 7)) == 7


async def test_a_killed_process_loses_one_piece_of_work_and_the_next_gets_a_new_process() -> None:
    offload = Offload()
    with pytest.raises(OffloadLost):
        await offload.run(A, end_at_once)
    assert await offload.run(A, partial(max, 3, 7)) == 7


@pytest.mark.slow
async def test_the_process_ends_with_the_one_that_started_it_even_when_that_is_killed() -> None:
    program = (
        "import asyncio, os, uuid\n"
        "from skeldir.http.offload import Offload\n"
        "async def main():\n"
        "    print(await Offload().run(uuid.UUID(int=1), os.getpid), flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=PIPE)
    assert parent.stdout is not None
    aside = psutil.Process(int(await parent.stdout.readline()))
    parent.kill()
    await parent.wait()
    await asyncio.to_thread(aside.wait, 10)


async def test_a_signal_to_the_whole_group_lets_the_work_be_finished() -> None:
    assert await Offload().run(A, end_politely) == "still here"


async def test_processes_that_were_warmed_up_do_the_first_work(tmp_path: Path) -> None:
    offload, let_go = Offload(), tmp_path / "let go"
    await offload.warm_up(("skeldir.money",))
    before = {child.pid for child in psutil.Process().children()}
    long = asyncio.create_task(offload.run(A, partial(wait_for, let_go)))
    assert await offload.run(B, partial(is_loaded, "skeldir.money"))
    let_go.touch()
    await long
    assert {child.pid for child in psutil.Process().children()} == before
    assert await offload.run(A, os.getpid) in before
