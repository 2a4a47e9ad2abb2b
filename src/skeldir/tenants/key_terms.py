"""What a key may collect: from which pages, whether its orders are money, and which events are orders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.errors import InputInvalid
from skeldir.tenants.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection

ANY_ORIGIN: Final = "*"
MOST_ORIGINS: Final = 100
_ORIGIN: Final = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9-]{0,62})(?:\.[a-z0-9-]{1,63}){0,8}|\[[0-9a-f:]{2,45}\])(?::[0-9]{1,5})?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class KeyTerms:
    """`origins` of the pages that may send with the key, or ANY_ORIGIN; none: only servers may.

    `books_orders`: whether the orders that come with a write key become entries; else they are only claimed.
    `order_events`: the tenant's own events that are orders, as `collect.order_maps` reads them.
    """

    origins: frozenset[str] = frozenset()
    books_orders: bool = False
    order_events: tuple[str, ...] = ()

    def allows(self, origin: str) -> bool:
        """Return whether a page of this origin, as browsers write it, may send."""
        return origin in self.origins or ANY_ORIGIN in self.origins


NO_TERMS: Final = KeyTerms()
COLLECT: Final = "collect"
"""The scope of write keys. They stand in pages that anybody can read, so it is a key's only one."""


def read_origins(texts: Iterable[str]) -> frozenset[str]:
    """Return origins as browsers send them: scheme, host and port, in lower case, without a path.

    Raises:
        InputInvalid: one is no origin, or there are too many.
    """
    origins = set()
    for text in texts:
        origin = text.strip().lower().removesuffix("/")
        if origin != ANY_ORIGIN and not _ORIGIN.fullmatch(origin):
            raise InputInvalid(
                f"{text[:80]!r} is no origin.",
                cure="Write scheme, host and perhaps a port: https://shop.example. * stands for every page.",
            )
        scheme, _, rest = origin.partition("://")
        usual = {"https": ":443", "http": ":80"}.get(scheme)
        origins.add(origin.removesuffix(usual) if usual and rest else origin)
    if len(origins) > MOST_ORIGINS:
        raise InputInvalid(
            f"These are {len(origins)} origins.",
            cure=f"A key has {MOST_ORIGINS} at most; make another key.",
        )
    return frozenset(origins)


def require_terms(scopes: Sequence[str], terms: KeyTerms) -> None:
    """Check terms against the scopes of their key.

    Raises:
        InputInvalid: a write key that no page may use, or a private one that a page might.
    """
    if COLLECT in scopes and not terms.origins:
        raise InputInvalid(
            "A write key needs the origins of the pages that will use it.",
            cure="State them with --origin https://shop.example, which can be repeated; * stands for every page.",
        )
    if COLLECT not in scopes and (terms.origins or terms.books_orders):
        raise InputInvalid(
            "Only a write key has origins: a page that holds another one shows it to everybody.",
            cure="Make a key with --scope collect for pages.",
        )


async def set_terms(connection: Connection, tenant_id: UUID, key_id: UUID, terms: KeyTerms) -> None:
    """Set the terms of a key of the transaction's tenant; processes that remember the key learn of it at the commit."""
    await queries.put_terms(
        connection,
        tenant_id=tenant_id,
        key_id=key_id,
        origins=sorted(terms.origins),
        books_orders=terms.books_orders,
        order_events=list(terms.order_events),
    )


async def read_terms(connection: Connection, tenant_id: UUID) -> dict[UUID, KeyTerms]:
    """Return the terms of the transaction's tenant's keys that have some."""
    rows = await queries.select_terms(connection, tenant_id=tenant_id)
    return {
        row["key_id"]: terms_from(row["origins"], row["books_orders"], row["order_events"])
        for row in rows
    }


def terms_from(
    origins: Sequence[str] | None, books_orders: bool | None, order_events: Sequence[str] | None
) -> KeyTerms:
    """Return terms as they are stored; those of a key without a row are NO_TERMS."""
    if origins is None:
        return NO_TERMS
    return KeyTerms(frozenset(origins), bool(books_orders), tuple(order_events or ()))
