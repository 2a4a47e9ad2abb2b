"""Deliveries that share a name, directly or through others, are about one payment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from skeldir.inbox.grouping import group

_REFS = st.sampled_from([f"r:{number}" for number in range(12)])
_DELIVERIES = st.lists(st.lists(_REFS, max_size=3).map(tuple), max_size=12)
_KNOWN = st.dictionaries(_REFS, st.integers(1, 4).map(lambda number: UUID(int=number)))


def make_ids() -> Callable[[], UUID]:
    numbers = count(100)
    return lambda: UUID(int=next(numbers))


def test_deliveries_that_meet_through_a_third_one_are_one_payment() -> None:
    grouping = group([("charge",), ("session", "order"), ("charge", "session")], {}, make_ids())
    assert len(set(grouping.payments)) == 1
    assert set(grouping.new_refs) == {"charge", "session", "order"}
    assert set(grouping.new_refs.values()) == set(grouping.payments)
    assert grouping.merges == {}


def test_a_delivery_joins_the_stored_payment_of_its_ref() -> None:
    grouping = group([("charge", "refund")], {"charge": UUID(int=7)}, make_ids())
    assert grouping.payments == (UUID(int=7),)
    assert grouping.new_refs == {"refund": UUID(int=7)}


def test_stored_payments_that_a_delivery_connects_merge_into_the_smallest() -> None:
    known = {"a": UUID(int=9), "b": UUID(int=3), "c": UUID(int=5)}
    grouping = group([("a", "b"), ("c", "a")], known, make_ids())
    assert grouping.merges == {UUID(int=9): UUID(int=3), UUID(int=5): UUID(int=3)}
    assert grouping.payments == (UUID(int=3), UUID(int=3))
    assert grouping.new_refs == {}


def test_a_delivery_without_refs_has_no_payment() -> None:
    assert group([(), ("a",), ()], {}, make_ids()).payments == (None, UUID(int=100), None)


def parts_by_search(new: Sequence[tuple[str, ...]], known: dict[str, UUID]) -> list[set[str]]:
    """Return, for each delivery, all refs that it is connected with, by plain repeated search."""
    found = []
    for refs in new:
        reached = set(refs)
        while True:
            ids = {known[ref] for ref in reached if ref in known}
            more = reached | {
                ref
                for other in new
                if reached & set(other) or ids & {known.get(one) for one in other}
                for ref in other
            }
            if not refs or more == reached:
                break
            reached = more
        found.append(reached)
    return found


@given(_DELIVERIES, _KNOWN)
def test_deliveries_are_together_exactly_if_a_search_connects_them(
    new: list[tuple[str, ...]], known: dict[str, UUID]
) -> None:
    grouping = group(new, known, make_ids())
    parts = parts_by_search(new, known)
    for one, part in zip(grouping.payments, parts, strict=True):
        assert (one is None) == (not part)
        for other, other_part in zip(grouping.payments, parts, strict=True):
            if one is not None and other is not None:
                assert (one == other) == (part == other_part)
    for payment, part in zip(grouping.payments, parts, strict=True):
        stored = {known[ref] for ref in part if ref in known}
        if stored:
            assert payment == min(stored)
            assert {grouping.merges.get(one, one) for one in stored} == {payment}
    assert set(grouping.new_refs) == {ref for refs in new for ref in refs} - set(known)


@given(_DELIVERIES, _KNOWN, st.randoms(use_true_random=False))
def test_the_order_of_deliveries_changes_no_merge(
    new: list[tuple[str, ...]], known: dict[str, UUID], random: Random
) -> None:
    shuffled = list(new)
    random.shuffle(shuffled)
    first, second = group(new, known, make_ids()), group(shuffled, known, make_ids())
    assert first.merges == second.merges
    assert set(first.new_refs) == set(second.new_refs)


@given(_DELIVERIES)
def test_what_was_stored_one_by_one_ends_in_the_groups_of_all_at_once(
    new: list[tuple[str, ...]],
) -> None:
    new_id = make_ids()
    stored: dict[str, UUID] = {}
    for refs in new:
        grouping = group([refs], {ref: stored[ref] for ref in refs if ref in stored}, new_id)
        stored = {ref: grouping.merges.get(one, one) for ref, one in stored.items()}
        stored.update(grouping.new_refs)
    together = group(new, {}, make_ids()).new_refs
    assert {frozenset(r for r in stored if stored[r] == one) for one in stored.values()} == {
        frozenset(r for r in together if together[r] == one) for one in together.values()
    }
