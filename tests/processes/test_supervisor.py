"""Dead and stuck processes are replaced, the others stop in order when asked, and none outlives its supervisor."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import psutil
import pytest

from skeldir.processes.children import api_children
from skeldir.processes.liveness import Liveness
from tests.support.embedded import wait_until
from tests.support.supervised import Supervised, python, supervising

SLEEPS = python("import time; time.sleep(600)")
# Gives signs of life until the file is there.
LIVES = """
import os, sys, time
pipe, stop = int(sys.argv[-1]), sys.argv[-3]
while True:
    if not os.path.exists(stop):
        os.write(pipe, b".")
        open(stop + ".lived", "w").close()
    time.sleep(0.1)
"""


def process_of(supervised: Supervised, name: str, *, times: int = 1) -> psutil.Process:
    line = supervised.wait_for(f"{name} started", times=times)
    found = re.search(r"process (\d+)", line)
    assert found
    return psutil.Process(int(found[1]))


def test_a_killed_child_is_started_again() -> None:
    with supervising([("sleeper", SLEEPS, False, 0)]) as supervised:
        first = process_of(supervised, "sleeper")
        first.kill()
        second = process_of(supervised, "sleeper", times=2)
        assert second.pid != first.pid
        assert second.is_running()
        assert "sleeper ended by SIGKILL; it is started again in 0.5 s." in supervised.lines
        assert supervised.stop() == 0
        assert "sleeper stopped." in supervised.lines


@pytest.mark.slow
def test_a_child_that_dies_at_once_is_started_again_later_and_later() -> None:
    with supervising([("dying", python("raise SystemExit(3)"), False, 0)]) as supervised:
        supervised.wait_for("in 2 s")
        pauses = [
            re.search(r"status 3; it is started again in ([\d.]+) s", line)
            for line in supervised.lines
            if "ended" in line
        ]
        assert [found and found[1] for found in pauses] == ["0.5", "1", "2"]
        assert supervised.stop() == 0


@pytest.mark.slow
def test_a_child_that_cannot_start_ends_all_and_one_that_has_lived_is_started_again(
    tmp_path: Path,
) -> None:
    lives = ("lively", [*python(LIVES), str(tmp_path / "never")], True, 0)
    with supervising([lives], must_start=True) as supervised:
        wait_until((tmp_path / "never.lived").exists)
        process_of(supervised, "lively").kill()
        # The second process is killed before it lives, but it is not the first.
        process_of(supervised, "lively", times=2).kill()
        process_of(supervised, "lively", times=3)
        assert supervised.stop() == 0
    with supervising(
        [lives, ("dying", python("raise SystemExit(3)"), True, 0)], must_start=True
    ) as supervised:
        assert supervised.process.wait(10) == 1
        supervised.reader.join(5)
    assert "dying ended with status 3 before it had started; all are stopped." in supervised.lines
    assert "lively stopped." in supervised.lines


@pytest.mark.slow
def test_only_a_child_without_signs_of_life_is_killed(tmp_path: Path) -> None:
    stop, never = tmp_path / "stop", tmp_path / "never"
    with supervising(
        [
            ("falling silent", [*python(LIVES), str(stop)], True, 0),
            ("lively", [*python(LIVES), str(never)], True, 0),
            ("sleeper", SLEEPS, False, 0),
        ],
        stuck_after_s=1.5,
    ) as supervised:
        for name in ("falling silent", "lively", "sleeper"):
            process_of(supervised, name)
        time.sleep(2.5)  # time in which nobody must be killed
        assert not [line for line in supervised.lines if "sign of life" in line]
        stop.touch()
        supervised.wait_for("falling silent has given no sign of life for 2 s.")
        stop.unlink()
        process_of(supervised, "falling silent", times=2)
        assert not [
            line for line in supervised.lines if re.search("(lively|sleeper).* ended", line)
        ]


@pytest.mark.slow
def test_a_suspended_child_is_stuck(tmp_path: Path) -> None:
    with supervising(
        [("lively", [*python(LIVES), str(tmp_path / "never")], True, 0)], stuck_after_s=1.5
    ) as supervised:
        process_of(supervised, "lively").suspend()
        process_of(supervised, "lively", times=2)


def test_children_stop_in_the_order_of_their_ranks(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    slow = python(
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.5), sys.exit(0)))\n"
        "open(sys.argv[1], 'w').close()\n"
        "time.sleep(600)"
    )
    with supervising(
        [("second", SLEEPS, False, 1), ("first", [*slow, str(ready)], False, 0)]
    ) as supervised:
        process_of(supervised, "first")
        wait_until(ready.exists)
        assert supervised.stop() == 0
        assert supervised.lines[-2:] == ["first stopped.", "second stopped."]


def test_a_child_that_will_not_stop_is_killed_in_bounded_time() -> None:
    stubborn = python(
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "sys.stdout.write('ready\\n')\n"
        "sys.stdout.flush()\n"
        "time.sleep(600)"
    )
    with supervising([("stubborn", stubborn, False, 0)], stop_s=0.5) as supervised:
        child = process_of(supervised, "stubborn")
        supervised.wait_for("ready")
        began = time.monotonic()
        assert supervised.stop() == 1
        assert time.monotonic() - began < 3
        assert "Killed, because it did not stop: stubborn." in supervised.lines
        assert not child.is_running()


@pytest.mark.slow
@pytest.mark.skipif(
    not Path("/proc/self").exists(), reason="only Linux kills a child with its parent"
)
def test_no_child_outlives_a_killed_supervisor_not_even_a_suspended_one() -> None:
    deaf = python("import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)")
    with supervising([("deaf", deaf, False, 0), ("sleeper", SLEEPS, False, 0)]) as supervised:
        children = [process_of(supervised, name) for name in ("deaf", "sleeper")]
        time.sleep(0.3)  # they are bound before they become what they are to be
        children[1].suspend()
        supervised.process.kill()
        supervised.process.wait()
        _, alive = psutil.wait_procs(children, timeout=5)
        left = [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]
        for one in left:
            one.kill()
        assert left == []


def test_a_terminals_ctrl_c_reaches_the_supervisor_only() -> None:
    with supervising([("sleeper", SLEEPS, False, 0)]) as supervised:
        child = process_of(supervised, "sleeper")
        assert os.getpgid(child.pid) != os.getpgid(supervised.process.pid)
        os.killpg(os.getpgid(supervised.process.pid), signal.SIGINT)
        assert supervised.process.wait(5) == 0
        assert not child.is_running()


def test_a_sign_of_life_needs_the_consumer_too(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000.0]
    monkeypatch.setattr("skeldir.processes.liveness.monotonic", lambda: now[0])
    signs, pipe = os.pipe()
    os.set_blocking(signs, False)
    life = Liveness(pipe)

    def shows() -> bool:
        life.show()
        try:
            return os.read(signs, 10) == b"."
        except BlockingIOError:
            return False

    assert shows()
    now[0] += 16
    assert not shows()
    life.note()
    assert shows()
    with life.paused():  # the broker is away
        now[0] += 3_600
        assert shows()
    assert shows()
    assert not Liveness(is_watched=False).is_silent()
    os.close(signs)
    os.close(pipe)


def test_what_is_kept_running_gives_memory_back_unless_the_operator_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("MALLOC_ARENA_MAX", raising=False)
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "42")
    (child,) = api_children("postgresql://somewhere/else", host="127.0.0.1", port=0)
    assert child.environment["MALLOC_ARENA_MAX"] == "1"
    assert child.environment["MALLOC_TRIM_THRESHOLD_"] == "42"
    assert child.environment["DATABASE_URL"] == "postgresql://somewhere/else"


def test_a_lone_api_process_stays_alone_whatever_the_setting_says() -> None:
    """`skeldir up` decides how many there are; the command that it runs reads the setting, too."""
    (child,) = api_children("postgresql://somewhere/else", host="127.0.0.1", port=8000)
    assert list(child.command)[-2:] == ["--processes", "1"]
    children = api_children(
        "postgresql://somewhere/else", host="127.0.0.1", port=8000, processes=3, must_start=True
    )
    assert [(child.name, child.shows_life, child.must_start) for child in children] == [
        (f"api-{index}", True, True) for index in range(3)
    ]
