"""The journey that the documents use: four visits, an order of 99.99 USD, and a refund of 30.00."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from skeldir.attribution.models import RULE_MODELS, JourneyTouch, ModelVersion
from skeldir.attribution.splits import Allocation, LedgerEntry, allocate_order

CURRENCY = "USD"
ORDERED_AT = datetime(2026, 6, 22, 18, 0, tzinfo=UTC)
REFUNDED_AT = datetime(2026, 6, 25, 9, 30, tzinfo=UTC)

# The visits are seven days apart, which is the half-life of `time_decay`.
TOUCHES = [
    JourneyTouch(datetime(2026, 6, day, 18, 0, tzinfo=UTC), channel, f"visit-{number}")
    for number, (day, channel) in enumerate(
        [(1, "paid_social"), (8, "paid_search"), (15, "email"), (22, "direct")], 1
    )
]
ENTRIES = [
    LedgerEntry(UUID(int=1), "order-991-paid", ORDERED_AT, "capture", CURRENCY, 9_999),
    LedgerEntry(UUID(int=2), "order-991-refund", REFUNDED_AT, "refund", CURRENCY, -3_000),
]
CHANNELS = [touch.channel_code for touch in TOUCHES]
MODELS = list(RULE_MODELS)


def allocations(model: str) -> list[Allocation]:
    """Return the credit of each channel for each entry by the model with its default parameters."""
    return allocate_order(ENTRIES, TOUCHES, ModelVersion(f"{model}@1", model))


def credited_cents(model: str, *entries: LedgerEntry) -> list[int]:
    """Return each channel's credit of the given entries, in the order of CHANNELS."""
    wanted = {entry.entry_id for entry in entries}
    sums = dict.fromkeys(CHANNELS, 0)
    for row in allocations(model):
        if row.entry_id in wanted:
            sums[row.channel_code] += row.allocated_cents
    return list(sums.values())
