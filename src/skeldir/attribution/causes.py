"""What the difference between two moments of the channel report is made of.

The orders with facts that were recorded or taken back in between are credited several times: first by the facts of the
first moment, then with one kind of fact after the other as of the second. What a step changes is that cause's part.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias
from uuid import UUID

from skeldir.attribution.cause_schemas import (
    MOST_CHANGED,
    MOST_NAMED,
    Cause,
    ChangedChannel,
    ChangesReport,
    CreditChange,
    NamedUndoing,
)
from skeldir.attribution.facts_at import FactsAt, credit_as_of
from skeldir.attribution.known import ChannelsAsked, Standing, find_standing, read_rows
from skeldir.attribution.models import MODEL_NAMES, ModelName
from skeldir.attribution.store import queries
from skeldir.attribution.stored_versions import version_of
from skeldir.days import days_by
from skeldir.errors import InputInvalid, ReportTooLarge
from skeldir.rollups import find_known_moment, find_latest_moment

if TYPE_CHECKING:
    from skeldir.db import Connection

_Key: TypeAlias = tuple[str, str, str]
"""Currency, channel and model."""
_Parts: TypeAlias = dict[Cause, Counter[_Key]]

_ORDERS_AT_ONCE: Final = 200
_MOST_ROWS: Final = 1_000_000
# Ids are made before the transaction that records a fact.
_IDS_BEFORE: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ChangesAsked:
    """What a list of changes is about: aware moments, and local days, half-open, where None is open."""

    since: datetime
    until: datetime | None = None
    days: tuple[date | None, date | None] = (None, None)
    models: Sequence[ModelName] | None = None
    currency: str | None = None

    def includes(self, day: date, currency: str) -> bool:
        """Return whether entries of this day and currency count."""
        first, end = self.days
        return (
            (first is None or day >= first)
            and (end is None or day < end)
            and self.currency in (None, currency)
        )


async def report_changes(
    connection: Connection, tenant_id: UUID, asked: ChangesAsked, *, most_orders: int = MOST_CHANGED
) -> ChangesReport:
    """Return what changed in the channel report of the transaction's tenant between two moments.

    The transaction must be repeatable read. It takes several times as long as crediting the orders does.

    Raises:
        MomentNotKnown: a moment is in the future, or before the tenant was created.
        InputInvalid: the first moment is not before the second.
        ReportTooLarge: more orders than `most_orders` would have to be credited again.
    """
    until = asked.until or await find_latest_moment(connection, tenant_id)
    before = await find_standing(connection, tenant_id, None, asked.since)
    after = await find_standing(connection, tenant_id, None, until)
    assert before.moment is not None  # noqa: S101 - both were given
    assert after.moment is not None  # noqa: S101
    if before.moment >= after.moment:
        raise InputInvalid(
            f"Nothing lies between {before.moment.isoformat()} and {after.moment.isoformat()}.",
            cure="Give a `since` before `until`; moments of more than two days ago count by the hour.",
        )
    first = await _read_facts_at(connection, tenant_id, before.moment, before.versions)
    last = await _read_facts_at(connection, tenant_id, after.moment, after.versions)
    order_ids = await _find_orders(connection, tenant_id, first, last, most_orders)
    steps = _make_steps(first, last)
    parts = await _sum_parts(connection, tenant_id, asked, order_ids, steps)
    data = await _compare(connection, tenant_id, asked, before, after, parts)
    named, undoings = await _name(connection, tenant_id, before.moment, after.moment)
    return ChangesReport(
        before.moment,
        after.moment,
        after.time_zone,
        before.versions,
        after.versions,
        len(order_ids),
        data,
        named,
        undoings,
    )


async def _read_facts_at(
    connection: Connection, tenant_id: UUID, moment: datetime, in_force: Mapping[str, str]
) -> FactsAt:
    known = await find_known_moment(connection, tenant_id, moment)
    rows = await queries.select_versions(connection, tenant_id=tenant_id, models=list(MODEL_NAMES))
    versions = [version_of(row) for row in rows if row["model_version"] in in_force.values()]
    return FactsAt.all_by(moment, versions, days_by(known.rules))


async def _find_orders(
    connection: Connection, tenant_id: UUID, first: FactsAt, last: FactsAt, most: int
) -> list[str]:
    """Return the orders whose credit may differ; another version or zone may change that of every order."""
    if (first.versions, first.days) == (last.versions, last.days):
        rows = await queries.select_changed_orders(
            connection,
            tenant_id=tenant_id,
            first_id=_first_id(first.captures_by),
            since=first.captures_by,
            until=last.captures_by,
            most=most + 1,
        )
        order_ids = [row["order_id"] for row in rows]
    else:
        recorded = await queries.select_orders_recorded(
            connection, tenant_id=tenant_id, until=last.captures_by, most=most + 1
        )
        order_ids = [row["order_id"] for row in recorded]
    if len(order_ids) > most:
        raise ReportTooLarge(
            f"More than {most:,} orders would have to be credited again.",
            cure="Ask for a shorter time, or use `skeldir report --changes-since`, which may credit more.",
        )
    return order_ids


def _first_id(moment: datetime) -> UUID:
    """Return an id that is smaller than those of facts recorded since the moment."""
    return UUID(int=max(0, int((moment - _IDS_BEFORE).timestamp() * 1000)) << 80)


def _make_steps(first: FactsAt, last: FactsAt) -> list[tuple[Cause | None, FactsAt]]:
    """Return the facts of the first moment, and then those with one more kind of fact as of the second."""
    moment = last.captures_by
    steps: list[tuple[Cause | None, FactsAt]] = [(None, first)]
    changes: Sequence[tuple[Cause, FactsAt]] = (
        ("captures", facts := replace(first, captures_by=moment)),
        ("refunds", facts := replace(facts, refunds_by=moment)),
        ("disputes", facts := replace(facts, disputes_by=moment)),
        ("late_touches", facts := replace(facts, touches_by=moment)),
        ("taken_back", facts := replace(facts, taken_back_by=moment)),
        ("channels", facts := replace(facts, restated_by=moment)),
        ("corrections", facts := replace(facts, corrected_by=moment)),
        ("models", replace(facts, versions=last.versions)),
        ("time_zone", last),
    )
    for cause, state in changes:
        if state != steps[-1][1]:
            steps.append((cause, state))
    return steps


async def _sum_parts(
    connection: Connection,
    tenant_id: UUID,
    asked: ChangesAsked,
    order_ids: Sequence[str],
    steps: Sequence[tuple[Cause | None, FactsAt]],
) -> _Parts:
    parts: _Parts = defaultdict(Counter)
    for start in range(0, len(order_ids), _ORDERS_AT_ONCE):
        some = order_ids[start : start + _ORDERS_AT_ONCE]
        before: Counter[_Key] = Counter()
        for cause, facts in steps:
            sums = await _credit(connection, tenant_id, asked, some, facts)
            if cause is not None:
                for key in sums.keys() | before.keys():
                    parts[cause][key] += sums[key] - before[key]
            before = sums
    return parts


async def _credit(
    connection: Connection,
    tenant_id: UUID,
    asked: ChangesAsked,
    order_ids: Sequence[str],
    facts: FactsAt,
) -> Counter[_Key]:
    models = {version.model_version: version.model for version in facts.versions}
    cents: Counter[_Key] = Counter()
    sums = await credit_as_of(connection, tenant_id, order_ids, facts)
    for (day, version, channel, currency), (_, credited, _) in sums.items():
        if asked.includes(day, currency):
            cents[currency, channel, models[version]] += credited
    return cents


async def _compare(
    connection: Connection,
    tenant_id: UUID,
    asked: ChangesAsked,
    before: Standing,
    after: Standing,
    parts: _Parts,
) -> list[ChangedChannel]:
    sides = []
    for standing in (before, after):
        channels = ChannelsAsked(asked.days, currency=asked.currency)
        rows = await read_rows(connection, tenant_id, channels, standing, most=_MOST_ROWS)
        sides.append({(row.currency, row.channel): row.models for row in rows})
    shown = [
        name
        for name in MODEL_NAMES
        if (asked.models is None or name in asked.models)
        and (name in before.versions or name in after.versions)
    ]
    met = {key[:2] for part in parts.values() for key in part} | sides[0].keys() | sides[1].keys()
    data = []
    for currency, channel in sorted(met):
        there, here = (side.get((currency, channel), {}) for side in sides)
        models = {}
        for model in shown:
            cents = [one[model].credited_cents if model in one else 0 for one in (there, here)]
            key = (currency, channel, model)
            causes = {cause: part[key] for cause, part in parts.items() if part[key]}
            rest = cents[1] - cents[0] - sum(causes.values())
            models[str(model)] = CreditChange(cents[0], cents[1], causes, rest)
        spend = [next((one.spend_cents for one in side.values()), 0) for side in (there, here)]
        row = ChangedChannel(currency, channel, models, spend[0], spend[1])
        if spend[0] != spend[1] or any(
            one.causes or one.before_cents != one.after_cents for one in models.values()
        ):
            data.append(row)
    return data


async def _name(
    connection: Connection, tenant_id: UUID, since: datetime, until: datetime
) -> tuple[dict[Cause, list[str]], list[NamedUndoing]]:
    """Return some orders for each cause that entries are of, and the undoings between the moments."""
    rows = await queries.select_orders_of_changes(
        connection,
        tenant_id=tenant_id,
        first_id=_first_id(since),
        since=since,
        until=until,
        most=MOST_NAMED,
    )
    named: dict[Cause, list[str]] = defaultdict(list)
    for row in rows:
        named[row["cause"]].append(row["order_id"])
    undoings = await queries.select_undoings_of_changes(
        connection, tenant_id=tenant_id, since=since, until=until, most=MOST_NAMED
    )
    return dict(named), [NamedUndoing(**row) for row in undoings]
