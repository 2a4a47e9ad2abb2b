"""Compares the kept sums with the ledger, with the stored journeys, and with one another.

A marked day is yet to be rolled up, and is not compared with its facts; on a day that a credit run may yet mark, the
states are added up first. Credit, its journal and the totals over all days change in the same transactions as their
sources, so they are always compared.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson

from skeldir.attribution import UNATTRIBUTED
from skeldir.audit.claims import check_reconciliations
from skeldir.audit.differences import Amount, CheckResult, DataCheck, compare
from skeldir.audit.spending import check_ad_spend
from skeldir.audit.store import queries

if TYPE_CHECKING:
    from skeldir.attribution import StoredCredit, Sums
    from skeldir.audit.ledger import Digest, Ledger
    from skeldir.audit.store import SelectChannelDaysRow, SelectRevenueDaysRow
    from skeldir.db import Connection

_Key = tuple[object, ...]
_Table = dict[_Key, tuple[Amount, ...]]
_Rows = Mapping[_Key, tuple[Amount, ...]]
_Credited = dict[tuple[date, str, str], int]

_COUNTED: Final = (
    *("amount_cents", "entries", "orders"),
    *("renewal_cents", "renewal_entries", "renewal_orders"),
)
_REVENUE: Final = (*_COUNTED, "last_entry_at")
_CREDIT: Final = ("conversion_ppt", "credited_cents", "allocations")
_ALLOCATION: Final = ("ledger_cents", "awaiting_capture_cents", "allocated_cents")


@dataclass(slots=True)
class KeptSums:
    """The results of the comparison, and the kept credit that the accounts need.

    `credited` and `unattributed` are in minor units by day, model version and currency. `digest` covers all rows of the
    sums, in order.
    """

    results: list[CheckResult] = field(default_factory=list)
    credited: _Credited = field(default_factory=lambda: defaultdict(int))
    unattributed: _Credited = field(default_factory=lambda: defaultdict(int))
    digest: str = ""


async def check_sums(
    connection: Connection, tenant_id: UUID, ledger: Ledger, credit: StoredCredit
) -> KeptSums:
    """Compare every kept sum of the transaction's tenant, one table after another."""
    checked, digest = KeptSums(), hashlib.sha256()
    marked = await queries.select_marked_days(connection, tenant_id=tenant_id)
    pending_revenue = {row["day"] for row in marked if row["has_revenue"]}
    pending_spend = {row["day"] for row in marked if row["has_spend"]}
    revenue = await _read_revenue(connection, tenant_id, digest)
    checked.results.append(_check_revenue(revenue, ledger, pending_revenue))
    checked.results.append(await _check_totals(connection, tenant_id, revenue, digest))

    rows = await queries.select_channel_days(connection, tenant_id=tenant_id)
    _add_to_digest(digest, "rollup_channel_day", rows)
    for row in rows:
        key = row["revenue_date"], row["model_version"], row["currency"]
        checked.credited[key] += row["credited_cents"]
        if row["channel_code"] == UNATTRIBUTED:
            checked.unattributed[key] += row["credited_cents"]
    kept: _Table = {
        (r["revenue_date"], r["model_version"], r["channel_code"], r["currency"]): (
            int(r["conversion_ppt"]),
            r["credited_cents"],
            r["allocations"],
        )
        for r in rows
    }
    given = _add_up(credit.settled, credit.pending)
    checked.results.append(_compare("credit_sums", kept, given, _CREDIT))
    checked.results.append(await _check_journal(connection, tenant_id, kept, digest))
    checked.results.append(
        await _check_spend(connection, tenant_id, rows, credit.versions, pending_spend)
    )
    checked.results.append(await check_ad_spend(connection, tenant_id))
    checked.results.append(await check_reconciliations(connection, tenant_id))
    days = {row["day"] for row in marked}
    allocated = _allocated_by_day(kept)
    expected = _expect_allocation_days(revenue, allocated, credit.versions)
    checked.results.append(
        await _check_allocation_days(connection, tenant_id, expected, days, digest)
    )
    checked.digest = digest.hexdigest()
    return checked


