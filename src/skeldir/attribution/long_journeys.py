"""Journeys too long to be read together with others, such as that of a tag which gives every visitor the same key."""

from __future__ import annotations

from array import array
from sys import intern
from typing import TYPE_CHECKING, TypeAlias

from skeldir.attribution.orders import LongJourney, Touches, unpack_moments
from skeldir.attribution.store import queries

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime
    from uuid import UUID

    from skeldir.attribution.bounds import Bounds
    from skeldir.attribution.store import SelectTouchesOfJourneyRow
    from skeldir.db import Connection

SelectPage: TypeAlias = "Callable[..., Awaitable[SelectTouchesOfJourneyRow | None]]"


async def read_long_journey(
    connection: Connection,
    tenant_id: UUID,
    bounds: Bounds,
    key: bytes,
    span: tuple[datetime, datetime],
    select_page: SelectPage | None = None,
) -> LongJourney:
    """Read a journey's first touches between the two moments of `span`, page by page, up to `touches_at_once` of them.

    A touch takes 16 bytes. The limit is needed since a key shared by many visitors collects touches without end.
    `select_page` is as for `Reader`.
    """
    select_page = select_page or queries.select_touches_of_journey
    first_moment, last_moment = span
    moments, codes = array("q"), list[str]()
    page_from, after_key = first_moment, ""
    while len(codes) < bounds.touches_at_once:
        wanted = min(bounds.touches_of_page, bounds.touches_at_once - len(codes))
        page = await select_page(
            connection,
            tenant_id=tenant_id,
            journey_key=key,
            first_moment=page_from,
            last_moment=last_moment,
            after_key=after_key,
            most=wanted,
        )
        if page is None:
            break
        moments.extend(unpack_moments(page["moments"]))
        codes += map(intern, page["codes"])
        if len(page["codes"]) < wanted:
            break
        page_from, after_key = page["last_moment"], page["last_key"]
    is_whole = len(codes) < bounds.touches_at_once
    return LongJourney(key, first_moment, last_moment, Touches(moments, codes), is_whole)
