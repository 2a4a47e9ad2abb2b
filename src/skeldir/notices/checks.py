"""What is wrong with a tenant's data: checks read what reports read, and judge it by stated thresholds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from uuid import UUID

from skeldir.attribution import (
    UNATTRIBUTED,
    ChannelRow,
    ChannelsQuery,
    models_in_force,
    report_channels,
)
from skeldir.audit import list_audits
from skeldir.days import days_by
from skeldir.inbox import find_silences
from skeldir.matviews import view_ages
from skeldir.notices.digest import AWAITING, choose_model
from skeldir.rollups import Freshness, read_freshness, read_revenue_days, rules_in_force

if TYPE_CHECKING:
    from skeldir.db import Connection

AlertKind: TypeAlias = Literal[
    "reports_late",
    "views_late",
    "credit_differs",
    "audit_differs",
    "match_rate_fell",
    "webhook_silent",
]
Figures: TypeAlias = Mapping[str, int | str]

LATE_S: Final = 900
"""For how many seconds reports, or the published views, lack facts when they are late."""

FALLEN_BY_BP: Final = 1_000
"""By how many hundredths of a percent the match rate of a week is below that of the four weeks before when it fell."""

FEWEST_ORDERS: Final = 20
"""Of a week with fewer orders, or four weeks with fewer than four times as many, the match rate says nothing."""

_WEEK_DAYS: Final = 7
_WEEKS_BEFORE: Final = 4
_ROWS_AT_ONCE: Final = 1_000
_MOST_SUMS: Final = 100_000
_BP: Final = 10_000


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong. `subject` is a currency or the id of an endpoint; empty: it is of the tenant."""

    kind: AlertKind
    subject: str
    figures: Figures


@dataclass(slots=True)
class Judgement:
    """What checks found. Of a kind that was `judged`, all is well that was not found, unless it is `unknown`."""

    findings: list[Finding] = field(default_factory=list)
    judged: set[AlertKind] = field(default_factory=set)
    unknown: set[tuple[AlertKind, str]] = field(default_factory=set)

    def is_well(self, kind: AlertKind, subject: str) -> bool:
        """Return whether it is known that nothing is wrong with this subject."""
        found = {(one.kind, one.subject) for one in self.findings}
        return kind in self.judged and (kind, subject) not in found | self.unknown

    def add(self, kind: AlertKind, figures: Figures | None, subject: str = "") -> None:
        """Judge a subject; without figures, it is well."""
        self.judged.add(kind)
        if figures is not None:
            self.findings.append(Finding(kind, subject, figures))


async def check_tenant(connection: Connection, tenant_id: UUID, now: datetime) -> Judgement:
    """Judge the transaction's tenant; the transaction must be repeatable read.

    It takes about a dozen short statements, the largest over the sums of 35 days by one model; no fact is read,
    but for the deliveries of an endpoint that was not heard for a day.
    """
    judgement = Judgement()
    freshness = await read_freshness(connection, tenant_id)
    await _check_lateness(connection, freshness, judgement)
    await _check_credit(connection, tenant_id, freshness, judgement)
    audits = await list_audits(connection, tenant_id, most=1)
    for audit in audits:
        differs: Figures = {"differences": audit.differences, "checks": ", ".join(audit.checks)}
        judgement.add("audit_differs", differs if audit.differences else None)
    silences = await find_silences(connection, tenant_id, now)
    judgement.judged.add("webhook_silent")
    judgement.unknown |= {("webhook_silent", str(one)) for one in silences.unknown}
    for one in silences.silent:
        figures: Figures = {
            "provider": one.provider,
            "token_start": one.token_start,
            "silent_s": one.silent_s,
            "usual_gap_s": one.usual_gap_s,
        }
        judgement.add("webhook_silent", figures, str(one.endpoint_id))
    return judgement


