"""Touches derived from what an order says of the buyer's visit, for orders without a journey's token."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.inbox.persons import holds_account, is_of_person
from skeldir.inbox.saying import Visit
from skeldir.ingest import (
    hash_journey_key,
    host_of,
    is_own_host,
    keep_kinds,
    read_landing,
    receive_touches,
    shapes_in,
)

if TYPE_CHECKING:
    from datetime import datetime

    from skeldir.db import Connection
    from skeldir.inbox.booking import Booking
    from skeldir.tenants import TenantProfile

DERIVED_START: Final = "derived:"
"""With it begin the keys of derived touches, and the tokens of their journeys."""
# An address has an @ or a colon, a number of a person four digits or more; all other texts need no closer look.
_MAY_BE_PERSONAL: Final = re.compile(r"[@%:]|(?:[0-9][^0-9]*){4}")
# Browsers send names of other alphabets in ASCII.
_HOST: Final = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+", re.ASCII)
# An order does not say when its buyer came; a touch must precede the conversion.
_BEFORE_CAPTURE: Final = timedelta(seconds=1)


def reduce_visit(visit: Visit) -> Visit:
    """Return what may be stored of a visit: the landing's path, tags and kinds of click ids, and the referrer's host.

    A referrer on the site itself is none. Texts that are no path and no host, and those that show a person, are left
    out; a name in a tag looks like that of a campaign.
    """
    landing = read_landing(visit.landing)
    referrer = host_of(visit.referrer)
    if referrer and (not _HOST.fullmatch(referrer) or is_of_person(referrer)):
        referrer = None
    if referrer and landing.host and is_own_host(referrer, landing.host):
        referrer = None
    return Visit(
        source=_harmless(visit.source) or _harmless(landing.source),
        medium=_harmless(visit.medium) or _harmless(landing.medium),
        campaign=_harmless(visit.campaign) or _harmless(landing.campaign),
        referrer=referrer,
        landing=_harmless(landing.path) if (landing.path or "").startswith("/") else None,
        click_ids=keep_kinds((*visit.click_ids, *landing.click_id_kinds)),
        visited_at=visit.visited_at,
    )


def _harmless(text: str | None) -> str | None:
    """Return a text in which nothing looks personal; else None."""
    if text is None or (text.isascii() and not _MAY_BE_PERSONAL.search(text)):
        return text
    if shapes_in(text) or holds_account(text) or any(map(is_of_person, text.split("/"))):
        return None
    return text


async def derive_touches(
    connection: Connection, profile: TenantProfile, bookings: Mapping[UUID, Booking]
) -> dict[UUID, Booking]:
    """Record a touch for each captured order that has a visit and no token; return the bookings with its journey.

    The transaction shares `ingest_lock` already.
    """
    result = dict(bookings)
    items: list[dict[str, object]] = []
    for payment_id, booking in bookings.items():
        captured_at = min(
            (entry.occurred_at for entry in booking.entries if entry.kind == "capture"),
            default=None,
        )
        if booking.visit is None or booking.journey_key is not None or captured_at is None:
            continue
        token = f"{DERIVED_START}{booking.order_id}"
        key = hash_journey_key(profile.journey_secret, token)
        items.append(_touch_of(booking.visit, token, captured_at))
        entries = tuple(
            replace(entry, journey_key=key) if entry.kind == "capture" else entry
            for entry in booking.entries
        )
        result[payment_id] = replace(booking, entries=entries)
    if items:
        # The touches' own keys make a repeated delivery of them a duplicate; `origin` only names where they came from.
        await receive_touches(connection, profile, items, origin=f"{DERIVED_START}visits")
    return result


def _touch_of(visit: Visit, token: str, captured_at: datetime) -> dict[str, object]:
    occurred_at = captured_at - _BEFORE_CAPTURE
    if visit.visited_at is not None and visit.visited_at < captured_at:
        occurred_at = visit.visited_at
    return {
        "idempotency_key": f"{token}:{int(occurred_at.timestamp())}",
        "occurred_at": occurred_at,
        "journey_key": token,
        "source": visit.source,
        "medium": visit.medium,
        "campaign": visit.campaign,
        "referrer_host": visit.referrer,
        "landing_path": visit.landing,
        "click_ids": list(visit.click_ids),
    }