async def _read_revenue(connection: Connection, tenant_id: UUID, digest: Digest) -> _Table:
    rows = await queries.select_revenue_days(connection, tenant_id=tenant_id)
    _add_to_digest(digest, "rollup_revenue_day", rows)
    return {(row["revenue_date"], row["currency"], row["state"]): _revenue_of(row) for row in rows}


def _revenue_of(row: SelectRevenueDaysRow) -> tuple[Amount, ...]:
    return (
        row["amount_cents"],
        row["entries"],
        row["orders"],
        row["renewal_cents"],
        row["renewal_entries"],
        row["renewal_orders"],
        _moment(row["last_entry_at"]),
    )


def _check_revenue(revenue: _Table, ledger: Ledger, pending_days: Collection[date]) -> CheckResult:
    expected: _Table = {
        key: (
            *(s.amount_cents, s.entries, s.orders),
            *(s.renewal_cents, s.renewal_entries, s.renewal_orders),
            _moment(s.last_entry_at),
        )
        for key, s in ledger.days.items()
    }
    stored, recomputed = (
        _with_states_together(_without(table, pending_days), ledger.unsettled_days)
        for table in (revenue, expected)
    )
    return _compare("revenue_days", stored, recomputed, _REVENUE)


def _with_states_together(revenue: _Rows, days: Collection[date]) -> _Rows:
    """Add up the states of some days: the money is certain, its state and which orders opened are not."""
    together: _Table = {key: values for key, values in revenue.items() if key[0] not in days}
    for (day, currency, _), values in revenue.items():
        if day in days:
            key = day, currency, "in any state"
            before = together.get(key, (*(0 for _ in _COUNTED), ""))
            together[key] = (
                *(
                    0 if name.endswith("orders") else int(one or 0) + int(more or 0)
                    for name, one, more in zip(_COUNTED, before, values, strict=False)
                ),
                max(str(before[-1]), str(values[-1])),
            )
    return together


async def _check_totals(
    connection: Connection, tenant_id: UUID, revenue: _Table, digest: Digest
) -> CheckResult:
    """Compare the totals with the current days; the latest entry only by currency, since the roll-up keeps no other."""
    rows = await queries.select_revenue_totals(connection, tenant_id=tenant_id)
    _add_to_digest(digest, "rollup_revenue_total", rows)
    sums: dict[_Key, list[int]] = defaultdict(lambda: [0] * len(_COUNTED))
    latest: dict[str, str] = {}
    for (_, currency, state), values in revenue.items():
        for place in range(len(_COUNTED)):
            sums[currency, state][place] += int(values[place] or 0)
        latest[str(currency)] = max(latest.get(str(currency), ""), str(values[-1]))
    result = _compare(
        "revenue_totals",
        {
            (r["currency"], r["state"]): (
                *(int(r["amount_cents"]), r["entries"], r["orders"]),
                *(int(r["renewal_cents"]), r["renewal_entries"], r["renewal_orders"]),
            )
            for r in rows
        },
        {key: tuple(values) for key, values in sums.items()},
        _COUNTED,
    )
    kept_latest: dict[str, str] = {}
    for row in rows:
        moment = _moment(row["last_entry_at"])
        kept_latest[row["currency"]] = max(kept_latest.get(row["currency"], ""), moment)
    compare(
        result,
        {(currency,): (moment,) for currency, moment in kept_latest.items()},
        {(currency,): (moment,) for currency, moment in latest.items()},
        ("last_entry_at",),
    )
    return result