async def _check_lateness(
    connection: Connection, freshness: Freshness, judgement: Judgement
) -> None:
    behind_s = int((freshness.as_of - freshness.complete_up_to).total_seconds())
    judgement.add("reports_late", {"behind_s": behind_s} if behind_s >= LATE_S else None)
    oldest_s = int(max((await view_ages(connection)).values(), default=0.0))
    judgement.add("views_late", {"behind_s": oldest_s} if oldest_s >= LATE_S else None)


async def _check_credit(
    connection: Connection, tenant_id: UUID, freshness: Freshness, judgement: Judgement
) -> None:
    """Judge the credit of the last 35 complete days, if it is complete: against the ledger, and its match rate."""
    chosen = choose_model(await models_in_force(connection, tenant_id))
    if chosen is None:
        return
    today = days_by(await rules_in_force(connection, tenant_id)).day_of(freshness.as_of)
    middle = today - timedelta(days=_WEEK_DAYS)
    first = middle - timedelta(days=_WEEK_DAYS * _WEEKS_BEFORE)
    rows: list[tuple[ChannelRow, bool]] = []
    is_complete = freshness.complete_up_to >= freshness.as_of
    for start, end, is_week in ((first, middle, False), (middle, today, True)):
        asked: dict[str, object] = {
            "from": start,
            "to": end,
            "model": [chosen.model],
            "limit": _ROWS_AT_ONCE,
        }
        page = await report_channels(connection, tenant_id, ChannelsQuery.model_validate(asked))
        rows += [(row, is_week) for row in page.data]
        # A tenant with that many channels and currencies is not judged by a part of them.
        is_all = page.next_cursor is None
        waiting = page.orders_awaiting_credit or page.orders_set_aside
        is_complete = is_complete and is_all and not waiting
    if not is_complete:
        return
    judgement.add("match_rate_fell", judge_match_rate(rows, chosen.model))
    credited: Counter[str] = Counter()
    for row, _ in rows:
        credited[row.currency] += row.models[chosen.model].credited_cents
    ledger = await _read_ledger(connection, tenant_id, first, today)
    for currency in sorted(credited.keys() | ledger.keys()):
        difference = credited[currency] - ledger[currency]
        figures: Figures = {
            "credited_cents": credited[currency],
            "ledger_cents": ledger[currency],
            "model_version": chosen.model_version,
        }
        judgement.add("credit_differs", figures if difference else None, currency)
    judgement.judged.add("credit_differs")


async def _read_ledger(
    connection: Connection, tenant_id: UUID, first: date, end: date
) -> Counter[str]:
    """Return the money that can be credited, by currency."""
    ledger: Counter[str] = Counter()
    for row in await read_revenue_days(
        connection,
        tenant_id,
        first_day=first,
        end_day=end,
        currency=None,
        state=None,
        after=None,
        most=_MOST_SUMS,
    ):
        if row["state"] not in AWAITING:
            ledger[row["currency"]] += int(row["amount_cents"])
    return ledger


def judge_match_rate(rows: Sequence[tuple[ChannelRow, bool]], model: str) -> Figures | None:
    """Return the figures of a match rate that fell, in hundredths of a percent; None if it did not, or says nothing.

    The match rate is the part of orders that have a touch: whose conversions are credited to another channel than
    `unattributed`. Of each row it is said whether it is of the week, or of the four weeks before.
    """
    orders: dict[bool, Decimal] = defaultdict(Decimal)
    matched: dict[bool, Decimal] = defaultdict(Decimal)
    for row, is_week in rows:
        conversions = Decimal(row.models[model].conversions)
        orders[is_week] += conversions
        if row.channel != UNATTRIBUTED:
            matched[is_week] += conversions
    if orders[True] < FEWEST_ORDERS or orders[False] < FEWEST_ORDERS * _WEEKS_BEFORE:
        return None
    rate, before = (int(matched[week] * _BP / orders[week]) for week in (True, False))
    if before - rate < FALLEN_BY_BP:
        return None
    return {"rate_bp": rate, "before_bp": before, "orders": int(orders[True])}
