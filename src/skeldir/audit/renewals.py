"""Compares what is counted as renewals with the payments, the stored journeys and the journal."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias
from uuid import UUID

from skeldir.audit.differences import CheckResult, Difference, compare
from skeldir.audit.store import queries

if TYPE_CHECKING:
    from skeldir.attribution import Sums
    from skeldir.audit.store import SelectRenewalDaysRow, SelectRenewalJournalRow
    from skeldir.db import Connection

_Sums: TypeAlias = dict[tuple[object, ...], tuple[int, int, int]]

_CREDIT: Final = ("conversion_ppt", "credited_cents", "allocations")
_FAULTS: Final = {
    "not_known": "is a renewal by its payments, and is not known as one",
    "not_paid": "is known as a renewal, and is none by its payments",
    "not_counted": "is a renewal, and its credit is not counted as that of one",
    "not_renewal": "is no renewal, and its credit is counted as that of one",
}
# The credit of an order that awaits it, or cannot get it, is counted as before.
_OF_CREDIT: Final = ("not_counted", "not_renewal")


async def check_renewals(
    connection: Connection, tenant_id: UUID, credit: Sums, pending_ids: Collection[str]
) -> CheckResult:
    """Compare the renewals of the transaction's tenant; `credit` is theirs, computed from the stored journeys.

    Whether orders of `pending_ids` are counted as what they are is not compared: their credit changes yet.
    """
    result = CheckResult("renewals")
    kept = _sums_of(await queries.select_renewal_days(connection, tenant_id=tenant_id))
    journalled = _sums_of(await queries.select_renewal_journal(connection, tenant_id=tenant_id))
    expected: _Sums = dict(credit.items())
    compare(result, kept, expected, _CREDIT)
    compare(result, _in_journal(journalled), _in_journal(kept), _CREDIT)
    for row in await queries.select_renewal_faults(connection, tenant_id=tenant_id):
        order_id, fault = row["order_id"], row["fault"]
        if fault not in _OF_CREDIT or order_id not in pending_ids:
            result.compared += 1
            result.add(Difference(f"order {order_id}", fault=f"it {_FAULTS[fault]}"))
    return result


def _in_journal(sums: _Sums) -> _Sums:
    return {("journal", *key): values for key, values in sums.items()}


def _sums_of(
    rows: Sequence[SelectRenewalDaysRow] | Sequence[SelectRenewalJournalRow],
) -> _Sums:
    return {
        (r["revenue_date"], r["model_version"], r["channel_code"], r["currency"]): (
            int(r["conversion_ppt"]),
            int(r["credited_cents"]),
            int(r["allocations"]),
        )
        for r in rows
    }
