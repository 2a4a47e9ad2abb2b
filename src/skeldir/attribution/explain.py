"""Explains where an order's money went: everything its credit is computed from, and the credit itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING
from uuid import UUID

import orjson

from skeldir.attribution.bounds import BOUNDS
from skeldir.attribution.changes import counted_allocations
from skeldir.attribution.evaluating import Channels, derive_counted
from skeldir.attribution.explanations import (
    ChannelShare,
    CurrencyBalance,
    ExplainedAllocation,
    ExplainedCorrection,
    ExplainedEntry,
    ExplainedPayment,
    ExplainedTouch,
    FixingCapture,
    LeftOut,
    OrderExplanation,
    TouchWeight,
    UnbookedEntry,
    VersionExplanation,
    WhySetAside,
)
from skeldir.attribution.journeys import select_touches
from skeldir.attribution.models import (
    JourneyTouch,
    ModelVersion,
)
from skeldir.attribution.order_facts import MOST_SHOWN, OrderFacts
from skeldir.attribution.packing import (
    NO_CONVERSION,
    PackedOrder,
    moment_to_us,
    unpack_path,
    us_to_moment,
)
from skeldir.attribution.splits import PARTS_OF_A_CONVERSION, UNATTRIBUTED, Allocation
from skeldir.money import split

if TYPE_CHECKING:
    from skeldir.attribution.store import SelectNewestTouchesRow, SelectPaymentsOfOrderRow
    from skeldir.revenue import SelectOrderEntriesRow

MOST_ALLOCATIONS_SHOWN = 6_000
_LONGEST_DENOMINATOR = 1_000_000


def explain_order(facts: OrderFacts) -> OrderExplanation:
    """Return the explanation of an order's credit. Takes milliseconds; up to a second for an order that is not short.

    For an order with more than MOST_SHOWN touches or entries, or MOST_ALLOCATIONS_SHOWN allocations, only the newest
    touches and the first entries and allocations are shown; all of them count.
    """
    standing = facts.standing
    reason, detail, since = standing["reason"], standing["detail"], standing["since"]
    credited = _derive_credit(facts)
    allocations = _explain_allocations(facts, credited)
    journey = _make_journey(facts)
    return OrderExplanation(
        order_id=facts.order_id,
        awaits_credit=standing["awaits_credit"],
        set_aside=None
        if reason is None or detail is None or since is None
        else WhySetAside(reason, detail, since),
        left_out=LeftOut(
            touches=max(0, journey.in_reach - len(journey.shown)),
            entries=standing["entries"] - len(facts.entries),
            allocations=len(credited) - sum(map(len, allocations.values())),
        ),
        touches_forgotten_before=standing["touches_forgotten_before"],
        entries=[_entry(row) for row in facts.entries],
        balances=[CurrencyBalance(**row) for row in facts.balances],
        payments=[_payment(row) for row in facts.payments],
        capture=None
        if facts.capture is None
        else FixingCapture(
            facts.capture["business_key"],
            facts.capture["occurred_at"],
            facts.capture["journey_key"] is not None,
        ),
        touches=journey.shown,
        versions=[
            _explain_version(facts, v.version, journey, allocations[v.version.model_version])
            for v in facts.in_force
        ],
    )


def _entry(row: SelectOrderEntriesRow) -> ExplainedEntry:
    return ExplainedEntry(
        business_key=row["business_key"],
        kind=row["kind"],
        amount_cents=row["amount_cents"],
        currency=row["currency"],
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        source=row["source"],
    )


def _payment(row: SelectPaymentsOfOrderRow) -> ExplainedPayment:
    return ExplainedPayment(
        state=row["state"],
        flags=list(row["flags"]),
        providers=list(row["providers"]),
        is_renewal=row["is_renewal"],
        journey=row["journey"],
        waiting=_unbooked(row["waiting"]),
        evidence=_unbooked(row["evidence"]),
    )


def _unbooked(text: str) -> list[UnbookedEntry]:
    return [
        UnbookedEntry(one["kind"], one["id"], one["minor"], one["currency"], one["provider"])
        for one in orjson.loads(text)
    ]


@dataclass(frozen=True, slots=True)
class _Journey:
    """The touches that the versions choose from, and the newest of them as they are shown.

    `in_reach` counts them, up to one more than may earn credit. `touches` is empty if there are, or were, more.
    """

    touches: Sequence[JourneyTouch]
    in_reach: int
    shown: list[ExplainedTouch]


def _make_journey(facts: OrderFacts) -> _Journey:
    """Combine the touches that are still kept with the forgotten ones, which come from the order's stored journey.

    The next run does the same: if a journey is stored, a touch from before `touches_forgotten_before` counts only if
    the stored journey has it.
    """
    capture, stored = facts.capture, facts.stored
    if capture is None:
        return _Journey((), 0, [])
    converted_at = moment_to_us(capture["occurred_at"])
    left = list(zip(facts.touches.moments, facts.touches.codes, strict=True))
    newest = facts.newest
    forgotten: list[tuple[int, str]] = []
    forgotten_before = facts.standing["touches_forgotten_before"]
    if facts.is_erased and stored is not None:
        forgotten = _find_forgotten(facts, stored, converted_at + 1)
    elif forgotten_before is not None and stored is not None:
        left = [one for one in left if one[0] >= moment_to_us(forgotten_before)]
        newest = [row for row in newest if row["occurred_at"] >= forgotten_before]
        end = min(moment_to_us(forgotten_before), converted_at)
        forgotten = _find_forgotten(facts, stored, end)
    journey = forgotten + left
    of_forgotten = MOST_SHOWN - len(newest)
    shown = [
        _forgotten_touch(place, (converted_at - moment) / 10**6, code)
        for place, (moment, code) in enumerate(forgotten[-of_forgotten:] if of_forgotten else ())
    ]
    shown += [_touch(len(shown) + place, row, converted_at) for place, row in enumerate(newest)]
    # A journey that was too long when it was credited may look short now that touches are forgotten.
    was_too_long = facts.standing["reason"] == "journey_too_long"
    is_too_long = was_too_long or len(journey) > BOUNDS.touches_of_order
    return _Journey(
        [
            JourneyTouch(us_to_moment(moment), code, f"{place:09}")
            for place, (moment, code) in enumerate(() if is_too_long else journey)
        ],
        min(len(journey), BOUNDS.touches_of_order + 1),
        shown,
    )


def _find_forgotten(facts: OrderFacts, stored: PackedOrder, end: int) -> list[tuple[int, str]]:
    """Return moment and channel of the stored touches before `end` that lie in the longest window."""
    code_of = {number: code for code, number in facts.numbers.items()}
    longest = max((v.version.lookback for v in facts.in_force), default=timedelta(0))
    converted_at = moment_to_us(stored.converted_at)
    first_moment = converted_at - longest // timedelta(microseconds=1)
    touches = [(converted_at - age, code_of[number]) for number, age in unpack_path(stored.path)]
    return [one for one in touches if first_moment <= one[0] < end]


def _forgotten_touch(place: int, age_seconds: float, channel: str) -> ExplainedTouch:
    return ExplainedTouch(
        place=place,
        is_forgotten=True,
        age_seconds=age_seconds,
        idempotency_key=None,
        occurred_at=None,
        channel=channel,
        rule=None,
        correction=None,
        source=None,
        medium=None,
        campaign=None,
        referrer_host=None,
        click_id_kinds=[],
    )


def _touch(place: int, row: SelectNewestTouchesRow, converted_at: int) -> ExplainedTouch:
    return ExplainedTouch(
        place=place,
        is_forgotten=False,
        age_seconds=(converted_at - moment_to_us(row["occurred_at"])) / 10**6,
        idempotency_key=row["idempotency_key"],
        occurred_at=row["occurred_at"],
        channel=row["channel_code"],
        rule=row["channel_rule"],
        correction=_correction(row),
        source=row["source"],
        medium=row["medium"],
        campaign=row["campaign"],
        referrer_host=row["referrer_host"],
        click_id_kinds=list(row["click_id_kinds"] or []),
    )


def _correction(row: SelectNewestTouchesRow) -> ExplainedCorrection | None:
    correction_id, reason = row["correction_id"], row["reason"]
    requested_by, requested_at = row["requested_by"], row["requested_at"]
    if correction_id is None or reason is None or requested_by is None or requested_at is None:
        return None
    # The driver's own class of UUIDs cannot be written as JSON.
    return ExplainedCorrection(UUID(int=correction_id.int), reason, requested_by, requested_at)


def _derive_credit(facts: OrderFacts) -> list[Allocation]:
    """Return the order's credit, as it is included in the sums."""
    if facts.kept is not None:
        return counted_allocations(facts.kept, facts.in_force)
    if facts.stored is None:
        return []
    return derive_counted(facts.stored, facts.in_force, Channels(facts.numbers))


