"""Why an order's money went where it went: everything that its credit was worked out from, and the credit itself."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from skeldir.attribution.bounds import BOUNDS
from skeldir.attribution.definitions import versions_of
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
from skeldir.attribution.journeys import reach_of, select_touches
from skeldir.attribution.models import (
    JourneyTouch,
    ModelVersion,
    channel_weights,
    touch_weights,
)
from skeldir.attribution.reading import read_touches
from skeldir.attribution.splits import PARTS_OF_A_CONVERSION, UNATTRIBUTED
from skeldir.attribution.store import queries
from skeldir.errors import SkeldirError
from skeldir.money import split

if TYPE_CHECKING:
    from skeldir.db.pool import Connection

MOST_SHOWN = 1_000
"""So many touches, and so many entries, are shown of an order; no person's has more."""
MOST_ALLOCATIONS_SHOWN = 6_000


class OrderUnknown(SkeldirError):
    """The tenant has no entry of such an order; whether another one has is not told."""

    code = "order_unknown"
    status = 404
    title = "The order is not known"


@dataclass(frozen=True, slots=True)
class _Facts:
    """What was read of an order. `newest` are the touches that are shown, `touches` those that count.

    These are all in reach, or one more than may earn anything.
    """

    order_id: str
    standing: Any
    entries: Sequence[Any]
    balances: Sequence[Any]
    models: Sequence[Any]
    versions: Sequence[ModelVersion]
    capture: Any | None = None
    newest: Sequence[Any] = ()
    touches: Sequence[Any] = ()
    previous_conversion_at: datetime | None = None
    allocations: Sequence[Any] = ()
    kept_shares: Sequence[Any] = ()


async def explain_order(connection: Connection, tenant_id: UUID, order_id: str) -> OrderExplanation:
    """Return what the credit of an order of the transaction's tenant comes from.

    The transaction must show one moment (repeatable read), or facts and credit may not belong together. What takes
    long is done in a thread. Of an order with more than MOST_SHOWN touches or entries, or MOST_ALLOCATIONS_SHOWN
    allocations, the newest touches and the first entries are shown, and all of them count.

    Raises:
        OrderUnknown: the tenant has no entry of it.
    """
    facts = await _read_facts(connection, tenant_id, order_id)
    return await asyncio.to_thread(_explain, facts)


async def _read_facts(connection: Connection, tenant_id: UUID, order_id: str) -> _Facts:
    of_order = {"tenant_id": tenant_id, "order_id": order_id}
    # No text of the database holds a NUL, and it refuses to be asked for one.
    is_possible = "\0" not in order_id
    entries = is_possible and await queries.select_order_entries(
        connection, **of_order, most=MOST_SHOWN
    )
    if not entries:
        raise OrderUnknown(
            "There is no order of this id.",
            cure="Check the id; an order is known once one of its conversions was accepted.",
        )
    models = await queries.select_active_models(connection, tenant_id=tenant_id)
    names = [row["model_version"] for row in models]
    facts = _Facts(
        order_id=order_id,
        standing=await queries.select_order_standing(connection, **of_order, model_versions=names),
        entries=entries,
        balances=await queries.select_order_balances(connection, **of_order),
        models=models,
        versions=versions_of(models),
        capture=await queries.select_fixing_capture(connection, **of_order),
        allocations=await queries.select_order_allocations(
            connection,
            **of_order,
            model_versions=names,
            entry_ids=[row["id"] for row in entries],
            most=MOST_ALLOCATIONS_SHOWN,
        ),
        kept_shares=await queries.select_kept_shares(
            connection, **of_order, model_versions=names, most=MOST_ALLOCATIONS_SHOWN
        ),
    )
    if facts.capture is None or facts.capture["journey_key"] is None or not models:
        return facts
    return await _read_journey(connection, tenant_id, facts)


