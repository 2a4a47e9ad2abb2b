"""Refunds that files state in total: each was posted as the difference to what was posted before, and its key says so.

So the total that a difference came from is known as long as it stands: what its key names, and its own amount.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.db import wait_for_lock
from skeldir.revenue import RefundsSoFar, list_refunds_to_restore, read_refunds_so_far

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skeldir.db import Connection

REFUNDS: Final = ":refund"
"""The end of the key of all refunds of an order; in the ledger, what was refunded before follows it."""

_DIFFERENCE = re.compile(rf"(.*{REFUNDS}):([0-9]+)(?::[0-9]+)?", re.DOTALL)


def refunds_lock(tenant_id: UUID) -> str:
    """Return the name of the lock under which differences of the tenant's refunds are posted or put back."""
    return f"refunds:{tenant_id}"


def key_of_difference(key: str, so_far: RefundsSoFar) -> str:
    """Return the key of a difference: that of the refunds, and what was posted before.

    So the corrected difference has the key of the one that was taken back, which can then not be put back beside it.
    While a difference with this key stands, which needs an earlier one to be taken back, a number follows.
    """
    made = start = f"{key}:{so_far.cents}"
    number = 2
    while made in so_far.keys:
        made, number = f"{start}:{number}", number + 1
    return made


async def find_refunds_to_cut(
    connection: Connection, tenant_id: UUID, ids: Sequence[UUID]
) -> dict[UUID, int]:
    """Return what to put back, in minor units, of the refunds of these reversing entries that may not go back whole.

    A later file may have made good what is missing, or a part of it. So no more is put back than up to the largest
    total of the differences that stand then. Takes the lock of the tenant's refunds.
    """
    rows = [
        (found[1], int(found[2]), row)
        for row in await list_refunds_to_restore(connection, tenant_id, ids)
        if (found := _DIFFERENCE.fullmatch(row.business_key))
    ]
    if not rows:
        return {}
    await wait_for_lock(connection, refunds_lock(tenant_id))
    accounts = sorted({(row.order_id, row.currency, key) for key, _, row in rows})
    posted = await read_refunds_so_far(connection, tenant_id, accounts)
    cut: dict[UUID, int] = {}
    for key, before, row in sorted(rows, key=lambda one: one[1]):
        so_far = posted.setdefault((row.order_id, row.currency, key), RefundsSoFar())
        if row.business_key in so_far.keys:
            continue  # it has come back, and stays as it is
        largest = max(before + row.cents, _largest_total(so_far))
        cents = max(0, min(row.cents, largest - so_far.cents))
        if cents < row.cents:
            cut[row.id] = cents
        if cents:
            so_far.cents += cents
            so_far.keys[row.business_key] = cents
    return cut


def _largest_total(so_far: RefundsSoFar) -> int:
    totals = [
        int(found[2]) + cents
        for key, cents in so_far.keys.items()
        if (found := _DIFFERENCE.fullmatch(key))
    ]
    return max(totals, default=0)
