"""Why an order's money went where it went: everything that its credit was worked out from, and the credit itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from skeldir.attribution.journeys import select_touches
from skeldir.attribution.models import JourneyTouch, ModelVersion, touch_weights
from skeldir.attribution.splits import PARTS_OF_A_CONVERSION, UNATTRIBUTED
from skeldir.attribution.store import queries
from skeldir.errors import SkeldirError
from skeldir.money import split

if TYPE_CHECKING:
    from skeldir.db.pool import Connection

MOST_TOUCHES = 10_000


class OrderUnknown(SkeldirError):
    """The tenant has no entry of such an order; whether another one has is not told."""

    code = "order_unknown"
    status = 404
    title = "The order is not known"


class JourneyTooLong(SkeldirError):
    """The journey has more touches than one answer can show."""

    code = "journey_too_long"
    status = 422
    title = "The journey is too long to be explained"


@dataclass(frozen=True, slots=True)
class ExplainedEntry:
    """One entry of the order, signed, in minor units."""

    business_key: str
    kind: str
    amount_cents: int
    currency: str
    occurred_at: datetime
    recorded_at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class CurrencyBalance:
    """What the order comes to in one currency, in minor units."""

    currency: str
    state: str
    captured_cents: int
    refunded_cents: int
    disputed_cents: int
    balance_cents: int


@dataclass(frozen=True, slots=True)
class FixingCapture:
    """The earliest capture by (time, business key): it fixes the journey. Without `has_journey` there is none."""

    business_key: str
    occurred_at: datetime
    has_journey: bool


@dataclass(frozen=True, slots=True)
class ExplainedTouch:
    """One touch of the journey, by its place in it, with the rule that chose its channel and what that rule saw."""

    place: int
    idempotency_key: str
    occurred_at: datetime
    channel: str
    rule: str
    source: str | None
    medium: str | None
    campaign: str | None
    referrer_host: str | None
    click_id_kinds: list[str]


@dataclass(frozen=True, slots=True)
class TouchWeight:
    """The weight of a touch in the window; a whole number of up to 37 digits, so written as text."""

    place: int
    channel: str
    weight: str


@dataclass(frozen=True, slots=True)
class ChannelShare:
    """The sum of a channel's weights, and its part of the one conversion, in parts per 10**12."""

    channel: str
    weight: str
    conversion_ppt: int


@dataclass(frozen=True, slots=True)
class ExplainedAllocation:
    """What an entry brought a channel, as it is stored."""

    business_key: str
    channel: str
    allocated_cents: int
    conversion_ppt: int


@dataclass(frozen=True, slots=True)
class VersionExplanation:
    """The credit of one active model version.

    The window has both ends included, but touches up to and at `journey_begins_after`, when given, are left out.
    With `touches_forgotten` the window reaches behind what is kept of the touches. `touches` are what is left, and
    `shares` are those of the credit that was given when all were there, if any was.
    """

    model_version: str
    model: str
    lookback_days: int
    after_conversion: str
    half_life_days: int
    window_start: datetime | None
    window_end: datetime | None
    journey_begins_after: datetime | None
    touches_forgotten: bool
    touches: list[TouchWeight]
    shares: list[ChannelShare]
    allocations: list[ExplainedAllocation]


@dataclass(frozen=True, slots=True)
class OrderExplanation:
    """All there is to know of an order's credit, as of one moment."""

    order_id: str
    awaits_credit: bool
    touches_forgotten_before: datetime | None
    entries: list[ExplainedEntry]
    balances: list[CurrencyBalance]
    capture: FixingCapture | None
    touches: list[ExplainedTouch]
    versions: list[VersionExplanation]


@dataclass(frozen=True, slots=True)
class _Journey:
    """What the versions of an order share: the capture, the touches of the longest window, and the one before."""

    capture: FixingCapture | None
    touches: list[JourneyTouch]
    previous_conversion_at: datetime | None
    forgotten_before: datetime | None


