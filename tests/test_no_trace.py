"""Deleted or forgotten data leave no trace: planted everywhere, removed everywhere, and other tenants unchanged."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import psycopg
import pytest

from skeldir.attribution import credit_dirty_orders, retain_touches
from skeldir.attribution.kinds import CREDIT
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.errors import InputInvalid
from skeldir.ingest import (
    add_channels,
    add_hosts,
    list_dead_events,
    list_findings,
    scan_for_personal_data,
)
from skeldir.ingest.canonical import hash_journey_key
from skeldir.ingest.files import import_file, mapping_from_settings
from skeldir.ingest.tasks import FORGET
from skeldir.jobs import Job, JobKind, do_jobs, enqueue
from skeldir.matviews import refresh_view
from skeldir.observability.logs import configure_logging
from skeldir.rollups import roll_up_dirty_days
from skeldir.settings import Settings
from skeldir.tenants import issue_key, load_profile
from tests.conftest import HOME_VARIABLE, Clone
from tests.support.citus_server import VARIABLE, CitusServer
from tests.support.deleting import ask_for_deletion, do_deletions, read_everything, relations_with
from tests.support.make import (
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.two_tenants import refresh_all

MAPPING = mapping_from_settings(
    {
        "kind": "touches",
        "columns": {
            "occurred_at": "time",
            "journey_key": "who",
            "channel": "via",
            "idempotency_key": "id",
            "campaign": "campaign",
        },
    }
)
RECONCILED = """
    INSERT INTO reconciliation_runs (tenant_id, id, platform, currency, state, claimed_cents, verified_cents,
                                     ghost_cents, ran_at)
    VALUES ($1, gen_random_uuid(), $2, 'USD', 'matched', 100, 100, 0, now())"""
SPENT = """
    INSERT INTO spend (tenant_id, id, business_key, spend_date, channel_code, currency, amount_cents)
    VALUES ($1, gen_random_uuid(), $2, '2026-03-01', $3, 'USD', 500)"""
# The catalogue of PostgreSQL holds samples of rows too.
STATISTICS = "SELECT starelid::regclass::text FROM pg_statistic s WHERE s::text ~* %s"


def ago(days: float) -> str:
    return (utc_now() - timedelta(days=days)).isoformat()


async def fail(_database: Database, _job: Job) -> None:
    raise InputInvalid("It is impossible.", cure="None.")


@pytest.fixture
def stderr(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """The program's own log lines, as a worker writes them."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging(Settings(), process="worker")
    yield capsys
    root.handlers[:] = handlers
    root.setLevel(level)


def server_log() -> str:
    """Return the log of the embedded server; the logs of a Citus database that was given are its operator's."""
    if VARIABLE in os.environ:
        return ""
    log = Path(os.environ[HOME_VARIABLE]) / "pg" / "postgres.log"
    return log.read_text(encoding="utf-8", errors="replace")


