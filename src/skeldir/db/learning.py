"""Connections that learn what an array is once per process: the driver asks the server on each connection.

The question is three round trips and takes the server longer than most statements. Arrays of PostgreSQL's own types are
the same in every database, so the answer for one connection holds for all.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import TypedDict

import asyncpg


class _Described(TypedDict):
    """What the driver reads of a type, as far as it matters here."""

    oid: int
    kind: bytes
    elemtype: int | None


# PostgreSQL assigns these numbers by hand, and never to another type.
_FIXED_BELOW = 10_000
_learnt: dict[int, tuple[_Described, _Described]] = {}
# The driver prepares a nameless statement again after its question, which had taken the name.
_NOT_ASKED = SimpleNamespace(name="not asked")


class LearningConnection(asyncpg.Connection):
    """A connection that knows the arrays about which another of this process has asked."""

    async def _introspect_types(
        self,
        typeoids: Iterable[int],
        timeout: float | None,  # noqa: ASYNC109 - the driver passes it
    ) -> tuple[list[_Described], object]:
        """Return descriptions of these types, each after those it builds on, and the statement that read them."""
        wanted = list(typeoids)
        if all(number in _learnt for number in wanted):
            return [row for number in wanted for row in _learnt[number]], _NOT_ASKED
        rows: list[_Described]
        rows, statement = await super()._introspect_types(wanted, timeout)  # type: ignore[misc]  # not in the stubs
        found = {row["oid"]: row for row in rows if row["oid"] < _FIXED_BELOW}
        for number, row in found.items():
            element = found.get(row["elemtype"] or 0)
            if element is not None and _is_scalar(element):
                _learnt[number] = (element, row)
        return rows, statement


def _is_scalar(row: _Described) -> bool:
    return row["kind"] == b"b" and not row["elemtype"]
