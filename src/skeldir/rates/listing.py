"""Rates as they are recorded, every revision of them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

from skeldir.rates.converting import plain
from skeldir.rates.schemas import RateRevision
from skeldir.rates.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection

RateKey: TypeAlias = tuple[str, str, date, int]
"""Source, quote, day and revision."""


async def list_rates(
    connection: Connection,
    tenant_id: UUID,
    *,
    source: str | None = None,
    quote: str | None = None,
    first_day: date | None = None,
    end_day: date | None = None,
    has_all: bool = False,
    after: RateKey | None = None,
    most: int,
) -> list[RateRevision]:
    """Return up to `most` rates of the transaction's tenant in the order of their keys, after the key `after`.

    The days are half-open, and None leaves a side open. Of each day it is the latest revision, unless `has_all`.
    """
    key = after or (None, None, None, None)
    rows = await queries.select_rates(
        connection,
        tenant_id=tenant_id,
        source=source,
        quote=quote,
        first_day=first_day,
        end_day=end_day,
        has_all=has_all,
        after_source=key[0],
        after_quote=key[1],
        after_day=key[2],
        after_revision=key[3],
        most=most,
    )
    return [
        RateRevision(
            row["source"],
            row["base"],
            row["quote"],
            row["day"],
            row["revision"],
            plain(row["rate"]),
            row["reason"],
            row["recorded_by"],
            row["recorded_at"],
        )
        for row in rows
    ]
