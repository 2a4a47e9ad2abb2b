"""The real application, called without a network, and a separate server for tests that stop or freeze one."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from uuid import UUID

import httpx2
import psutil
import psycopg
from fastapi import FastAPI
from starlette.routing import BaseRoute, Route

from skeldir.app import create_app
from skeldir.db.embedded import embedded_server
from skeldir.db.pool import Database, open_database
from skeldir.http.serving import make_server
from skeldir.migrations.run import upgrade
from skeldir.tenants import issue_key
from tests.conftest import FAST_SERVER
from tests.support.embedded import crash, read_postmaster, wait_until
from tests.support.make import make_tenant

# What was committed survives a killed server, but not the loss of the machine.
_DURABLE_SERVER = FAST_SERVER | {"synchronous_commit": "on"}
PROBLEM_FIELDS = {"type", "title", "status", "code", "detail", "cure", "correlation_id"}


def make_app(url: str) -> FastAPI:
    """Return the application on the database at `url`, with the routes of all others of this process.

    What FastAPI derives from a route is the same in each of them, and would take the first request longer than all else
    that it does.
    """
    app = create_app(url)
    # Pages have routes of the application's own.
    app.router.routes[:] = [
        own if isinstance(own, Route) else shared
        for own, shared in zip(app.router.routes, _routes(), strict=True)
    ]
    return app


@cache
def _routes() -> list[BaseRoute]:
    return create_app().router.routes


@asynccontextmanager
async def asking(url: str) -> AsyncIterator[tuple[FastAPI, httpx2.AsyncClient]]:
    """Run the application on the database at `url`; its settings are those of the environment."""
    app = make_app(url)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://test", timeout=60) as client,
    ):
        yield app, client


@asynccontextmanager
async def serving_on_loopback(app: FastAPI) -> AsyncIterator[int]:
    """Serve an application that has started by the program's own server; give the port."""
    server = make_server(app, host="127.0.0.1", port=0, receive_timeout_s=5.0, shutdown_timeout_s=5)
    server.config.lifespan = "off"
    running = asyncio.create_task(server.serve())
    try:
        await asyncio.to_thread(wait_until, lambda: server.started)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await running


async def bearer(db: Database, tenant: UUID, *scopes: str) -> dict[str, str]:
    """Return the header with a new key of a tenant."""
    async with db.tenant(tenant) as connection:
        key = await issue_key(
            connection, tenant, name="test", scopes=scopes or ("ingest",), expires_at=None
        )
    return {"Authorization": f"Bearer {key.secret}"}


@dataclass
class OwnServer:
    """A PostgreSQL that belongs to one test file."""

    home: Path
    stack: ExitStack
    url: str = field(init=False)

    def start(self) -> None:
        server = self.stack.enter_context(
            embedded_server(self.home, server_settings=_DURABLE_SERVER)
        )
        self.url = server.url(user="app_user", database="own")
        self.superuser_url = server.url()

    def kill(self) -> None:
        crash(self.home)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop all processes of the server during the block; its sockets stay open."""
        postmaster = psutil.Process(read_postmaster(self.home))
        stopped = [postmaster, *postmaster.children(recursive=True)]
        try:
            for process in stopped:
                os.kill(process.pid, signal.SIGSTOP)
            yield
        finally:
            for process in stopped:
                os.kill(process.pid, signal.SIGCONT)


@contextmanager
def own_server(home: Path) -> Iterator[OwnServer]:
    """Start a migrated server in `home`."""
    with ExitStack() as stack:
        own = OwnServer(home, stack)
        own.start()
        with psycopg.connect(own.superuser_url, autocommit=True) as admin:
            admin.execute("CREATE DATABASE own")
        upgrade(own.superuser_url.replace("/postgres?", "/own?"))
        yield own


async def key_of_new_tenant(url: str, *scopes: str) -> dict[str, str]:
    """Make a tenant in the database at `url`; return the header with a key of that tenant."""
    async with open_database(url, pool_size=1, statement_timeout_ms=30_000) as db:
        return await bearer(db, await make_tenant(db, "A"), *scopes)