def _explain_allocations(
    facts: OrderFacts, credited: Sequence[Allocation]
) -> dict[str, list[ExplainedAllocation]]:
    """Return the allocations of the entries that are shown, by model version; sorted by entry, then channel."""
    place_of = {row["id"]: place for place, row in enumerate(facts.entries)}
    shown = [
        (place_of[row.entry_id], row.channel_code, row)
        for row in credited
        if row.entry_id in place_of
    ]
    allocations = defaultdict(list)
    for place, _, row in sorted(shown, key=itemgetter(0, 1))[:MOST_ALLOCATIONS_SHOWN]:
        key = facts.entries[place]["business_key"]
        allocations[row.model_version].append(
            ExplainedAllocation(key, row.channel_code, row.allocated_cents, row.conversion_ppt)
        )
    return allocations


def _explain_version(
    facts: OrderFacts,
    version: ModelVersion,
    journey: _Journey,
    allocations: list[ExplainedAllocation],
) -> VersionExplanation:
    start = end = cut = None
    forgotten = False
    touches: list[TouchWeight] = []
    shares: list[ChannelShare] = []
    if facts.capture is not None:
        end = facts.capture["occurred_at"]
        start = end - version.lookback
        if version.after_conversion == "reset":
            cut = _previous_conversion(facts)
        forgotten_before = facts.standing["touches_forgotten_before"]
        forgotten = facts.is_erased or (forgotten_before is not None and start < forgotten_before)
        sums, touches = _weigh_touches(facts, version, journey)
        kept = _kept_shares(facts, version) if forgotten else []
        shares = kept or _share_conversion(sums)
    return VersionExplanation(
        model_version=version.model_version,
        model=version.model,
        lookback_days=version.lookback.days,
        after_conversion=version.after_conversion,
        half_life_days=int(version.half_life_days),
        window_start=start,
        window_end=end,
        journey_begins_after=cut,
        touches_forgotten=forgotten,
        touches=touches,
        shares=shares,
        allocations=allocations,
    )


