"""Journeys too long to be read together with others, such as that of a tag which gives every visitor the same key."""

from __future__ import annotations

from array import array
from sys import intern
from typing import TYPE_CHECKING

from skeldir.attribution.orders import LongJourney, Touches, unpack_moments
from skeldir.attribution.store import queries

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from skeldir.attribution.bounds import Bounds
    from skeldir.db import Connection


async def read_long_journey(
    connection: Connection,
    tenant_id: UUID,
    bounds: Bounds,
    key: bytes,
    first_moment: datetime,
    last_moment: datetime,
) -> LongJourney:
    """Read a journey's first touches between two moments, page by page, up to `touches_at_once` of them.

    A touch takes 16 bytes. The limit is needed since a key shared by many visitors collects touches without end.
    """
    moments, codes = array("q"), list[str]()
    page_from, after_key = first_moment, ""
    while len(codes) < bounds.touches_at_once:
        wanted = min(bounds.touches_of_page, bounds.touches_at_once - len(codes))
        page = await queries.select_touches_of_journey(
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