async def _read_journey(connection: Connection, tenant_id: UUID, facts: _Facts) -> _Facts:
    assert facts.capture is not None  # noqa: S101 - the caller's own condition
    last_moment = facts.capture["occurred_at"]
    span = {
        "journey_key": facts.capture["journey_key"],
        "first_moment": last_moment - max(version.lookback for version in facts.versions),
        "last_moment": last_moment,
    }
    newest = await queries.select_newest_touches(
        connection, tenant_id=tenant_id, **span, most=MOST_SHOWN
    )
    previous = None
    if any(version.after_conversion == "reset" for version in facts.versions):
        found = await queries.select_previous_conversions(
            connection,
            tenant_id=tenant_id,
            order_ids=[facts.order_id],
            **{f"{name}s": [value] for name, value in span.items()},
        )
        previous = found[0]["occurred_at"] if found else None
    touches: Sequence[Any] = newest[::-1]
    if len(newest) == MOST_SHOWN:
        span["first_moment"] = reach_of(facts.versions, last_moment, previous)
        touches = await read_touches(
            connection, tenant_id, **span, most=BOUNDS.touches_of_order + 1, bounds=BOUNDS
        )
    return replace(facts, newest=newest[::-1], touches=touches, previous_conversion_at=previous)


def _explain(facts: _Facts) -> OrderExplanation:
    standing = facts.standing
    allocations = _explain_allocations(facts)
    is_too_long = len(facts.touches) > BOUNDS.touches_of_order
    journey = [
        JourneyTouch(row["occurred_at"], row["channel_code"], row["idempotency_key"])
        for row in (() if is_too_long else facts.touches)
    ]
    return OrderExplanation(
        order_id=facts.order_id,
        awaits_credit=standing["awaits_credit"],
        set_aside=standing["reason"]
        and WhySetAside(standing["reason"], standing["detail"], standing["since"]),
        left_out=LeftOut(
            touches=max(0, len(facts.touches) - len(facts.newest)),
            entries=standing["entries"] - len(facts.entries),
            allocations=standing["allocations"] - len(facts.allocations),
        ),
        touches_forgotten_before=standing["touches_forgotten_before"],
        entries=[_entry(row) for row in facts.entries],
        balances=[CurrencyBalance(**row) for row in facts.balances],
        capture=facts.capture
        and FixingCapture(
            facts.capture["business_key"],
            facts.capture["occurred_at"],
            facts.capture["journey_key"] is not None,
        ),
        touches=[_touch(place, row) for place, row in enumerate(facts.newest)],
        versions=[
            _explain_version(facts, row, version, journey, allocations[version.model_version])
            for row, version in zip(facts.models, facts.versions, strict=True)
        ],
    )


def _entry(row: Any) -> ExplainedEntry:
    return ExplainedEntry(**{name: value for name, value in row.items() if name != "id"})


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


def _explain_allocations(facts: _Facts) -> dict[str, list[ExplainedAllocation]]:
    """Return the stored credit by model version, in the order of the entries, then by channel."""
    place_of = {row["id"]: place for place, row in enumerate(facts.entries)}
    allocations = defaultdict(list)
    for row in sorted(facts.allocations, key=lambda row: place_of[row["entry_id"]]):
        key = facts.entries[place_of[row["entry_id"]]]["business_key"]
        allocations[row["model_version"]].append(
            ExplainedAllocation(
                key, row["channel_code"], row["allocated_cents"], row["conversion_ppt"]
            )
        )
    return allocations


def _explain_version(
    facts: _Facts,
    row: Any,
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
        kept = [
            share for share in facts.kept_shares if share["model_version"] == row["model_version"]
        ]
        shares = (_shares_kept(kept) if forgotten else []) or _share_conversion(sums)
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


def _weigh_touches(
    facts: _Facts, version: ModelVersion, journey: Sequence[JourneyTouch]
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
    return sums, [
        TouchWeight(offset + index, touch.channel_code, str(weight))
        for index, (touch, weight) in enumerate(
            zip(selected[-shown:], weights[-shown:], strict=True)
        )
    ]


def _share_conversion(sums: Mapping[str, int]) -> list[ChannelShare]:
    """Return the channels with a weight, by code, which is the order in which equal remainders are served."""
    codes = sorted(sums) or [UNATTRIBUTED]
    weights = [sums[code] for code in codes] if sums else [1]
    parts = split(PARTS_OF_A_CONVERSION, weights)
    return [
        ChannelShare(code, str(weight), part)
        for code, weight, part in zip(codes, weights, parts, strict=True)
    ]


def _shares_kept(rows: Sequence[Any]) -> list[ChannelShare]:
    """Return the shares that stand beside the credit of the capture; their parts are their weights from then on."""
    return [
        ChannelShare(row["channel_code"], str(row["conversion_ppt"]), row["conversion_ppt"])
        for row in rows
    ]
