"""Storing and applying rules of channels in tests, as commands do."""

from __future__ import annotations

from uuid import UUID

from skeldir.db.pool import Database
from skeldir.ingest import RulesTurn, request_rules, run_undoing, store_rules
from skeldir.spend import restate_spend


async def store(db: Database, tenant: UUID, document: str) -> int:
    """Store rules, and return their version."""
    async with db.tenant(tenant) as connection:
        stored, _ = await store_rules(
            connection, tenant, document, reason="we say so", written_by="command:tester"
        )
    return stored.version


async def request(db: Database, tenant: UUID, version: int | None) -> RulesTurn:
    """Put a version in force, or none, without doing the jobs."""
    async with db.tenant(tenant) as connection:
        return await request_rules(
            connection, tenant, version, reason="we say so", requested_by="command:tester"
        )


async def apply(db: Database, tenant: UUID, version: int | None) -> int:
    """Put a version in force, or none, and restate by it in small pages; return how many touches moved."""
    turn = await request(db, tenant, version)
    done = await run_undoing(db, tenant, turn.undoing_id, most=3)
    await restate_spend(db, tenant, at_once=2)
    return done.touches
