"""Work in a thread: one piece at a time, and each owner in turn."""

from __future__ import annotations

import asyncio
import threading
from uuid import UUID

import pytest

from skeldir.http.offload import Offload

A, B = UUID(int=1), UUID(int=2)


class Pieces:
    """Pieces of work that say when they are done, and how many of them were ever under way at once."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.at_once = self.most_at_once = 0
        self.may_end = threading.Event()

    def work(self, name: str) -> str:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        assert self.may_end.wait(10)
        assert threading.current_thread() is not threading.main_thread()
        self.done.append(name)
        self.at_once -= 1
        return name


async def test_who_has_much_to_do_does_not_keep_another_waiting() -> None:
    offload, pieces = Offload(), Pieces()
    asked = [(A, f"a{n}") for n in range(5)] + [(B, "b0")]
    running = [
        asyncio.create_task(offload.run(owner, lambda name=name: pieces.work(name)))  # type: ignore[misc]
        for owner, name in asked
    ]
    await asyncio.sleep(0)
    pieces.may_end.set()
    assert await asyncio.gather(*running) == [name for _, name in asked]
    assert pieces.done == ["a0", "b0", "a1", "a2", "a3", "a4"]
    assert pieces.most_at_once == 1


async def test_what_the_work_raises_is_raised_and_the_next_goes_on() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    offload = Offload()
    with pytest.raises(ZeroDivisionError):
        await offload.run(A, fail)
    assert await offload.run(A, lambda: 7) == 7