async def explain_order(connection: Connection, tenant_id: UUID, order_id: str) -> OrderExplanation:
    """Return what the credit of an order of the transaction's tenant comes from.

    The transaction must show one moment (repeatable read), or facts and credit may not belong together.

    Raises:
        OrderUnknown: the tenant has no entry of it.
        JourneyTooLong: there are more than MOST_TOUCHES touches in the longest window.
    """
    of_order = {"tenant_id": tenant_id, "order_id": order_id}
    # No text of the database holds a NUL, and it refuses to be asked for one.
    is_possible = "\0" not in order_id
    entries = is_possible and await queries.select_order_entries(connection, **of_order)
    if not entries:
        raise OrderUnknown(
            "There is no order of this id.",
            cure="Check the id; an order is known once one of its conversions was accepted.",
        )
    balances = await queries.select_order_balances(connection, **of_order)
    standing = await queries.select_order_standing(connection, **of_order)
    models = await queries.select_active_models(connection, tenant_id=tenant_id)
    touches, journey = await _load_journey(
        connection, tenant_id, order_id, entries, models, standing["touches_forgotten_before"]
    )
    allocations = await _load_allocations(connection, of_order, entries, models)
    return OrderExplanation(
        order_id=order_id,
        awaits_credit=standing["awaits_credit"],
        touches_forgotten_before=standing["touches_forgotten_before"],
        entries=[_entry(row) for row in entries],
        balances=[CurrencyBalance(**row) for row in balances],
        capture=journey.capture,
        touches=touches,
        versions=[
            _explain_version(row, journey, allocations[row["model_version"]]) for row in models
        ],
    )


def _entry(row: Any) -> ExplainedEntry:
    fields = {name: value for name, value in row.items() if name not in ("id", "journey_key")}
    return ExplainedEntry(**fields)


async def _load_journey(
    connection: Connection,
    tenant_id: UUID,
    order_id: str,
    entries: Sequence[Any],
    models: Sequence[Any],
    forgotten_before: datetime | None,
) -> tuple[list[ExplainedTouch], _Journey]:
    first = next((row for row in entries if row["kind"] == "capture"), None)
    if first is None:
        return [], _Journey(None, [], None, forgotten_before)
    has_journey = first["journey_key"] is not None
    capture = FixingCapture(first["business_key"], first["occurred_at"], has_journey)
    if not has_journey or not models:
        return [], _Journey(capture, [], None, forgotten_before)
    longest = timedelta(days=max(row["lookback_days"] for row in models))
    rows = await queries.select_journey(
        connection,
        tenant_id=tenant_id,
        journey_key=first["journey_key"],
        first_moment=capture.occurred_at - longest,
        last_moment=capture.occurred_at,
        most=MOST_TOUCHES + 1,
    )
    if len(rows) > MOST_TOUCHES:
        raise JourneyTooLong(
            f"The journey has more than {MOST_TOUCHES:,} touches within {longest.days} days.",
            cure="Check what is sent as journey key: one that many visitors share is no journey.",
        )
    previous = None
    if any(row["after_conversion"] == "reset" for row in models):
        found = await queries.select_previous_conversions(
            connection,
            tenant_id=tenant_id,
            order_ids=[order_id],
            journey_keys=[first["journey_key"]],
            moments=[capture.occurred_at],
        )
        previous = found[0]["occurred_at"] if found else None
    touches = [_touch(place, row) for place, row in enumerate(rows)]
    in_order = [
        JourneyTouch(touch.occurred_at, touch.channel, touch.idempotency_key) for touch in touches
    ]
    return touches, _Journey(capture, in_order, previous, forgotten_before)


def _touch(place: int, row: Any) -> ExplainedTouch:
    return ExplainedTouch(
        place=place,
        idempotency_key=row["idempotency_key"],
        occurred_at=row["occurred_at"],
        channel=row["channel_code"],
        rule=row["channel_rule"],
        source=row["source"],
        medium=row["medium"],
        campaign=row["campaign"],
        referrer_host=row["referrer_host"],
        click_id_kinds=list(row["click_id_kinds"] or []),
    )


