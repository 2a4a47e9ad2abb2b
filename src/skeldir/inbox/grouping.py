"""Decides which deliveries are about one payment, by the refs that they share. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

# A ref, or a stored payment.
_Node: TypeAlias = str | UUID


@dataclass(frozen=True, slots=True)
class Grouping:
    """The payments of new deliveries.

    `payments`: that of each new delivery, in their order; None: the delivery has no refs.
    `new_refs`: refs that no payment had, each with its payment.
    `merges`: stored payments that turned out to be part of another one, each with the one that survives.
    """

    payments: tuple[UUID | None, ...]
    new_refs: Mapping[str, UUID]
    merges: Mapping[UUID, UUID]


@dataclass(slots=True)
class _Sets:
    """Disjoint sets of nodes, each a tree whose root stands for it."""

    parents: dict[_Node, _Node] = field(default_factory=dict)

    def root_of(self, node: _Node) -> _Node:
        root = node
        while (above := self.parents.setdefault(root, root)) != root:
            root = above
        while node != root:
            above, self.parents[node] = self.parents[node], root
            node = above
        return root

    def join(self, one: _Node, other: _Node) -> None:
        self.parents[self.root_of(one)] = self.root_of(other)


def group(
    new: Sequence[tuple[str, ...]], known: Mapping[str, UUID], new_id: Callable[[], UUID]
) -> Grouping:
    """Group new deliveries, given as their refs, with each other and with stored payments.

    `known` has the stored payment of each ref that has one; refs of no new delivery do not matter. Of the stored
    payments that new deliveries connect, the one with the smallest id survives, whatever the order. `new_id` is called
    once for each payment that is new.
    """
    sets = _Sets()
    for refs in new:
        for ref in refs:
            sets.join(ref, refs[0])
            if (stored := known.get(ref)) is not None:
                sets.join(ref, stored)
    stored_ids = sorted(node for node in sets.parents if isinstance(node, UUID))
    survivors: dict[_Node, UUID] = {}
    for stored in stored_ids:
        survivors.setdefault(sets.root_of(stored), stored)
    payments = [
        _payment_of(sets.root_of(refs[0]), survivors, new_id) if refs else None for refs in new
    ]
    roots = {node: sets.root_of(node) for node in list(sets.parents)}
    new_refs = {
        node: survivors[root]
        for node, root in roots.items()
        if isinstance(node, str) and node not in known
    }
    merges = {
        stored: survivors[roots[stored]]
        for stored in stored_ids
        if survivors[roots[stored]] != stored
    }
    return Grouping(tuple(payments), new_refs, merges)


def _payment_of(root: _Node, survivors: dict[_Node, UUID], new_id: Callable[[], UUID]) -> UUID:
    if root not in survivors:
        survivors[root] = new_id()
    return survivors[root]