async def _check_journal(
    connection: Connection, tenant_id: UUID, kept: _Table, digest: Digest
) -> CheckResult:
    rows = await queries.select_journal_sums(connection, tenant_id=tenant_id)
    _add_to_digest(digest, "credit_journal", rows)
    journalled: _Table = {
        (r["revenue_date"], r["model_version"], r["channel_code"], r["currency"]): (
            int(r["conversion_ppt"]),
            int(r["credited_cents"]),
            int(r["allocations"]),
        )
        for r in rows
    }
    return _compare("credit_journal", journalled, kept, _CREDIT)


async def _check_spend(
    connection: Connection,
    tenant_id: UUID,
    rows: Sequence[SelectChannelDaysRow],
    versions: Sequence[str],
    pending_days: Collection[date],
) -> CheckResult:
    spent = await queries.select_spend_days(connection, tenant_id=tenant_id)
    kept: _Table = {
        (r["revenue_date"], r["model_version"], r["channel_code"], r["currency"]): (
            r["spend_cents"],
        )
        for r in rows
    }
    expected: _Table = {
        (r["spend_date"], version, r["channel_code"], r["currency"]): (int(r["spend_cents"]),)
        for r in spent
        for version in versions
    }
    return _compare(
        "spend_sums",
        _without(kept, pending_days),
        _without(expected, pending_days),
        ("spend_cents",),
    )


def _allocated_by_day(kept: _Table) -> Counter[_Key]:
    """Return the credit by day, model version and currency; a sum without allocations holds only spend."""
    allocated: Counter[_Key] = Counter()
    for (day, version, _, currency), (_, cents, allocations) in kept.items():
        if allocations:
            allocated[day, version, currency] += int(cents or 0)
    return allocated


def _expect_allocation_days(
    revenue: _Table, allocated: Mapping[_Key, int], versions: Sequence[str]
) -> _Table:
    """Return what the roll-up would compute from the current sums."""
    sides: dict[_Key, list[int]] = defaultdict(lambda: [0, 0, 0])
    for (day, currency, state), (amount, *_) in revenue.items():
        for version in versions:
            side = sides[day, version, currency]
            side[0] += int(amount or 0)
            side[1] += int(amount or 0) if str(state).endswith("awaiting_capture") else 0
    for key, cents in allocated.items():
        sides[key][2] += cents
    return {key: tuple(values) for key, values in sides.items()}


async def _check_allocation_days(
    connection: Connection,
    tenant_id: UUID,
    expected: _Table,
    pending_days: Collection[date],
    digest: Digest,
) -> CheckResult:
    rows = await queries.select_allocation_days(connection, tenant_id=tenant_id)
    _add_to_digest(digest, "rollup_allocation_day", rows)
    kept: _Table = {
        (r["revenue_date"], r["model_version"], r["currency"]): (
            r["ledger_cents"],
            r["awaiting_capture_cents"],
            r["allocated_cents"],
        )
        for r in rows
    }
    return _compare(
        "allocation_days",
        _without(kept, pending_days),
        _without(expected, pending_days),
        _ALLOCATION,
    )


def _compare(name: DataCheck, stored: _Rows, expected: _Rows, fields: Sequence[str]) -> CheckResult:
    result = CheckResult(name)
    compare(result, stored, expected, fields)
    return result


def _without(table: _Rows, days: Collection[date]) -> _Rows:
    """Return the table without the rows of these days."""
    return {key: values for key, values in table.items() if key[0] not in days}


def _add_up(*all_sums: Sums) -> _Rows:
    total: dict[_Key, tuple[int, int, int]] = {}
    for sums in all_sums:
        for key, (parts, cents, count) in sums.items():
            before = total.get(key, (0, 0, 0))
            total[key] = (before[0] + parts, before[1] + cents, before[2] + count)
    return total


def _add_to_digest(digest: Digest, table: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Add the rows of a table to the digest, as sorted lines."""
    digest.update(f"{table} {len(rows)}\n".encode())
    for line in sorted(orjson.dumps([_plain(value) for value in row.values()]) for row in rows):
        digest.update(line + b"\n")


def _plain(value: object) -> str:
    return _moment(value) if isinstance(value, datetime) else str(value)


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
