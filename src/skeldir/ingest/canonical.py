"""A raw item becomes a touch or a conversion, or is rejected with a reason. Pure; the HTTP API and imports share it."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from skeldir.ingest.channels import (
    COMMON_CHANNELS,
    RESERVED_CHANNELS,
    OwnRules,
    choose_by_rules,
    drop_own_hosts,
    is_own_host,
    is_placeholder,
)
from skeldir.ingest.fields import (
    EARLIEST,
    LONGEST_JOURNEY_KEY,
    LONGEST_LABEL,
    LONGEST_URL,
    MAX_CLOCK_SKEW,
)
from skeldir.ingest.landing import Landing, cut_address, host_of, keep_kinds, read_landing
from skeldir.ingest.nothing import is_no_id, is_no_label, is_nothing
from skeldir.ingest.rejections import ItemRejected, UnreadableItem
from skeldir.ingest.spoilt_ids import is_shortened
from skeldir.money import CURRENCIES, LARGEST_MINOR_UNITS
from skeldir.revenue import KIND_SIGNS, LONGEST_KEY

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_USUAL_OFFSETS = ("Z", "+00:00")
_HAS_OFFSET = re.compile(r"(?:Z|z|[+-]\d{2}(?::?\d{2})?(?::?\d{2})?)$")


class Origin(NamedTuple):
    """Where a visit came from, and the channel that follows."""

    source: str | None
    medium: str | None
    campaign: str | None
    referrer_host: str | None
    click_id_kinds: tuple[str, ...]
    channel_code: str
    channel_rule: str


class Touch(NamedTuple):
    """One visit of a journey to the site, with the channel that brought it.

    `journey_key` is what the caller passed; only its keyed hash is ever stored. `occurred_at` is aware, UTC.
    A named tuple, because a frozen dataclass of twelve fields takes six times as long to make.
    """

    idempotency_key: str
    occurred_at: datetime
    journey_key: str
    session_id: str | None
    channel_code: str
    channel_rule: str
    source: str | None
    medium: str | None
    campaign: str | None
    referrer_host: str | None
    landing_path: str | None
    click_id_kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conversion:
    """One movement of money of an order. `amount_cents` is signed: captures are ≥ 0, refunds and disputes < 0."""

    idempotency_key: str
    order_id: str
    kind: str
    amount_cents: int
    currency: str
    occurred_at: datetime
    journey_key: str | None


def read_touch(
    item: object,
    *,
    now: datetime,
    own_channels: frozenset[str],
    own_hosts: frozenset[str] = frozenset(),
    own_rules: OwnRules | None = None,
) -> Touch:
    """Return the touch that `item` (a mapping with the fields of TOUCH_FIELDS) describes.

    Raises:
        ItemRejected: with the code of the first reason found.
    """
    fields = _fields(item)
    key = _required_text(fields, "idempotency_key", LONGEST_KEY)
    occurred_at = _moment(fields, now)
    journey_key = _required_text(fields, "journey_key", LONGEST_JOURNEY_KEY)
    landing = read_landing_page(fields)
    origin = read_origin(fields, own_channels, landing, own_hosts, own_rules)
    session_id = (
        None if is_no_id(fields.get("session_id")) else _text(fields, "session_id", LONGEST_KEY)
    )
    return Touch(
        key,
        occurred_at,
        journey_key,
        session_id,
        origin.channel_code,
        origin.channel_rule,
        origin.source,
        origin.medium,
        origin.campaign,
        origin.referrer_host,
        landing.path,
        origin.click_id_kinds,
    )


def read_origin(
    fields: Mapping[str, object],
    own_channels: frozenset[str],
    landing: Landing,
    own_hosts: frozenset[str],
    own_rules: OwnRules | None = None,
) -> Origin:
    """Return the origin that the fields and the landing address describe.

    A `source`, `medium` or `campaign` that is given goes before the tag in the address; click ids add
    up. A placeholder such as `(not set)` is not given. A referrer that is the site itself is none.

    Raises:
        ItemRejected: with the code of the first reason found.
    """
    source = _label(fields, "source", LONGEST_LABEL)
    medium = _label(fields, "medium", LONGEST_LABEL)
    campaign = _label(fields, "campaign", LONGEST_LABEL)
    source = landing.source or source if is_placeholder(source) else source
    medium = landing.medium or medium if is_placeholder(medium) else medium
    campaign = landing.campaign or campaign if is_placeholder(campaign) else campaign
    referrer_host = host_of(_address(fields, "referrer_host"))
    if referrer_host and landing.host and is_own_host(referrer_host, landing.host):
        referrer_host = None
    kinds = _click_id_kinds(fields)
    if landing.click_id_kinds:
        kinds = keep_kinds(kinds + landing.click_id_kinds)
    # What was sent is stored; for the channel, the tenant's hosts are nothing.
    tags = drop_own_hosts(source, medium, referrer_host, own_hosts)
    explicit = fields.get("channel")
    if is_nothing(explicit):
        code, rule = _choose(own_rules, landing.path, (tags[0], tags[1], campaign, tags[2], kinds))
    else:
        code, rule = _given_channel(explicit, own_channels)
    return Origin(source, medium, campaign, referrer_host, kinds, code, rule)


def read_landing_page(fields: Mapping[str, object]) -> Landing:
    """Return what the address in `landing_path` says. Raises ItemRejected."""
    return read_landing(_address(fields, "landing_path"))


def read_conversion(item: object, *, now: datetime) -> Conversion:
    """Return the conversion that `item` (a mapping with the fields of CONVERSION_FIELDS) describes.

    Raises:
        ItemRejected: with the code of the first reason found.
    """
    fields = _fields(item)
    key = _required_text(fields, "idempotency_key", LONGEST_KEY)
    order_id = _required_text(fields, "order_id", LONGEST_KEY)
    kind = fields.get("kind")
    sign = KIND_SIGNS.get(kind) if isinstance(kind, str) else None
    if sign is None or not isinstance(kind, str):
        if is_nothing(kind):
            raise ItemRejected("kind_missing", "The conversion has no kind.")
        raise ItemRejected("kind_unknown", f"The kind {_shown(kind)} is not known.")
    amount = _amount(fields)
    if amount == 0 and kind != "capture":
        raise ItemRejected("amount_zero", f"A {kind} of 0 moves no money.")
    currency = _currency(fields)
    occurred_at = _moment(fields, now)
    journey_key = (
        None
        if is_no_id(fields.get("journey_key"))
        else _required_text(fields, "journey_key", LONGEST_JOURNEY_KEY)
    )
    return Conversion(key, order_id, kind, sign * amount, currency, occurred_at, journey_key)


def _fields(item: object) -> Mapping[str, object]:
    if isinstance(item, Mapping):
        return item
    if isinstance(item, UnreadableItem):
        raise ItemRejected(item.code, item.detail)
    raise ItemRejected("item_not_an_object", f"The item is {_shown(item)}, not an object.")


def _holds_control(text: str) -> bool:
    """Return whether a text holds a control character; printable text, the usual case, needs no search."""
    return not text.isprintable() and _CONTROL.search(text) is not None


def _shown(value: object) -> str:
    """Return a value for a message, without repeating a long or nested one."""
    if isinstance(value, str) and len(value) <= 40:
        return repr(value)
    if (
        isinstance(value, int) and abs(value) >= 10**40
    ):  # Python refuses to print an integer of 4,301 digits
        return "a whole number of more than 40 digits"
    if isinstance(value, int | float | Decimal) or value is None:
        return repr(value)[:40]
    return _sort_of(value)


def _sort_of(value: object) -> str:
    if isinstance(value, str):
        return f"a text of {len(value)} characters"
    return f"a value of type {type(value).__name__}"


def _required_text(fields: Mapping[str, object], name: str, longest: int) -> str:
    value = fields.get(name)
    if is_no_id(value):
        is_written = isinstance(value, str) and value != ""
        says = f"is {_shown(value)}, which stands for nothing" if is_written else "is missing"
        raise ItemRejected(f"{name}_missing", f"{name} {says}.")
    is_text = isinstance(value, str) and len(value) <= longest and not _holds_control(value)
    is_spoilt = isinstance(value, str) and "+" in value and is_shortened(value)
    if not isinstance(value, str) or not is_text or is_spoilt or not value.strip():
        # A journey key identifies a person, and the detail is stored: it must not repeat the key.
        shown = _sort_of(value) if name == "journey_key" else _shown(value)
        if is_spoilt:
            raise ItemRejected("id_spoilt", f"{name} is {shown}, cut by a spreadsheet.")
        raise ItemRejected(f"{name}_invalid", f"{name} is {shown}.")
    return value


def _label(fields: Mapping[str, object], name: str, longest: int) -> str | None:
    return None if is_no_label(fields.get(name)) else _text(fields, name, longest)


def _address(fields: Mapping[str, object], name: str) -> str | None:
    """Return an address, cut to what is read of it: it is no reason to lose the touch that it is long."""
    value = fields.get(name)
    if name == "referrer_host" and is_no_label(value):
        return None
    if isinstance(value, str) and len(value) > LONGEST_URL:
        value = cut_address(value, LONGEST_URL)
    return _text({name: value}, name, LONGEST_URL)


def _text(fields: Mapping[str, object], name: str, longest: int) -> str | None:
    value = fields.get(name)
    if is_nothing(value):
        return None
    if not isinstance(value, str) or _holds_control(value):
        raise ItemRejected("field_invalid", f"{name} is {_shown(value)}.")
    if len(value) > longest:
        raise ItemRejected(
            "field_too_long", f"{name} has {len(value)} characters; {longest} are accepted."
        )
    return value


def _moment(fields: Mapping[str, object], now: datetime) -> datetime:
    value = fields.get("occurred_at")
    if isinstance(value, datetime):
        moment = value
    elif is_nothing(value):
        raise ItemRejected("occurred_at_missing", "occurred_at is missing.")
    else:
        moment = parse_moment(value)
    if moment.tzinfo is None:
        raise ItemRejected(
            "occurred_at_without_offset", f"occurred_at {_shown(value)} has no offset."
        )
    if moment > now + MAX_CLOCK_SKEW:
        raise ItemRejected(
            "occurred_at_in_the_future", f"occurred_at {_shown(value)} is in the future."
        )
    if moment < EARLIEST:
        raise ItemRejected(
            "occurred_at_too_early",
            f"occurred_at {_shown(value)} is before the year {EARLIEST.year}.",
        )
    return moment.astimezone(UTC)


def parse_moment(value: object) -> datetime:
    """Return the moment that an ISO 8601 text gives, with its offset if it has one. Raises ItemRejected."""
    if isinstance(value, str) and len(value) <= 40:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            pass
        else:
            # A date alone is a day, not a moment.
            if len(value) > len("2026-06-01") and (
                moment.tzinfo is None or value.endswith(_USUAL_OFFSETS) or _HAS_OFFSET.search(value)
            ):
                return moment
    raise ItemRejected("occurred_at_invalid", f"occurred_at is {_shown(value)}.")


def _amount(fields: Mapping[str, object]) -> int:
    value = fields.get("amount_cents")
    if not isinstance(value, int | float) and is_nothing(value):
        raise ItemRejected("amount_missing", "amount_cents is missing.")
    if isinstance(value, float | Decimal):
        if not math.isfinite(value):
            raise ItemRejected("amount_invalid", f"amount_cents is {value}.")
        # JSON parsers return a whole number beyond 64 bits as a float.
        if not -LARGEST_MINOR_UNITS <= value <= LARGEST_MINOR_UNITS:
            raise ItemRejected("amount_too_large", f"amount_cents is {_shown(value)}.")
        raise ItemRejected(
            "amount_fractional", f"amount_cents is {_shown(value)}, not a whole number."
        )
    if not isinstance(value, int) or isinstance(value, bool):
        raise ItemRejected("amount_invalid", f"amount_cents is {_shown(value)}.")
    if value < 0:
        raise ItemRejected("amount_negative", f"amount_cents is {_shown(value)}.")
    if value > LARGEST_MINOR_UNITS:
        raise ItemRejected("amount_too_large", f"amount_cents is {_shown(value)}.")
    return value


def _currency(fields: Mapping[str, object]) -> str:
    value = fields.get("currency")
    if isinstance(value, str) and value in CURRENCIES:
        return value
    if is_nothing(value):
        raise ItemRejected("currency_missing", "currency is missing.")
    if not isinstance(value, str):
        raise ItemRejected("currency_invalid", f"currency is {_shown(value)}.")
    raise ItemRejected("currency_unknown", f"currency {_shown(value)} is not known.")


def _click_id_kinds(fields: Mapping[str, object]) -> tuple[str, ...]:
    value = fields.get("click_ids")
    if is_nothing(value):
        return ()
    if not isinstance(value, list | tuple) or not all(isinstance(kind, str) for kind in value):
        raise ItemRejected(
            "click_ids_invalid", f"click_ids is {_shown(value)}, not a list of names."
        )
    return keep_kinds(tuple(value))


def _choose(
    own_rules: OwnRules | None,
    landing_path: str | None,
    traits: tuple[str | None, str | None, str | None, str | None, tuple[str, ...]],
) -> tuple[str, str]:
    source, medium, campaign, referrer_host, kinds = traits
    choice = choose_by_rules(
        own_rules,
        source=source,
        medium=medium,
        campaign=campaign,
        referrer_host=referrer_host,
        click_id_kinds=kinds,
        landing_path=landing_path,
    )
    return choice.code, choice.rule


def _given_channel(explicit: object, own_channels: frozenset[str]) -> tuple[str, str]:
    if not isinstance(explicit, str) or (
        explicit not in COMMON_CHANNELS and explicit not in own_channels
    ):
        raise ItemRejected("channel_unknown", f"The channel {_shown(explicit)} is not known.")
    if explicit in RESERVED_CHANNELS:
        raise ItemRejected("channel_reserved", f"The channel {explicit} cannot be given.")
    return explicit, "explicit"


def journey_hasher(secret: bytes) -> Callable[[str], bytes]:
    """Return the function from a journey key to its 16-byte hash: BLAKE2b (RFC 7693) keyed with the secret."""
    start = hashlib.blake2b(key=secret, digest_size=16).copy

    def hash_key(journey_key: str) -> bytes:
        digest = start()
        digest.update(journey_key.encode())
        return digest.digest()

    return hash_key


def hash_journey_key(secret: bytes, journey_key: str) -> bytes:
    """Return the 16-byte hash of one journey key, for the tenant with that secret."""
    return journey_hasher(secret)(journey_key)