async def _load_allocations(
    connection: Connection,
    of_order: dict[str, Any],
    entries: Sequence[Any],
    models: Sequence[Any],
) -> dict[str, list[ExplainedAllocation]]:
    """Return the stored credit by model version, in the order of the entries, then by channel."""
    place_of = {row["id"]: place for place, row in enumerate(entries)}
    rows = await queries.select_order_allocations(
        connection, **of_order, model_versions=[row["model_version"] for row in models]
    )
    allocations = defaultdict(list)
    for row in sorted(rows, key=lambda row: place_of[row["entry_id"]]):
        key = entries[place_of[row["entry_id"]]]["business_key"]
        allocations[row["model_version"]].append(
            ExplainedAllocation(
                key, row["channel_code"], row["allocated_cents"], row["conversion_ppt"]
            )
        )
    return allocations


def _explain_version(
    row: Any, journey: _Journey, allocations: list[ExplainedAllocation]
) -> VersionExplanation:
    version = ModelVersion(
        model_version=row["model_version"],
        model=row["model"],
        lookback=timedelta(days=row["lookback_days"]),
        after_conversion=row["after_conversion"],
        half_life_days=float(row["half_life_days"]),
    )
    start = end = cut = None
    forgotten = False
    touches: list[TouchWeight] = []
    shares: list[ChannelShare] = []
    if journey.capture is not None:
        end = journey.capture.occurred_at
        start = end - version.lookback
        if version.after_conversion == "reset":
            cut = journey.previous_conversion_at
        forgotten = journey.forgotten_before is not None and start < journey.forgotten_before
        touches = _weigh_touches(journey, version)
        shares = (forgotten and _shares_kept(allocations)) or _share_conversion(touches)
    return VersionExplanation(
        model_version=version.model_version,
        model=version.model,
        lookback_days=row["lookback_days"],
        after_conversion=version.after_conversion,
        half_life_days=row["half_life_days"],
        window_start=start,
        window_end=end,
        journey_begins_after=cut,
        touches_forgotten=forgotten,
        touches=touches,
        shares=shares,
        allocations=allocations,
    )


def _weigh_touches(journey: _Journey, version: ModelVersion) -> list[TouchWeight]:
    assert journey.capture is not None  # noqa: S101 - the caller's own condition
    selected = select_touches(
        journey.touches,
        converted_at=journey.capture.occurred_at,
        previous_conversion_at=journey.previous_conversion_at,
        version=version,
    )
    if not selected:
        return []
    # A window ends at the capture, where the touches that were read end, too.
    offset = len(journey.touches) - len(selected)
    weights = touch_weights(version.model, selected, half_life_days=version.half_life_days)
    return [
        TouchWeight(offset + index, touch.channel_code, str(weight))
        for index, (touch, weight) in enumerate(zip(selected, weights, strict=True))
    ]


def _share_conversion(touches: Sequence[TouchWeight]) -> list[ChannelShare]:
    """Return the channels with a weight, by code, which is the order in which equal remainders are served."""
    sums: dict[str, int] = defaultdict(int)
    for touch in touches:
        sums[touch.channel] += int(touch.weight)
    codes = sorted(code for code, weight in sums.items() if weight) or [UNATTRIBUTED]
    weights = [sums[code] for code in codes] if touches else [1]
    parts = split(PARTS_OF_A_CONVERSION, weights)
    return [
        ChannelShare(code, str(weight), part)
        for code, weight, part in zip(codes, weights, parts, strict=True)
    ]


def _shares_kept(allocations: Sequence[ExplainedAllocation]) -> list[ChannelShare]:
    """Return the shares that stand beside the credit of the capture; their parts are their weights from then on."""
    return [
        ChannelShare(row.channel, str(row.conversion_ppt), row.conversion_ppt)
        for row in sorted(allocations, key=lambda row: row.channel)
        if row.conversion_ppt
    ]