def _previous_conversion(facts: OrderFacts) -> datetime | None:
    """Return the moment of the conversion before, which only the stored journey has if its traces were erased."""
    stored = facts.stored
    if not facts.is_erased or stored is None:
        return facts.previous_conversion_at
    if stored.previous_age in (None, NO_CONVERSION):
        return None
    return us_to_moment(moment_to_us(stored.converted_at) - stored.previous_age)


def _weigh_touches(
    facts: OrderFacts, version: ModelVersion, journey: _Journey
) -> tuple[dict[str, int], list[TouchWeight]]:
    """Return the sums of the channels, and the weights of the touches that are shown."""
    assert facts.capture is not None  # noqa: S101 - the caller's own condition
    selected = select_touches(
        journey.touches,
        converted_at=facts.capture["occurred_at"],
        previous_conversion_at=_previous_conversion(facts),
        version=version,
    )
    if not selected:
        return {}, []
    sums, weights = version.weigh_channels(selected), version.weigh_touches(selected)
    # Both the window and the touches that are shown end at the capture.
    shown = min(len(selected), len(journey.shown))
    offset = len(journey.shown) - shown
    whole = sum(weights) or 1
    return sums, [
        TouchWeight(offset + index, touch.channel_code, _part_of(weight, whole))
        for index, (touch, weight) in enumerate(
            zip(selected[-shown:], weights[-shown:], strict=True)
        )
    ]


def _share_conversion(sums: Mapping[str, int]) -> list[ChannelShare]:
    """Return the shares of the channels with a weight, by code: the order in which equal remainders are served."""
    codes = sorted(sums) or [UNATTRIBUTED]
    weights = [sums[code] for code in codes] if sums else [1]
    parts = split(PARTS_OF_A_CONVERSION, weights)
    whole = sum(weights)
    return [
        ChannelShare(code, _part_of(weight, whole), part)
        for code, weight, part in zip(codes, weights, parts, strict=True)
    ]


def _part_of(weight: int, whole: int) -> str:
    """Return a part of the whole as a fraction, such as 2/7, or, if its terms are long, as a decimal of 18 digits."""
    part = Fraction(weight, whole)
    if part.denominator <= _LONGEST_DENOMINATOR:
        return str(part)
    digits = (2 * weight * 10**18 + whole) // (2 * whole)
    return f"{digits // 10**18}.{digits % 10**18:018}"


def _kept_shares(facts: OrderFacts, version: ModelVersion) -> list[ChannelShare]:
    """Return the shares of kept credit, from before journeys were packed; their parts serve as weights."""
    if facts.kept is None:
        return []
    rows = facts.kept.allocations.get(version.model_version, ())
    return [
        ChannelShare(
            row.channel_code,
            _part_of(row.conversion_ppt, PARTS_OF_A_CONVERSION),
            row.conversion_ppt,
        )
        for row in sorted(rows, key=attrgetter("channel_code"))
        if row.conversion_ppt > 0
    ]
