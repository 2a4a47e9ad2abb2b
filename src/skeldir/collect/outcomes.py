"""What becomes of one message: a touch, an order, both, or nothing for a reason. Pure."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple, Required, TypedDict

from skeldir.collect.mapped import Answer, DropReason, OrderEvent, Protocol, Touch
from skeldir.collect.visits import (
    Reading,
    Seen,
    has_evidence,
    is_internal,
    make_touch,
    message_key,
    token_of,
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
# How much of a moment's ISO 8601 text names its day, and how much its hour.
_DAY: Final = len("2026-06-01")
_HOUR: Final = len("2026-06-01T12")
NO_OBJECT: Final = UnreadableItem("item_not_an_object", "The message is not an object.", {})


class Outcome(NamedTuple):
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
    Another event is a visit only with a campaign or a click id.

    `key` is from `message_key`. Without it the touch has the key of the visit, which libraries for browsers repeat in
    each message: the same evidence of the same journey in a session and day, or in an hour, is one touch. `moment` is
    when the message happened by the sender's clock, which a message that is sent again has again; None: not stated.
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
    if key is None:
        touch["idempotency_key"] = _key_of_visit(protocol, touch, journey, session, moment or at)
    return Outcome(touch)


def _key_of_visit(
    protocol: Protocol, touch: Touch, journey: str, session: object, moment: datetime
) -> str:
    """Return the key of a visit, which the messages of its pages and events share."""
    token, text = token_of(session), moment.isoformat()
    window = text[:_HOUR] if token is None else f"{text[:_DAY]}:{token}"
    names = TAGS if any(touch[name] for name in TAGS) else ("referrer_host",)
    evidence = [touch[name] for name in names]
    return message_key(protocol, "visit", journey, window, evidence)


def key_shaped(*values: object) -> str | None:
    """Return the first of several values that may be a write key; None if none has its shape."""
    for value in values:
        if isinstance(value, str) and KEY_SHAPE.fullmatch(value):
            return value
    return None
