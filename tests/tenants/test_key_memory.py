"""The rules by which a key is remembered, with a clock that the test controls."""

from __future__ import annotations

import tracemalloc
from math import inf
from uuid import UUID, uuid4

from skeldir.db.listening import Subscription
from skeldir.tenants import KeyHolder, KeyMemory

KEY, OTHER = b"a digest", b"another digest"


def holder(*, valid_until_s: float = inf, tenant: UUID | None = None) -> KeyHolder:
    return KeyHolder(tenant or uuid4(), uuid4(), frozenset({"read"}), valid_until_s=valid_until_s)


def current() -> Subscription:
    return Subscription(current_until_s=inf)


def test_a_key_is_recalled_for_a_minute_from_before_its_look_up_began_and_no_longer() -> None:
    memory, found = KeyMemory(current()), holder()
    memory.remember(KEY, found, memory.begin_look_up(100.0))
    assert memory.recall(KEY, 159.9) is found
    # Use does not extend it.
    assert memory.recall(KEY, 160.0) is None
    assert memory.recall(KEY, 100.0) is None


def test_only_the_remembered_key_is_recalled() -> None:
    memory, mine, theirs = KeyMemory(current()), holder(), holder()
    memory.remember(KEY, mine, memory.begin_look_up(0.0))
    assert memory.recall(OTHER, 1.0) is None
    memory.remember(OTHER, theirs, memory.begin_look_up(0.0))
    assert (memory.recall(KEY, 1.0), memory.recall(OTHER, 1.0)) == (mine, theirs)


def test_a_key_that_expires_within_the_minute_is_recalled_until_then() -> None:
    memory, found = KeyMemory(current()), holder(valid_until_s=130.0)
    memory.remember(KEY, found, memory.begin_look_up(100.0))
    assert memory.recall(KEY, 129.9) is found
    assert memory.recall(KEY, 130.0) is None


def test_once_something_has_ended_everything_is_forgotten() -> None:
    subscription = current()
    memory = KeyMemory(subscription)
    for key in (KEY, OTHER):
        memory.remember(key, holder(), memory.begin_look_up(0.0))
    subscription.note_change()
    assert memory.recall(KEY, 0.0) is memory.recall(OTHER, 0.0) is None
    memory.remember(KEY, found := holder(), memory.begin_look_up(0.0))
    assert memory.recall(KEY, 0.0) is found


def test_what_ends_while_a_key_is_looked_up_keeps_it_from_being_remembered() -> None:
    subscription = current()
    memory = KeyMemory(subscription)
    look_up = memory.begin_look_up(0.0)
    subscription.note_change()
    memory.remember(KEY, holder(), look_up)
    assert memory.recall(KEY, 0.0) is None


def test_while_the_subscription_is_not_current_nothing_is_recalled() -> None:
    subscription = Subscription(current_until_s=10.0)
    memory, found = KeyMemory(subscription), holder()
    memory.remember(KEY, found, memory.begin_look_up(9.0))
    assert memory.recall(KEY, 9.9) is found
    assert memory.recall(KEY, 10.0) is None
    # The server was only late: nothing was missed.
    subscription.current_until_s = 20.0
    assert memory.recall(KEY, 10.0) is found
    # The connection was lost, and another one listens now.
    subscription.mark_lost()
    subscription.current_until_s = 30.0
    assert memory.recall(KEY, 10.0) is None


def test_what_was_looked_up_before_listening_began_is_forgotten() -> None:
    subscription = Subscription()
    memory = KeyMemory(subscription)
    look_up = memory.begin_look_up(0.0)
    memory.remember(KEY, holder(), look_up)
    subscription.note_change()
    subscription.current_until_s = inf
    memory.remember(OTHER, holder(), look_up)
    assert memory.recall(KEY, 0.0) is memory.recall(OTHER, 0.0) is None


def test_of_too_many_keys_the_least_recently_used_are_dropped() -> None:
    memory = KeyMemory(current(), most=3)
    for number in range(3):
        memory.remember(bytes([number]), holder(), memory.begin_look_up(0.0))
    memory.recall(bytes([0]), 0.0)
    memory.remember(bytes([3]), holder(), memory.begin_look_up(0.0))
    assert [memory.recall(bytes([n]), 0.0) is not None for n in range(4)] == [
        True, False, True, True,
    ]  # fmt: skip


def test_memory_is_bounded_however_many_keys_arrive() -> None:
    subscription = current()
    memory = KeyMemory(subscription, most=20)

    def memory_after(turns: range) -> int:
        for turn in turns:
            memory.remember(turn.to_bytes(16), holder(), memory.begin_look_up(0.0))
            memory.recall(turn.to_bytes(16), 0.0)
            if turn % 7 == 0:
                subscription.note_change()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        full = memory_after(range(200))
        assert memory_after(range(200, 2_000)) < 1.2 * full
    finally:
        tracemalloc.stop()
