"""Histories of a tenant in which time passes: whatever was recorded can be made older, as by waiting."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, timedelta
from random import Random
from typing import Final
from uuid import UUID

from skeldir.attribution import ModelParameters, retire_model, set_models
from skeldir.attribution.kinds import CREDIT
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.ingest import (
    NothingToRedo,
    correct_touch,
    list_corrections,
    revoke_correction,
    target_of_origin,
)
from skeldir.jobs import JobKind, do_jobs, enqueue
from skeldir.jobs.leases import Job
from skeldir.rollups import compact_journal, roll_up_dirty_days
from skeldir.spend import AdDay, AdKey, Load, record_days
from tests.conftest import Clone
from tests.support.credit import credit_until_complete
from tests.support.make import at, make_conversion, make_touch, send_conversions, send_touches
from tests.support.own_rules import apply, store
from tests.support.refreshing import superuser_of
from tests.support.taking_back import redo, undo
from tests.support.zones import set_zone

STEPS: Final = (
    "sell",
    "sell",
    "touch",
    "spend",
    "undo",
    "redo",
    "models",
    "retire",
    "zone",
    "rules",
    "correct",
    "compact",
)
_CHANNELS: Final = ("email", "paid_search", "sms", "direct")
_KINDS: Final = ("capture", "capture", "refund", "dispute", "dispute_reversal", "refund_reversal")
_ZONES: Final = ("Pacific/Kiritimati", "Etc/GMT+12", "UTC")
_RULES: Final = tuple(
    f'[[rule]]\nid = "r"\nchannel = "display"\nsource.is = "{source}"\n'
    for source in ("news", "partner")
)
_LOAD: Final = Load("file", "export.csv", "0" * 64, "test", rows=1)

# When each row was written.
_WRITTEN = (
    ("tenants", "created_at"),
    ("revenue_ledger", "recorded_at"),
    ("attribution_events", "recorded_at"),
    ("touch_withdrawals", "withdrawn_at"),
    ("spend", "recorded_at"),
    ("ad_days", "recorded_at"),
    ("credit_journal", "changed_at"),
    ("model_changes", "changed_at"),
    ("time_zones", "changed_at"),
    ("undoings", "requested_at"),
    ("undoings", "ended_at"),
    ("channel_rule_turns", "requested_at"),
)


async def let_time_pass(clone: Clone, tenant: UUID, time: timedelta) -> None:
    """Make all that was recorded of the tenant older by this time. When it happened stays."""
    async with superuser_of(clone) as superuser:
        for table, column in _WRITTEN:
            key = "id" if table == "tenants" else "tenant_id"
            await superuser.execute(
                f"UPDATE {table} SET {column} = {column} - $2::interval WHERE {key} = $1",
                tenant, time,
            )  # fmt: skip


async def compact(db: Database, tenant: UUID, *, now: datetime | None = None) -> int:
    """Compact the journal of the tenant, as its daily job does; return by how many rows it shrank."""
    gone: list[int] = []

    async def run(database: Database, job: Job) -> None:
        gone.append(await compact_journal(database, job, now=now or utc_now()))
        async with database.tenant(job.tenant_id) as connection:
            await job.finish(connection)

    async with db.tenant(tenant) as connection:
        await enqueue(connection, tenant, CREDIT)
    await do_jobs(db, {CREDIT: JobKind(CREDIT, run)})
    return sum(gone)


class History:
    """Random steps of one tenant; each brings facts, takes some back, or changes how they count."""

    def __init__(self, db: Database, tenant: UUID, random: Random) -> None:
        self.db, self.tenant, self.random = db, tenant, random
        self.origins: list[str] = []

    async def take(self, step: str) -> None:
        """Take one of STEPS, then credit and roll up."""
        await getattr(self, step)()
        await credit_until_complete(self.db, self.tenant)
        await roll_up_dirty_days(self.db, tenant_id=self.tenant)

    async def sell(self) -> None:
        items = [
            make_conversion(
                order_id=f"o{self.random.randrange(6)}",
                kind=self.random.choice(_KINDS),
                amount_cents=self.random.randrange(1, 10_000),
                currency=self.random.choice(("USD", "USD", "JPY")),
                journey_key=f"v{self.random.randrange(3)}",
                occurred_at=at(self.random.random() * 12),
            )
            for _ in range(3)
        ]
        await send_conversions(self.db, self.tenant, *items, origin=self._new_origin())

    async def touch(self) -> None:
        items = [
            make_touch(
                channel=self.random.choice((*_CHANNELS, None)),
                source=self.random.choice(("news", "partner")),
                journey_key=f"v{self.random.randrange(3)}",
                occurred_at=at(self.random.random() * 9),
            )
            for _ in range(3)
        ]
        await send_touches(self.db, self.tenant, *items, origin=self._new_origin())

    async def spend(self) -> None:
        day = date(2026, 3, 1 + self.random.randrange(9))
        key = AdKey("google_ads", "877", f"{self.random.randrange(2)}", day, "USD")
        cost = {"cost_cents": self.random.randrange(5_000)}
        stated = AdDay(key, "Brand", cost, self.random.choice(_CHANNELS[:2]), "given")
        async with self.db.tenant(self.tenant) as connection:
            await record_days(connection, self.tenant, _LOAD, [stated])

    async def undo(self) -> None:
        await undo(self.db, self.tenant, target_of_origin(self._some_origin()), most=50)

    async def redo(self) -> None:
        with suppress(NothingToRedo):
            await redo(self.db, self.tenant, target_of_origin(self._some_origin()), most=50)

    async def models(self) -> None:
        after = "keep" if self.random.random() < 0.5 else "reset"
        wanted = ModelParameters(self.random.choice((1, 3, 30)), after, None)
        async with self.db.tenant(self.tenant) as connection:
            await set_models(connection, self.tenant, {"linear": wanted}, changed_by="test")

    async def retire(self) -> None:
        wanted = {"last_touch": ModelParameters(5, None, None)}
        async with self.db.tenant(self.tenant) as connection:
            await set_models(connection, self.tenant, wanted, changed_by="test")
            await retire_model(connection, self.tenant, "last_touch", changed_by="test")

    async def zone(self) -> None:
        await set_zone(self.db, self.tenant, self.random.choice(_ZONES))

    async def rules(self) -> None:
        document = self.random.choice(_RULES)
        await apply(self.db, self.tenant, await store(self.db, self.tenant, document))

    async def correct(self) -> None:
        """Correct a touch, or revoke its correction."""
        async with self.db.tenant(self.tenant) as connection:
            keys = "SELECT idempotency_key FROM standing_touches ORDER BY 1 LIMIT 1"
            key = await connection.fetchval(keys)
            by = {"reason": "test", "requested_by": "test"}
            known = key and await list_corrections(connection, self.tenant, touch=key, most=1)
            if known and known[0].is_in_force:
                await revoke_correction(connection, self.tenant, known[0].id, **by)
            elif key:
                channel = self.random.choice(_CHANNELS)
                await correct_touch(connection, self.tenant, key, channel, **by)

    async def compact(self) -> None:
        await compact(self.db, self.tenant)

    def _new_origin(self) -> str:
        self.origins.append(f"import:{len(self.origins)}")
        return self.origins[-1]

    def _some_origin(self) -> str:
        return self.random.choice(self.origins)
