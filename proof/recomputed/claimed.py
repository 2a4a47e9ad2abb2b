"""What a comparison of claims must say, worked out again from the facts of one tenant, in plain Python.

It shares nothing with `skeldir.reconcile`. The proof's campaigns are known by their ids only, and its touches name them
by these, in channels that are paid for, and with sources that are no platform's. The rules:

- A claim is that of the latest revision of a campaign's day. A day without one is unknown, and in no sum.
- Verified is what the model credits, of captures, to touches that name the campaign, on the day of the order's first
  capture by (occurred_at, business_key); what it credits of other entries was reversed.
- Touches of one channel, source and campaign are credited as a channel of their own, whose name is these three.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, TypeAlias

from proof.recomputed.crediting import allocations_of
from proof.recomputed.sums import Row, Rows

LINE_COLUMNS: Final = (
    *("platform", "account", "campaign", "day", "currency", "claimed_cents", "verified_cents"),
    *("reversed_cents", "ghost_cents", "missed_cents", "difference_bp"),
)
STATUS_COLUMNS: Final = (
    *("platform", "currency", "state", "claimed_cents", "verified_cents", "ghost_cents"),
    "discrepancy_bp",
)

Key: TypeAlias = tuple[str, str, str, date, str]
"""Platform, account, campaign, day and currency."""

_AFTER_CHANNEL: Final = "\x1f"
_AFTER_SOURCE: Final = "\x1e"


def compared_lines(
    ad_days: Sequence[Row],
    ledger: Sequence[Row],
    touches: Sequence[Row],
    model: Row,
    days: tuple[date, date],
) -> Rows:
    """Return the lines of a comparison of the days from the first to the last, in LINE_COLUMNS.

    The rows are those of `ad_days`, `revenue_ledger` and `attribution_events` that stand, and the model's of
    `attribution_models`; the days of orders are of UTC.
    """
    first, last = days
    latest: dict[Key, Row] = {}
    for row in sorted(ad_days, key=lambda row: row["revision"]):
        latest[_key(row, row["day"], row["currency"])] = row
    places = {row["campaign"]: row for row in ad_days}
    claims = {key: row["claimed_cents"] for key, row in latest.items() if first <= key[3] <= last}
    captured, taken = _verified(places, ledger, touches, model, days)
    return {
        _line(key, claims.get(key), captured[key], taken[key])
        for key in {*claims, *captured, *taken}
    }


def shown_status(lines: Iterable[tuple[Any, ...]]) -> Rows:
    """Return the sums of the lines with a known claim in STATUS_COLUMNS; each platform has one currency."""
    sums: dict[tuple[str, str], Counter[str]] = {}
    for platform, _, _, _, currency, claimed, verified, _, ghost, missed, _ in lines:
        if claimed is not None:
            found = sums.setdefault((platform, currency), Counter())
            found.update(claimed=claimed, verified=verified, ghost=ghost, missed=missed)
    return {
        (
            *key,
            "differs" if found["ghost"] or found["missed"] else "matched",
            found["claimed"],
            found["verified"],
            found["ghost"],
            _share(found["claimed"], found["verified"]) if found["verified"] else None,
        )
        for key, found in sums.items()
    }


def _verified(
    places: dict[str, Row],
    ledger: Sequence[Row],
    touches: Sequence[Row],
    model: Row,
    days: tuple[date, date],
) -> tuple[Counter[Key], Counter[Key]]:
    """Return captured money, and what was reversed of it, by key."""
    first_captures: dict[str, Row] = {}
    kinds: dict[str, str] = {}
    for entry in sorted(ledger, key=lambda row: (row["occurred_at"], row["business_key"])):
        kinds[entry["business_key"]] = entry["kind"]
        if entry["kind"] == "capture":
            first_captures.setdefault(entry["order_id"], entry)
    named = [{**_columns(touch), "channel_code": _name_of(touch)} for touch in touches]
    captured, taken = Counter[Key](), Counter[Key]()
    for row in allocations_of(ledger, named, [model]):
        campaign = row["channel_code"].rpartition(_AFTER_SOURCE)[2]
        day = first_captures[row["order_id"]]["occurred_at"].date()
        if campaign not in places or not days[0] <= day <= days[1]:
            continue
        key = _key(places[campaign], day, row["currency"])
        if kinds[row["business_key"]] == "capture":
            captured[key] += row["allocated_cents"]
        else:
            taken[key] -= row["allocated_cents"]
    return captured, taken


def _columns(touch: Row) -> dict[str, Any]:
    names = ("journey_key", "occurred_at", "idempotency_key")
    return {name: touch[name] for name in names}


def _name_of(touch: Row) -> str:
    channel = str(touch["channel_code"])
    if channel == "direct":
        return channel
    source, campaign = touch["source"] or "", touch["campaign"] or ""
    return f"{channel}{_AFTER_CHANNEL}{source}{_AFTER_SOURCE}{campaign}"


def _key(place: Row, day: date, currency: str) -> Key:
    return place["platform"], place["account"], place["campaign"], day, currency


def _line(key: Key, claimed: int | None, verified: int, taken: int) -> tuple[Any, ...]:
    if claimed is None:
        return (*key, None, verified, taken, None, None, None)
    difference = claimed - verified
    ghost, missed = max(0, difference), max(0, -difference)
    return (*key, claimed, verified, taken, ghost, missed, _share(claimed, verified))


def _share(claimed: int, verified: int) -> Decimal:
    if not verified:
        return Decimal("10000.00" if claimed else "0.00")
    share = Decimal(claimed - verified) * 10_000 / Decimal(verified)
    return share.quantize(Decimal("0.01"), ROUND_HALF_UP)
