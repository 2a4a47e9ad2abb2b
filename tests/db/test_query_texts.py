"""What other sessions of app_user can read of a statement: its text, which never holds a value."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg

from skeldir.db.pool import Database
from skeldir.ingest import receive_conversions, receive_touches
from skeldir.tenants import (
    authenticate,
    find_key,
    find_tenant_of_key,
    issue_key,
    load_profile,
    note_use,
)
from tests.conftest import Clone
from tests.support.make import make_conversion, make_touch

if TYPE_CHECKING:
    from skeldir.db.pool import Connection


@asynccontextmanager
async def another_session(clone: Clone) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(clone.app_url)
    yield connection
    await connection.close()


async def texts_of_others(connection: asyncpg.Connection[asyncpg.Record]) -> list[str]:
    rows = await connection.fetch(
        """SELECT query FROM pg_stat_activity
           WHERE usename = current_user AND datname = current_database() AND pid <> pg_backend_pid()"""
    )
    return [row["query"] for row in rows]


async def test_binding_to_a_tenant_does_not_show_which_tenant(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    async with another_session(clone) as watcher, db.tenant(tenant):
        texts = await texts_of_others(watcher)
    assert "SELECT public.set_tenant($1)" in texts
    assert str(tenant) not in " ".join(texts)


async def test_no_text_of_a_statement_holds_a_secret_or_what_a_sender_sent(
    db: Database, tenant: UUID
) -> None:
    texts: list[str] = []

    def note(query: asyncpg.LoggedQuery) -> None:
        texts.append(query.query)

    async with db.tenant(tenant) as connection:
        with connection.query_logger(note):
            values = await use_everything(connection, tenant)
    all_texts = "\n".join(texts)
    assert len(texts) > 10
    for part in (
        "insert into public.api_keys",
        "find_api_key",
        "attribution_events",
        "revenue_ledger",
    ):
        assert part in all_texts.lower()
    for value in values:
        assert value not in all_texts


async def use_everything(connection: Connection, tenant: UUID) -> list[str]:
    """Make a key, use it, and send a touch and an order; return the values that must stay secret."""
    key = await issue_key(connection, tenant, name="for ann", scopes=["read"], expires_at=None)
    await find_key(connection, tenant, key.prefix)
    await find_tenant_of_key(connection, key.prefix)
    holder = await authenticate(connection, key.secret)
    assert holder is not None
    await note_use(connection, holder)
    profile = await load_profile(connection, tenant)
    touch = make_touch(journey_key="ann's journey", campaign="ann's campaign")
    order = make_conversion(
        order_id="ann's order", journey_key="ann's journey", amount_cents=987_654
    )
    assert (await receive_touches(connection, profile, [touch], origin="x")).accepted == 1
    assert (await receive_conversions(connection, profile, [order], origin="x")).accepted == 1
    digest = hashlib.sha256(key.secret.encode()).hexdigest()
    own = [
        key.secret,
        key.prefix,
        digest,
        str(key.key_id),
        str(tenant),
        profile.journey_secret.hex(),
    ]
    return [*own, "ann's", "for ann", "987654"]
