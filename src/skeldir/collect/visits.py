"""What the protocols have in common: parsing, moments, and touches in which nothing personal is left. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import orjson

from skeldir.collect.mapped import Answer, DropReason, Mapped, OrderEvent, Protocol, Touch
from skeldir.inbox import Visit, reduce_visit
from skeldir.ingest import (
    LONGEST_URL,
    UnreadableItem,
    cut_address,
    host_of,
    is_own_host,
    read_landing,
    unreadable_text,
)

NOTHING: Final[Mapping[str, object]] = {}
_LONGEST_TEXT: Final = 20_000
_MOST_SKEW: Final = timedelta(seconds=5)
_LONGEST_TOKEN: Final = 200
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Seen(NamedTuple):
    """What a message shows of a visit: texts as sent, and the names (never the values) of click ids."""

    url: str | None = None
    referrer: str | None = None
    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    click_ids: tuple[str, ...] = ()


class Reading:
    """Collects what the messages of a body say."""

    def __init__(self) -> None:
        self._touches: list[tuple[int, Touch | UnreadableItem]] = []
        self._orders: list[tuple[int, OrderEvent]] = []
        self._dropped: dict[DropReason, int] = {}

    def add_touch(self, place: int, touch: Touch | UnreadableItem) -> None:
        """Add a touch, or a message that cannot be read."""
        self._touches.append((place, touch))

    def add_order(self, place: int, order: OrderEvent) -> None:
        """Add what a message says of an order."""
        self._orders.append((place, order))

    def drop(self, reason: DropReason) -> None:
        """Count a message of which nothing is made."""
        self._dropped[reason] = 1 + self._dropped.get(reason, 0)

    def mapped(self, *, answer: Answer | None = None) -> Mapped:
        """Return what was collected."""
        return Mapped(tuple(self._touches), tuple(self._orders), self._dropped, answer)


def parse_json(body: bytes, _query: Mapping[str, str], _content_type: str) -> object:
    """Return the value of a JSON text, whatever its content type says, or an `UnreadableItem`."""
    try:
        return orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return unreadable_text("json_invalid", "The body is not valid JSON.", body)


def object_of(fields: object, name: str) -> Mapping[str, object]:
    """Return the object in a field of an object; an empty one if there is none."""
    value = fields.get(name) if isinstance(fields, Mapping) else None
    return value if isinstance(value, Mapping) else NOTHING


def text_of(value: object, longest: int = _LONGEST_TEXT) -> str | None:
    """Return a text without the space around it; None if it is empty, no text, or too long."""
    text = value.strip() if isinstance(value, str) else ""
    return text if text and len(text) <= longest else None


def token_of(value: object) -> str | None:
    """Return an id that a sender gives a visitor, as text; None without one. It is hashed, never stored."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63:
        return str(value)
    token = text_of(value, _LONGEST_TOKEN)
    return token if token is None or token.isprintable() else None


def message_key(protocol: Protocol, *parts: object) -> str:
    """Return the idempotency key of a message: a digest, since a sender's id may hold anything."""
    text = "\x1f".join(map(str, parts)).encode(errors="replace")
    return f"{protocol}:{hashlib.sha256(text).hexdigest()[:40]}"


def digest_of_value(value: object) -> str:
    """Return a digest of a JSON value, the same for the same fields in any order."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError:  # nested more deeply than orjson writes, though it reads that
        text = "\x1f".join(_pieces(value)).encode(errors="replace")
    return hashlib.sha256(text).hexdigest()[:40]


def _pieces(value: object) -> Iterator[str]:
    """Yield the names and values of a JSON value that is nested however deeply, in an order that they decide."""
    left: list[tuple[str, object]] = [("", value)]
    while left:
        path, one = left.pop()
        if isinstance(one, Mapping):
            left += [(f"{len(one)}.{name}", one[name]) for name in sorted(one)]
        elif isinstance(one, list):
            left += [(f"{len(one)}[{place}]", each) for place, each in enumerate(one)]
        yield path if isinstance(one, Mapping | list) else f"{path}={one!r}"


def moment_of_text(value: object) -> datetime | None:
    """Return the moment of an ISO 8601 text with an offset, aware; None for anything else."""
    if not isinstance(value, str) or not 16 <= len(value) <= 40:
        return None
    try:
        moment = datetime.fromisoformat(value)
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (
        ValueError,
        OverflowError,
    ):  # the first and the last day there is have no neighbours in UTC
        return None


def moment_of_number(value: object, *, per_second: int) -> datetime | None:
    """Return the moment that a whole number counts since 1970 in parts of a second, aware; None for anything else.

    The number may be text, as in a query.
    """
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 18:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 10**17:
        return None
    try:
        return _EPOCH + timedelta(microseconds=value * 1_000_000 // per_second)
    except OverflowError:
        return None


def correct_moment(said: datetime | None, sent_at: datetime | None, now: datetime) -> datetime:
    """Return when a message happened by our clock: `said` by the sender's, which showed `sent_at` when it was sent.

    The difference of the clocks is left alone within 5 seconds, which a request may take. Without `said` it happened
    when it was sent; without both, now.
    """
    if said is None:
        return now
    if sent_at is None:
        return said
    skew = now - sent_at
    if abs(skew) <= _MOST_SKEW:
        return min(said, now) if said <= sent_at else said
    try:
        return min(said + skew, now) if said <= sent_at else said + skew
    except OverflowError:
        return said


def make_touch(
    protocol: Protocol,
    seen: Seen,
    *,
    key: str,
    at: datetime,
    journey: str,
    session: object = None,
) -> dict[str, object]:
    """Return the touch of a visit; only what shows no person is left of its texts (`inbox.reduce_visit`).

    `key` is from `message_key`. A session's id is kept as a digest.
    """
    url = None if seen.url is None else cut_address(seen.url, LONGEST_URL)
    kept = reduce_visit(
        Visit(seen.source, seen.medium, seen.campaign, seen.referrer, url, seen.click_ids)
    )
    token = token_of(session)
    return {
        "idempotency_key": key,
        "occurred_at": at,
        "journey_key": journey,
        "session_id": None if token is None else message_key(protocol, token),
        "source": kept.source,
        "medium": kept.medium,
        "campaign": kept.campaign,
        "referrer_host": kept.referrer,
        "landing_path": kept.landing,
        "click_ids": list(kept.click_ids),
    }


def has_evidence(touch: Touch) -> bool:
    """Return whether a touch shows where the visit came from."""
    names: Sequence[str] = ("source", "medium", "campaign", "referrer_host", "click_ids")
    return any(touch[name] for name in names)


def is_internal(seen: Seen) -> bool:
    """Return whether the page was reached from another page of its site."""
    came_from = host_of(seen.referrer)
    if seen.url is None or not came_from:
        return False
    # Reading the parameters takes most of the time, and they show no host.
    host = read_landing(seen.url.partition("?")[0].partition("#")[0]).host
    return bool(host and is_own_host(came_from, host))
