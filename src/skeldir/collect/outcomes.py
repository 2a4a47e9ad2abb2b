"""What becomes of one message: a touch, an order, both, or nothing for a reason. Pure."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Required, TypedDict

from skeldir.collect.mapped import Answer, DropReason, OrderEvent, Protocol, Touch
from skeldir.collect.visits import (
    Reading,
    Seen,
    digest_of_value,
    has_evidence,
    is_internal,
    make_touch,
    message_key,
)
from skeldir.ingest import UnreadableItem
from skeldir.tenants import KEY_SHAPE

TAGS: Final = ("source", "medium", "campaign", "click_ids")
"""The fields of a touch that name a campaign or a click."""
# An image of one transparent pixel, for pages that report by fetching one.
PIXEL: Final = Answer(
    body=b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"),
    media_type="image/gif",
)
NO_OBJECT: Final = UnreadableItem("item_not_an_object", "The message is not an object.", {})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a message. `reason` says why nothing does."""

    touch: Touch | UnreadableItem | None = None
    order: OrderEvent | None = None
    reason: DropReason | None = None


class Sums(TypedDict, total=False):
    """The fields of an OrderEvent that a message states, as sent."""

    order_id: Required[object]
    currency: object
    total: object
    revenue: object
    tax: object
    shipping: object
    discount: object


def collect_outcomes(outcomes: Iterable[Outcome]) -> Reading:
    """Return what the messages of a body say, by what each becomes."""
    reading = Reading()
    for place, outcome in enumerate(outcomes):
        if outcome.touch is not None:
            reading.add_touch(place, outcome.touch)
        if outcome.order is not None:
            reading.add_order(place, outcome.order)
        if outcome.reason is not None:
            reading.drop(outcome.reason)
    return reading


def judge_visit(
    protocol: Protocol,
    seen: Seen,
    *,
    is_page: bool,
    names_referrer: bool = True,
    at: datetime,
    journey: str | None,
    session: object = None,
    key: str | None = None,
    moment: datetime | None = None,
) -> Outcome:
    """Return the touch of a visit, or why it is none.

    A page is a visit if it shows where the visitor came from, or that nobody sent them: it has an address and no
    referrer. A library that leaves out a referrer on the site itself (not `names_referrer`) does not show the latter.
    Another event is a visit only with a campaign or a click id. `key` is from `message_key`. Without it the key
    is a digest of what the touch shows and of its `moment` by the sender, or of the minute of `at`: what is sent again
    within it is the same touch.
    """
    if journey is None:
        return Outcome(reason="no_journey")
    if not is_page and seen == Seen():
        return Outcome(reason="not_a_visit")
    if is_internal(seen):
        return Outcome(reason="is_internal")
    touch = make_touch(protocol, seen, key=key or "", at=at, journey=journey, session=session)
    if not any(touch[name] for name in TAGS):
        if not is_page:
            return Outcome(reason="not_a_visit")
        is_direct = names_referrer and seen.url and not seen.referrer
        if not has_evidence(touch) and not is_direct:
            return Outcome(reason="no_evidence")
    return Outcome(touch if key is not None else _with_key(protocol, touch, moment))


def _with_key(protocol: Protocol, touch: Touch, moment: datetime | None) -> Touch:
    at = touch["occurred_at"]
    if moment is None and isinstance(at, datetime):
        moment = at.replace(second=0, microsecond=0)
    shown = {name: value for name, value in touch.items() if name != "occurred_at"}
    return {**touch, "idempotency_key": message_key(protocol, digest_of_value(shown), moment)}


def key_shaped(*values: object) -> str | None:
    """Return the first of several values that may be a write key; None if none has its shape."""
    for value in values:
        if isinstance(value, str) and KEY_SHAPE.fullmatch(value):
            return value
    return None