async def live(db: Database, word: str, folder: Path) -> tuple[UUID, list[str]]:
    """Let a tenant do everything a tenant can, with `word` in every name; return all ids of its own."""
    tenant = await make_tenant(db, f"{word} Ltd")
    async with db.tenant(tenant) as connection:
        await add_channels(connection, tenant, {f"{word}_radio": f"{word} on air"})
        await add_hosts(connection, tenant, [f"{word}.example"], "own")
        key = await issue_key(connection, tenant, name=word, scopes=["read"], expires_at=None)
        await connection.execute(RECONCILED, tenant, word)
        await connection.execute(SPENT, tenant, word, f"{word}_radio")
        await retain_touches(connection, tenant, 36_500)
        profile = await load_profile(connection, tenant)
    visitor = f"{word}-visitor"
    touch = make_touch(journey_key=visitor, campaign=word, channel=f"{word}_radio")
    await send_touches(
        db,
        tenant,
        touch | {"idempotency_key": f"{word}-touch", "source": word, "landing_path": f"/{word}"},
        touch | {"campaign": f"{word}@example.com"},
        touch | {"occurred_at": f"{word} o'clock"},
        origin=word,
    )
    for number in range(3):
        order = make_conversion(journey_key=visitor, order_id=f"{word}-{number}")
        await send_conversions(db, tenant, order | {"idempotency_key": f"{word}:{number}"})
        await send_conversions(db, tenant, make_conversion(order_id=word, currency=word))
        await credit_dirty_orders(db)
    path = folder / f"{word}.csv"
    path.write_text(
        f"id,time,who,via,campaign\n{word}1,2026-03-01T10:00:00Z,{visitor},email,{word}\n{word}2,no,{word},,\n",
        encoding="utf-8",
    )
    await import_file(db, tenant, path, MAPPING, progress=lambda _: None)
    await scan_for_personal_data(db, tenant)
    await roll_up_dirty_days(db)
    await refresh_all(db)
    for what in ("credited", "waits"):
        order = make_conversion(journey_key=visitor, order_id=f"{word} {what}")
        await send_conversions(db, tenant, order)
        if what == "credited":
            await credit_dirty_orders(db, tenant_id=tenant)
    async with db.tenant(tenant) as connection:
        await enqueue(connection, tenant, CREDIT, {"order": word})
    await do_jobs(db, {CREDIT: JobKind(CREDIT, fail, attempts=1)})
    # The database refuses it, quoting the row.
    async with db.tenant(tenant) as connection:
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute(SPENT, tenant, word, f"{word}_radio")
    secrets = [hash_journey_key(profile.journey_secret, visitor), profile.journey_secret]
    return tenant, [word, key.secret, key.secret[:12], *(secret.hex() for secret in secrets)]


def tables_in_statistics(clone: Clone, word: str) -> set[str]:
    urls = [clone.superuser_url]
    if isinstance(clone.server, CitusServer):
        urls = [clone.server.url_of(node, database=clone.name) for node in clone.server.nodes]
    found: set[str] = set()
    for url in urls:
        with psycopg.connect(url) as admin:
            rows = admin.execute(STATISTICS, (word,)).fetchall()
        found |= {re.sub(r"_\d+$", "", str(row[0])) for row in rows}  # a shard ends in its number
    return found


async def test_of_a_deleted_tenant_nothing_is_left_in_the_database_or_in_a_log(
    db: Database, clone: Clone, tmp_path: Path, stderr: pytest.CaptureFixture[str]
) -> None:
    word, other_word = (f"x{uuid4().hex[:12]}" for _ in range(2))
    _, other_needles = await live(db, other_word, tmp_path)
    leaving, needles = await live(db, word, tmp_path)
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        admin.execute("ANALYZE")
    before = read_everything(clone)
    planted_in = relations_with(before, *needles)
    assert len(planted_in) >= 16, f"plant the word in more tables than {planted_in}"
    assert len(tables_in_statistics(clone, word)) >= 10
    await ask_for_deletion(clone, leaving)
    deletion = await do_deletions(db, clone, leaving)
    assert deletion.ended_at is not None
    after = read_everything(clone)
    assert relations_with(after, *needles) == set()
    assert relations_with(after, str(leaving)) <= {"public.tenant_deletions", "public.jobs"}
    assert tables_in_statistics(clone, word) == set()
    for name in relations_with(before, *other_needles):
        assert [text for text in after[name] if other_word in text] == [
            text for text in before[name] if other_word in text
        ], name
    assert relations_with(after, *other_needles) == relations_with(before, *other_needles)
    logged = stderr.readouterr().err
    assert "jobs.failed" in logged
    for needle in needles:
        assert needle not in server_log()
    assert not [line for line in logged.splitlines() if any(one in line for one in needles)]


