"""What every command that keeps running checks before it starts, and the supervisor that it then runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from skeldir.cli.console import err, out
from skeldir.cli.runtime import Runtime, require_head
from skeldir.db import (
    DatabaseUnreachable,
    QueryTooSlow,
    open_database,
    refuses_writes,
    require_admission,
    require_unpooled,
    takes_no_writes,
)
from skeldir.settings import is_postgres_broker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skeldir.db import Admission
    from skeldir.processes import Child

# Longer than a child takes to give up the jobs that it could not finish.
_GRACE_S = 5


def require_startable(runtime: Runtime, connections: int, *, is_restart: bool = False) -> Admission:
    """Fail now, with a clear message, if processes that take `connections` could never work; warn if it will be tight.

    On a restart the schema may be of another version: whoever upgrades may leave the API running, and it is not ready.

    Raises:
        DatabaseUnreachable: nothing answers at DATABASE_URL, or it takes no writes.
        ServerTooOld: the server is older than PostgreSQL 17.
        RuntimeRoleUnsafe: the role is a superuser or bypasses row-level security.
        SchemaOutdated: the migrations have not been run, or belong to another version of the program.
        PoolerRefused: DATABASE_URL, or one of the URLs of Celery, leads to a connection pooler.
        ConnectionsTooFew: the server admits fewer connections.
    """
    admission = asyncio.run(_read_admission(runtime, connections, is_restart=is_restart))
    settings = runtime.settings
    for variable, url in (
        ("CELERY_BROKER_URL", settings.celery_broker_url),
        ("CELERY_RESULT_BACKEND", settings.celery_result_backend),
    ):
        plain = url.get_secret_value().removeprefix("db+") if url is not None else ""
        if is_postgres_broker(plain) or plain.startswith("postgres"):
            require_unpooled(plain.removeprefix("sqla+"), variable)
    if admission.is_tight_for(connections):
        err.print(
            f"Warning: these processes take up to {connections} connections to PostgreSQL, which admits "
            f"{admission.limit} of this role and has {admission.in_use} open. Without a free one, requests get 503, "
            "and workers wait. Lower SKELDIR_POOL_SIZE, or raise max_connections.",
            soft_wrap=True,
        )
    return admission


async def _read_admission(runtime: Runtime, connections: int, *, is_restart: bool) -> Admission:
    async with (
        open_database(
            runtime.app_url,
            pool_size=1,
            statement_timeout_ms=runtime.settings.skeldir_statement_timeout_ms,
        ) as database,
        database.statement() as connection,
    ):
        if refuses_writes(connection):
            raise takes_no_writes()
        if not is_restart:
            await require_head(connection)
        return await require_admission(connection, connections)


def keep_running(
    runtime: Runtime,
    children: Sequence[Child],
    *,
    connections: int,
    waits: bool = True,
    greeting: str | None = None,
) -> int:
    """Run the children until a signal, and report what happens to them; return the exit status.

    With `waits`, children are also started while the database is unreachable: they wait for it themselves. The
    greeting is printed when nothing keeps them from starting.

    Raises:
        DatabaseUnreachable: nothing answers at DATABASE_URL, without `waits`; and the others of `require_startable`.
    """
    from skeldir.processes import Supervisor

    def say(what: str) -> None:
        out.print(what, soft_wrap=True)

    try:
        admission = require_startable(runtime, connections)
    except (DatabaseUnreachable, QueryTooSlow) as error:
        if not waits:
            raise
        err.print(f"{error} Until then the processes wait.", soft_wrap=True)
    else:
        say(
            f"Up to {connections} connections to PostgreSQL, which admits {admission.limit} of this role "
            f"and has {admission.in_use} open."
        )
    if greeting is not None:
        say(greeting)
    return Supervisor(
        children, say, stop_s=runtime.settings.skeldir_shutdown_timeout_s + _GRACE_S
    ).run()
