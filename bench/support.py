"""Shared by the measurements: a durable server, stopwatches, and tables of figures."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import math
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

import asyncpg
import psycopg
from psycopg import sql
from rich.console import Console
from rich.table import Table

from skeldir.attribution import define_models
from skeldir.db.embedded import EmbeddedServer, embedded_server
from skeldir.db.ids import new_id
from skeldir.db.pool import Database, open_database
from skeldir.migrations.run import upgrade
from skeldir.tenants import create_tenant, issue_key

Superuser: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

# Names and figures are shown in full, also in a file.
console = Console(width=max(120, Console().width))
_LONGEST_STATEMENT_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Place:
    """A migrated database for one measurement, on a server with the settings that the program ships with."""

    server: EmbeddedServer
    home: Path
    name: str

    @property
    def app_url(self) -> str:
        return self.server.url(user="app_user", database=self.name)

    @property
    def superuser_url(self) -> str:
        return self.server.url(database=self.name)

    def add_database(self, name: str) -> Place:
        """Create another migrated database on the same server."""
        with psycopg.connect(self.server.url(), autocommit=True) as admin:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        place = Place(self.server, self.home, name)
        upgrade(place.superuser_url)
        return place

    def copy_database(self, name: str) -> Place:
        """Copy this database, to which nobody may be connected."""
        copying = "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY"
        with psycopg.connect(self.server.url(), autocommit=True) as admin:
            admin.execute(sql.SQL(copying).format(sql.Identifier(name), sql.Identifier(self.name)))
        return Place(self.server, self.home, name)


@contextmanager
def durable_place() -> Iterator[Place]:
    """Start an embedded server, with fsync, in a temporary home, with a migrated database; remove it afterwards."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    home = Path(tempfile.mkdtemp(prefix="skeldir-bench-"))
    home.chmod(0o711)  # the server may run as another user, who must be able to enter
    try:
        with embedded_server(home) as server:
            yield Place(server, home, "postgres").add_database("bench")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def open_program(place: Place) -> AbstractAsyncContextManager[Database]:
    """Connect as the program does, as `app_user`."""
    return open_database(place.app_url, pool_size=4, statement_timeout_ms=_LONGEST_STATEMENT_MS)


@asynccontextmanager
async def open_superuser(place: Place) -> AsyncIterator[Superuser]:
    """Connect as the superuser, who may load, truncate and read everything."""
    connection = await asyncpg.connect(place.superuser_url)
    try:
        yield connection
    finally:
        await connection.close()


async def make_tenant(database: Database, name: str) -> UUID:
    """Create a tenant with the default models, and return its id."""
    tenant_id = new_id()
    async with database.tenant(tenant_id) as connection:
        await create_tenant(connection, tenant_id, name)
        await define_models(connection, tenant_id)
    return tenant_id


async def make_secret(database: Database, tenant_id: UUID, *scopes: str) -> str:
    """Create a key of the tenant, with the scope `ingest` unless other scopes are given."""
    async with database.tenant(tenant_id) as connection:
        key = await issue_key(
            connection, tenant_id, name="bench", scopes=scopes or ["ingest"], expires_at=None
        )
    return key.secret


async def for_each(tenants: Sequence[UUID], work: Callable[[UUID], Awaitable[None]]) -> None:
    """Do `work` for every tenant, three at a time: while the server works for one, the program works for another."""
    waiting = iter(tenants)

    async def work_on() -> None:
        for tenant_id in waiting:
            await work(tenant_id)

    await asyncio.gather(*(work_on() for _ in range(3)))


async def checkpoint(admin: Superuser) -> None:
    """Clean up after earlier work, here and in the server, so that the next measurement does not pay for it."""
    gc.collect()
    await admin.execute("CHECKPOINT")


@dataclass(slots=True)
class Stopwatch:
    """Seconds of repeated runs of one measurement."""

    seconds: list[float] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Time the block."""
        began = time.perf_counter()
        yield
        self.seconds.append(time.perf_counter() - began)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def spread(self) -> str:
        return f"{min(self.seconds):.2f} to {max(self.seconds):.2f}"


def percentile(seconds: Sequence[float], share: int) -> float:
    """Return the smallest figure that at least `share` percent of the figures do not exceed."""
    return sorted(seconds)[math.ceil(len(seconds) * share / 100) - 1]


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print figures: the first column is their name, the others are numbers."""
    table = Table(title=title, title_justify="left")
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 else "right")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def show_ratio(what: str, ratio: float, asked: str, *, is_met: bool) -> None:
    """Print a ratio and the target of its claim."""
    verdict = "[green]met[/]" if is_met else "[red]not met[/]"
    console.print(f"{what}: [bold]{ratio:.2f}[/] (target: {asked}, {verdict})", highlight=False)


def make_parser(claim: str | None) -> argparse.ArgumentParser:
    """Return a parser that shows the claim in its help and has the option `--quick`."""
    parser = argparse.ArgumentParser(
        description=claim, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, to see whether it runs")
    return parser