async def test_a_refresh_that_fails_quotes_no_tenants_values(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    row = "INSERT INTO rollup_allocation_day VALUES (%s, '2026-03-01', 'planted', 'USD', 1, 0, 1)"
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute(
            "ALTER TABLE rollup_allocation_day DROP CONSTRAINT rollup_allocation_day_pkey"
        )
        admin.execute(
            "INSERT INTO rollup_revenue_day VALUES (%s, '2026-03-01', 'USD', 'captured', 1, 1, 1, now())",
            (tenant,),
        )
        for _ in range(2):
            admin.execute(row, (tenant,))
    result = await refresh_view(db, "mv_allocation_summary", requested_at=utc_now())
    assert result.outcome == "failed"
    assert "duplicate rows" in str(result.error)
    shown = read_everything(clone)["public.matview_refreshes"]
    assert any("duplicate rows" in text for text in shown)
    for quoted in ("planted", str(tenant)):
        assert quoted not in str(result.error)
        assert not any(quoted in text for text in shown)
        assert quoted not in server_log()


async def test_what_is_old_is_forgotten_with_everything_that_names_it(
    db: Database, clone: Clone, tenant: UUID, other_tenant: UUID
) -> None:
    for one in (tenant, other_tenant):
        for days, word in ((70, "ancient"), (1, "recent")):
            address = f"{word}@example.com"
            item = make_touch(occurred_at=ago(days), campaign=address, idempotency_key=word)
            refused = make_touch(occurred_at=word, campaign="+49 171 2345678")
            await send_touches(db, one, item, refused, origin=f"{word} file")
            async with db.tenant(one) as connection:
                await enqueue(connection, one, CREDIT, {"order": word})
            await do_jobs(db, {CREDIT: JobKind(CREDIT, fail, attempts=1)})
        await scan_for_personal_data(db, one)
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute(
            "UPDATE dead_events SET recorded_at = now() - interval '91 days' WHERE origin LIKE 'ancient%'"
        )
        admin.execute(
            "UPDATE jobs SET finished_at = now() - interval '91 days' WHERE arguments::text ~ 'ancient'"
        )
    async with db.tenant(tenant) as connection:
        await retain_touches(connection, tenant, 40)
    before = read_everything(clone)
    assert len(relations_with(before, "ancient")) == 3
    for one in (tenant, other_tenant):
        async with db.tenant(one) as connection:
            await enqueue(connection, one, FORGET.name)
    await do_jobs(db, {FORGET.name: FORGET})
    after = read_everything(clone)
    mine = {name: [t for t in texts if str(tenant) in t] for name, texts in after.items()}
    assert relations_with(mine, "ancient") == set()
    assert relations_with(mine, "recent") == {
        "public.attribution_events",
        "public.dead_events",
        "public.jobs",
    }
    # The other tenant keeps its touches for ever, and its dead events for 90 days.
    theirs = {name: [t for t in texts if str(other_tenant) in t] for name, texts in after.items()}
    assert relations_with(theirs, "ancient") == {"public.attribution_events"}
    for one, places in ((tenant, 2), (other_tenant, 3)):
        async with db.tenant(one) as connection:
            assert len(await list_findings(connection, one)) == places
            assert len(await list_dead_events(connection, one)) == 1


@pytest.mark.parametrize(("touch_days", "kept"), [(None, 89), (40, 39), (400, 89)])
async def test_dead_events_are_kept_as_long_as_touches_and_90_days_at_most(
    db: Database, clone: Clone, tenant: UUID, touch_days: int | None, kept: int
) -> None:
    async with db.tenant(tenant) as connection:
        await retain_touches(connection, tenant, touch_days)
    for days in (kept, kept + 2):
        await send_touches(db, tenant, make_touch(occurred_at="no"), origin=f"{days} days")
        with psycopg.connect(clone.superuser_url) as admin:
            admin.execute(
                "UPDATE dead_events SET recorded_at = now() - make_interval(days => %s) WHERE origin LIKE %s",
                (days, f"{days} days%"),
            )
    async with db.tenant(tenant) as connection:
        await enqueue(connection, tenant, FORGET.name)
    await do_jobs(db, {FORGET.name: FORGET})
    async with db.tenant(tenant) as connection:
        assert [
            event.origin.split()[0] for event in await list_dead_events(connection, tenant)
        ] == [str(kept)]


async def test_dead_events_cannot_be_deleted_in_any_other_way(db: Database, tenant: UUID) -> None:
    await send_touches(db, tenant, make_touch(occurred_at="no"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.tenant(tenant) as connection:
            await connection.execute("DELETE FROM dead_events")
