"""A home with two shops, an archive and a backup, and what was written to it after the backup."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg

from skeldir.backups import Backup, start_archiving, take_backup
from skeldir.db.embedded import EmbeddedServer, embedded_server
from skeldir.db.pool import open_database
from skeldir.migrations.run import upgrade
from tests.conftest import FAST_SERVER
from tests.support.audited import make_shop
from tests.support.embedded import short_place
from tests.support.make import make_conversion, send_conversions

DATABASE = "skeldir"
PASSWORD = "not the default"
LARGE = "SELECT pg_logical_emit_message(false, 'x', repeat('x', 17000000))"


@dataclass(frozen=True, slots=True)
class Origin:
    """A home that was backed up, and the moments between the orders that it received afterwards."""

    home: Path
    folder: Path
    # The first of two.
    backup: Backup
    tenants: tuple[UUID, UUID]
    # After the order `first`, before the order `second`; `third` is the last one.
    after_first: datetime
    lsn_after_first: str

    @property
    def archive(self) -> Path:
        assert self.backup.facts.archive is not None
        return self.folder / "wal" / self.backup.facts.archive


def ask(
    server: EmbeddedServer, statement: str, *values: object, user: str = "postgres"
) -> list[tuple[object, ...]]:
    url = server.url(user=user, database=DATABASE)
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(statement.encode(), values or None).fetchall()


def receive(server: EmbeddedServer, tenant: UUID, order: str) -> None:
    """Receive a capture as the program does."""

    async def send() -> None:
        url = server.url(user="app_user", database=DATABASE)
        async with open_database(url, pool_size=1, statement_timeout_ms=30_000) as db:
            await send_conversions(
                db, tenant, make_conversion(order_id=order, idempotency_key=order)
            )

    asyncio.run(send())


def orders_of(server: EmbeddedServer, tenant: UUID) -> set[str]:
    """Return the orders that app_user sees as this tenant, among those that came after the backup."""
    with psycopg.connect(server.url(user="app_user", database=DATABASE)) as connection:
        connection.execute("SELECT set_config('app.current_tenant_id', %s, true)", (str(tenant),))
        rows = connection.execute(
            "SELECT order_id FROM revenue_ledger WHERE order_id = ANY (%s)",
            (["first", "second", "third"],),
        ).fetchall()
    return {str(order) for (order,) in rows}


@contextmanager
def made_origin() -> Iterator[Origin]:
    """Make it in a place of its own, and remove it with everything beside it."""
    with short_place() as place:
        home, folder = place / "home", place / "backups"
        with embedded_server(home, server_settings=FAST_SERVER) as server:
            with psycopg.connect(server.url(), autocommit=True) as admin:
                admin.execute(f"CREATE DATABASE {DATABASE}")
            upgrade(server.url(database=DATABASE))
            tenants = asyncio.run(_make_shops(server))
            ask(server, f"SELECT 1; ALTER ROLE app_user PASSWORD '{PASSWORD}'; SELECT 1")
        start_archiving(home, folder, timedelta(minutes=5))
        with embedded_server(home, server_settings=FAST_SERVER) as server:
            backup = take_backup(home, folder, database=DATABASE)
            ask(server, LARGE)  # a record that goes on in another segment
            receive(server, tenants[0], "first")
            with psycopg.connect(server.url(database=DATABASE)) as open_transaction:
                open_transaction.execute("CREATE SCHEMA behind_the_moment")
                ((at, lsn),) = ask(
                    server, "SELECT clock_timestamp(), pg_current_wal_insert_lsn()::text"
                )
            # The next record was its commit.
            # PostgreSQL reads one record more, to see that it is behind the moment.
            ask(server, "SELECT pg_logical_emit_message(false, 'x', 'x')")
            ask(server, LARGE)
            receive(server, tenants[0], "second")
            ask(server, LARGE)
            ask(server, LARGE)
            receive(server, tenants[0], "third")
            take_backup(home, folder, database=DATABASE)
            ask(server, LARGE)
            ask(server, "SELECT pg_logical_emit_message(true, 'x', 'the last commit')")
        assert isinstance(at, datetime)
        yield Origin(home, folder, backup, tenants, at, str(lsn))


async def _make_shops(server: EmbeddedServer) -> tuple[UUID, UUID]:
    url = server.url(user="app_user", database=DATABASE)
    async with open_database(url, pool_size=2, statement_timeout_ms=30_000) as db:
        return await make_shop(db, "A"), await make_shop(db, "B")


@contextmanager
def copied(origin: Origin) -> Iterator[Origin]:
    """A copy of the folder, owners kept, for a test that changes it."""
    with short_place() as place:
        folder = place / "backups"
        subprocess.run(["cp", "-a", origin.folder, folder], check=True)  # noqa: S607 - fixed arguments
        backup = replace(origin.backup, path=folder / "base" / origin.backup.facts.name)
        yield replace(origin, folder=folder, backup=backup)


@contextmanager
def flipped(path: Path, offset: int) -> Iterator[None]:
    """Flip one bit of a file during the block; a negative offset counts from its end."""
    offset %= path.stat().st_size
    with path.open("r+b", buffering=0) as file:
        file.seek(offset)
        (before,) = file.read(1)
        file.seek(offset)
        file.write(bytes([before ^ 1]))
        try:
            yield
        finally:
            file.seek(offset)
            file.write(bytes([before]))
