"""Rules of channels that come into force while a file is imported: what is recorded afterwards follows them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from skeldir.db.pool import Connection, Database
from skeldir.ingest import RulesTurn, run_undoing
from skeldir.ingest.files import ImportProgress, import_file, mapping_from_settings
from tests.spend.test_recording import ask
from tests.support.make import make_tenant
from tests.support.own_rules import request, store

RULES = '[[rule]]\nid = "shop"\nchannel = "display"\npath.starts_with = "/shop"\n'
NAMES = ("occurred_at", "journey_key", "landing_path", "idempotency_key")


@dataclass
class ChangingRules:
    """Transactions, before one of which, when it is due, a version of rules is put in force."""

    db: Database
    version: int
    is_due: bool = False
    turn: RulesTurn | None = None

    def first_batch_is_done(self, _: ImportProgress) -> None:
        self.is_due = self.turn is None

    @asynccontextmanager
    async def tenant(self, tenant_id: UUID, /) -> AsyncIterator[Connection]:
        if self.is_due:
            self.is_due = False
            self.turn = await request(self.db, tenant_id, self.version)
        async with self.db.tenant(tenant_id) as connection:
            yield connection


async def test_batches_that_were_prepared_by_earlier_rules_are_recorded_by_those_in_force(
    db: Database, tmp_path: Path
) -> None:
    tenant = await make_tenant(db, "shop")
    rows = (f"2026-03-01T10:00:{n:02}Z,v{n},/shop/{n},k{n}\n" for n in range(40))
    path = tmp_path / "touches.csv"
    path.write_text(",".join(NAMES) + "\n" + "".join(rows))
    mapping = mapping_from_settings({"kind": "touches", "columns": {name: name for name in NAMES}})
    changing = ChangingRules(db, await store(db, tenant, RULES))
    await import_file(
        changing, tenant, path, mapping, progress=changing.first_batch_is_done, batch_rows=10
    )
    assert changing.turn is not None
    assert await count_by_rule(db, tenant) == {"direct": 10, "own.shop@1": 30}
    await run_undoing(db, tenant, changing.turn.undoing_id)
    assert await count_by_rule(db, tenant) == {"own.shop@1": 40}


async def count_by_rule(db: Database, tenant: UUID) -> dict[object, object]:
    rows = await ask(
        db, tenant, "SELECT channel_rule, count(*) FROM standing_touches GROUP BY channel_rule"
    )
    return {row[0]: row[1] for row in rows}
