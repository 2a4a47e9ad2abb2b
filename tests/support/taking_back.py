"""What a tenant's facts come to, without ids: equal for two tenants whose standing facts are equal."""

from __future__ import annotations

from uuid import UUID

from skeldir.audit import audit_tenant
from skeldir.db.pool import Database
from skeldir.ingest import Target, UndoingProgress, request_redo, request_undo, run_undoing
from tests.conftest import Clone
from tests.support.audited import settle
from tests.support.refreshing import superuser_of

OUTCOMES = {
    "balances": "SELECT order_id, currency, state, captured_cents, refunded_cents, disputed_cents FROM order_balances",
    "days": "SELECT revenue_date, currency, state, amount_cents, entries, orders, last_entry_at"
    " FROM rollup_revenue_day",
    "totals": "SELECT currency, state, amount_cents, entries, orders, max(last_entry_at) OVER (PARTITION BY currency)"
    " FROM rollup_revenue_total WHERE entries <> 0",
    "credit": "SELECT revenue_date, model_version, channel_code, currency, conversion_ppt, credited_cents, allocations"
    " FROM rollup_channel_day WHERE allocations <> 0",
    "comparison": "SELECT * FROM (SELECT revenue_date, model_version, currency, ledger_cents, awaiting_capture_cents,"
    " allocated_cents FROM rollup_allocation_day) a WHERE (ledger_cents, allocated_cents) <> (0, 0)",
    "journeys": "SELECT order_id, converted_at, length(path), length(entries) FROM order_journeys",
    "journal": "SELECT revenue_date, model_version, channel_code, currency, sum(credited_cents), sum(conversion_ppt)"
    " FROM credit_journal GROUP BY 1, 2, 3, 4 HAVING (sum(credited_cents), sum(conversion_ppt)) <> (0, 0)",
}


async def outcome(db: Database, tenant: UUID) -> dict[str, list[tuple[object, ...]]]:
    """Credit and roll up, then return everything that is derived from the facts of the tenant, sorted."""
    await settle(db, tenant)
    async with db.tenant(tenant) as connection:
        return {
            name: sorted((tuple(row) for row in await connection.fetch(question)), key=repr)
            for name, question in OUTCOMES.items()
        }


async def assert_sound(db: Database, tenant: UUID) -> None:
    """Check that an audit finds no difference in the data of the tenant."""
    await settle(db, tenant)
    audit = await audit_tenant(db, tenant, exact_every=1)
    found = [difference.describe() for check in audit.checks for difference in check.differences]
    assert found == [], found


async def let_a_day_pass(clone: Clone) -> None:
    """Make withdrawals older, so that their touches can be forgotten."""
    async with superuser_of(clone) as superuser:
        await superuser.execute(
            "UPDATE touch_withdrawals SET withdrawn_at = withdrawn_at - interval '25 hours'"
        )


async def undo(
    db: Database, tenant: UUID, target: Target, *, most: int = 3, reason: str = "a wrong file"
) -> UndoingProgress:
    """Take a target back, a few facts per transaction."""
    async with db.tenant(tenant) as connection:
        undoing = await request_undo(
            connection, tenant, target, reason=reason, requested_by="command:tester"
        )
    return await run_undoing(db, tenant, undoing, most=most)


async def redo(db: Database, tenant: UUID, target: Target, *, most: int = 3) -> UndoingProgress:
    """Put back what the latest undoing took back."""
    async with db.tenant(tenant) as connection:
        redoing = await request_redo(
            connection, tenant, target, reason="it was right", requested_by="command:tester"
        )
    return await run_undoing(db, tenant, redoing, most=most)
