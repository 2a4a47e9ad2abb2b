"""Why an order's money went where it went: everything that its credit was worked out from, and the credit itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING

from skeldir.attribution.bounds import BOUNDS
from skeldir.attribution.evaluating import Channels, derive_allocations
from skeldir.attribution.explanations import (
    ChannelShare,
    CurrencyBalance,
    ExplainedAllocation,
    ExplainedEntry,
    ExplainedTouch,
    FixingCapture,
    LeftOut,
    OrderExplanation,
    TouchWeight,
    VersionExplanation,
    WhySetAside,
)
from skeldir.attribution.journeys import select_touches
from skeldir.attribution.models import (
    JourneyTouch,
    ModelVersion,
    channel_weights,
    touch_weights,
)
from skeldir.attribution.order_facts import OrderFacts
from skeldir.attribution.packing import PackedOrder, moment_to_us, unpack_path, us_to_moment
from skeldir.attribution.splits import PARTS_OF_A_CONVERSION, UNATTRIBUTED, Allocation
from skeldir.attribution.writing import counted_allocations
from skeldir.money import split

if TYPE_CHECKING:
    from skeldir.attribution.store import SelectNewestTouchesRow, SelectOrderEntriesRow

MOST_ALLOCATIONS_SHOWN = 6_000
_LONGEST_DENOMINATOR = 1_000_000


def explain_order(facts: OrderFacts) -> OrderExplanation:
    """Return what the credit of an order comes from: a matter of milliseconds, or of a second where it is not short.

    Of an order with more than MOST_SHOWN touches or entries, or MOST_ALLOCATIONS_SHOWN allocations, the newest touches
    and the first entries are shown, and all of them count.
    """
    standing = facts.standing
    reason, detail, since = standing["reason"], standing["detail"], standing["since"]
    credited = _derive_credit(facts)
    allocations = _explain_allocations(facts, credited)
    is_too_long = len(facts.touches) > BOUNDS.touches_of_order
    journey = [
        JourneyTouch(us_to_moment(moment), code, f"{place:09}")
        for place, (moment, code) in enumerate(
            () if is_too_long else zip(facts.touches.moments, facts.touches.codes, strict=True)
        )
    ]
    return OrderExplanation(
        order_id=facts.order_id,
        awaits_credit=standing["awaits_credit"],
        set_aside=None
        if reason is None or detail is None or since is None
        else WhySetAside(reason, detail, since),
        left_out=LeftOut(
            touches=max(0, len(facts.touches) - len(facts.newest)),
            entries=standing["entries"] - len(facts.entries),
            allocations=len(credited) - sum(map(len, allocations.values())),
        ),
        touches_forgotten_before=standing["touches_forgotten_before"],
        entries=[_entry(row) for row in facts.entries],
        balances=[CurrencyBalance(**row) for row in facts.balances],
        capture=None
        if facts.capture is None
        else FixingCapture(
            facts.capture["business_key"],
            facts.capture["occurred_at"],
            facts.capture["journey_key"] is not None,
        ),
        touches=[_touch(place, row) for place, row in enumerate(facts.newest)],
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


def _touch(place: int, row: SelectNewestTouchesRow) -> ExplainedTouch:
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


def _derive_credit(facts: OrderFacts) -> list[Allocation]:
    """Return the credit of the order as it is in the sums."""
    if facts.kept is not None:
        return counted_allocations(facts.kept, facts.in_force)
    if facts.stored is None:
        return []
    counted = [v.version for v in facts.in_force if v.since <= facts.stored.generation]
    return derive_allocations(facts.stored, counted, Channels(facts.numbers))


def _explain_allocations(
    facts: OrderFacts, credited: Sequence[Allocation]
) -> dict[str, list[ExplainedAllocation]]:
    """Return the credit of the entries that are shown, by model version, in the entries' order, then by channel."""
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
    journey: Sequence[JourneyTouch],
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
            cut = facts.previous_conversion_at
        gone_before = facts.standing["touches_forgotten_before"]
        forgotten = gone_before is not None and start < gone_before
        sums, touches = _weigh_touches(facts, version, journey)
        if forgotten and facts.stored is not None:
            sums = _weigh_stored(facts, facts.stored, version)
        kept = _shares_kept(facts, version) if forgotten else []
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


def _weigh_touches(
    facts: OrderFacts, version: ModelVersion, journey: Sequence[JourneyTouch]
) -> tuple[dict[str, int], list[TouchWeight]]:
    """Return the sums of the channels, and the weights of the touches that are shown."""
    assert facts.capture is not None  # noqa: S101 - the caller's own condition
    selected = select_touches(
        journey,
        converted_at=facts.capture["occurred_at"],
        previous_conversion_at=facts.previous_conversion_at,
        version=version,
    )
    if not selected:
        return {}, []
    sums = channel_weights(version.model, selected, half_life_days=version.half_life_days)
    weights = touch_weights(version.model, selected, half_life_days=version.half_life_days)
    # A window ends at the capture, where the touches that are shown end, too.
    shown = min(len(selected), len(facts.newest))
    offset = len(facts.newest) - shown
    whole = sum(weights)
    return sums, [
        TouchWeight(offset + index, touch.channel_code, _part_of(weight, whole))
        for index, (touch, weight) in enumerate(
            zip(selected[-shown:], weights[-shown:], strict=True)
        )
    ]


def _share_conversion(sums: Mapping[str, int]) -> list[ChannelShare]:
    """Return the channels with a weight, by code, which is the order in which equal remainders are served."""
    codes = sorted(sums) or [UNATTRIBUTED]
    weights = [sums[code] for code in codes] if sums else [1]
    parts = split(PARTS_OF_A_CONVERSION, weights)
    whole = sum(weights)
    return [
        ChannelShare(code, _part_of(weight, whole), part)
        for code, weight, part in zip(codes, weights, parts, strict=True)
    ]


def _part_of(weight: int, whole: int) -> str:
    """Return a part of a whole as a fraction, such as 2/7, or, where its terms are long, as a decimal of 18 digits."""
    part = Fraction(weight, whole)
    if part.denominator <= _LONGEST_DENOMINATOR:
        return str(part)
    digits = (2 * weight * 10**18 + whole) // (2 * whole)
    return f"{digits // 10**18}.{digits % 10**18:018}"


def _weigh_stored(facts: OrderFacts, stored: PackedOrder, version: ModelVersion) -> dict[str, int]:
    """Return the sums of the channels of a stored journey, some of whose touches are forgotten."""
    code_of = {number: code for code, number in facts.numbers.items()}
    converted_at = moment_to_us(stored.converted_at)
    selected = select_touches(
        [
            JourneyTouch(us_to_moment(converted_at - age), code_of[number], f"{place:09}")
            for place, (number, age) in enumerate(unpack_path(stored.path))
        ],
        converted_at=stored.converted_at,
        previous_conversion_at=facts.previous_conversion_at,
        version=version,
    )
    if not selected:
        return {}
    return channel_weights(version.model, selected, half_life_days=version.half_life_days)


def _shares_kept(facts: OrderFacts, version: ModelVersion) -> list[ChannelShare]:
    """Return the shares from which credit of before journeys were packed goes on; their parts are their weights."""
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
