"""Recording rates: a rate that differs from the latest revision of its day is the next one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID

from skeldir.db import new_ids, wait_for_lock
from skeldir.rates.converting import MOST_DAYS_OLD, plain
from skeldir.rates.refusals import RateBaseDiffers, RateJumps, RateRepeated, RatesRefused
from skeldir.rates.stating import LARGEST_JUMP, Rate, check_source, read_currency
from skeldir.rates.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection

PartT = TypeVar("PartT")

_AT_ONCE: Final = 5_000
_NEAR: Final = timedelta(days=MOST_DAYS_OLD)
_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class RestatedRate:
    """A rate that was recorded otherwise before."""

    before: Decimal
    now: Rate


@dataclass(frozen=True, slots=True)
class RatesRecorded:
    """How many rates were new, restated or as before, and the first of those that were restated."""

    new: int
    restated: int
    unchanged: int
    examples: Sequence[RestatedRate]


@dataclass(frozen=True, slots=True)
class _Change:
    """A rate to record as this revision, and the one that the day has so far."""

    rate: Rate
    revision: int
    before: Decimal | None


async def record_rates(
    connection: Connection,
    tenant_id: UUID,
    source: str,
    base: str,
    rates: Sequence[Rate],
    *,
    reason: str,
    recorded_by: str,
    accepts_jumps: bool = False,
    is_tried: bool = False,
) -> RatesRecorded:
    """Record what a source states for the transaction's tenant; if `is_tried`, only compare it with what is there.

    Raises:
        RatesRefused: the source's name or the base is none, or a rate is of the base itself.
        RateRepeated: a day and quote has two different rates.
        RateBaseDiffers: the source's earlier rates have another base.
        RateJumps: a rate is far from that of the same day, or of a few days before, and `accepts_jumps` is not set.
    """
    check_source(source)
    read_currency(base, "the base")
    ordered = _in_order(base, rates)
    if not accepts_jumps:
        _look_for_jumps(ordered)
    await wait_for_lock(connection, f"rates:{tenant_id}")
    await _require_base(connection, tenant_id, source, base)
    changes: list[_Change] = []
    for some in _pieces(ordered):
        changes += await _compare_with_known(
            connection, tenant_id, source, some, accepts_jumps=accepts_jumps
        )
    for part in _pieces(changes) if not is_tried else ():
        await queries.insert_rates(
            connection,
            tenant_id=tenant_id,
            ids=new_ids(len(part)),
            source=source,
            base=base,
            quotes=[change.rate.quote for change in part],
            days=[change.rate.day for change in part],
            revisions=[change.revision for change in part],
            rates=[change.rate.rate for change in part],
            reason=reason,
            recorded_by=recorded_by,
        )
    restated = [
        RestatedRate(change.before, change.rate) for change in changes if change.before is not None
    ]
    new = len(changes) - len(restated)
    return RatesRecorded(new, len(restated), len(ordered) - len(changes), restated[:_SHOWN])


async def _compare_with_known(
    connection: Connection,
    tenant_id: UUID,
    source: str,
    rates: Sequence[Rate],
    *,
    accepts_jumps: bool,
) -> list[_Change]:
    known = await queries.select_known_rates(
        connection,
        tenant_id=tenant_id,
        source=source,
        quotes=[rate.quote for rate in rates],
        days=[rate.day for rate in rates],
    )
    changes = []
    for rate, row in zip(rates, known, strict=True):
        if row["rate"] == rate.rate:
            continue
        for before in (row["rate"], row["rate_before"]):
            if before is not None and not accepts_jumps:
                _compare(before, rate)
        changes.append(_Change(rate, 1 + (row["revision"] or 0), row["rate"]))
    return changes


def _in_order(base: str, rates: Sequence[Rate]) -> list[Rate]:
    """Return the rates by quote and day, each once."""
    found: dict[tuple[str, object], Rate] = {}
    for rate in rates:
        if rate.quote == base:
            raise RatesRefused(
                f"{rate.day}: {base} is quoted against itself.",
                cure="Leave out the rates of the base currency.",
            )
        other = found.setdefault((rate.quote, rate.day), rate)
        if other.rate != rate.rate:
            raise RateRepeated(
                f"{rate.quote} has two rates on {rate.day}: {plain(other.rate)} and {plain(rate.rate)}.",
                cure="Give one rate for each currency and day.",
            )
    return sorted(found.values())


def _look_for_jumps(ordered: Sequence[Rate]) -> None:
    for before, rate in itertools.pairwise(ordered):
        if before.quote == rate.quote and rate.day - before.day <= _NEAR:
            _compare(before.rate, rate)


def _compare(before: Decimal, rate: Rate) -> None:
    if before < rate.rate * LARGEST_JUMP and rate.rate < before * LARGEST_JUMP:
        return
    raise RateJumps(
        f"The rate of {rate.quote} on {rate.day} is {plain(rate.rate)}, after {plain(before)} on the same day or a few"
        " days before.",
        cure="Correct it; a decimal mark or the direction may be wrong. If it is right, accept it with --accept-jumps"
        ' or "accept_jumps": true.',
    )


async def _require_base(connection: Connection, tenant_id: UUID, source: str, base: str) -> None:
    rows = await queries.select_sources(connection, tenant_id=tenant_id)
    known = {row["source"]: row["base"] for row in rows}.get(source, base)
    if known != base:
        raise RateBaseDiffers(
            f"The rates of {source} are stored for one unit of {known}, and these are for one unit of {base}.",
            cure=f"Give them for one unit of {known}, or under the name of another source.",
        )


def _pieces(some: Sequence[PartT]) -> Iterator[Sequence[PartT]]:
    for start in range(0, len(some), _AT_ONCE):
        yield some[start : start + _AT_ONCE]
