"""Runs in processes that kill themselves at a chosen statement: `python -m tests.support.dying_worker`.

Each line of its input asks for a run. It forks a process for each, so that none has to import the program again. A
process counts what it sends to the server, from the first statement of its run on, and sends itself SIGKILL just before
the statement with a given number, or when it has sent a given COMMIT and has read no answer yet.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache, partial
from math import inf
from typing import Any
from uuid import UUID

import asyncpg
import numpy as np
import orjson

from skeldir.attribution import (
    ModelParameters,
    credit_dirty_orders,
    retire_model,
    set_models,
    set_time_zone,
    tasks,
)
from skeldir.attribution.bounds import Bounds
from skeldir.attribution.kinds import CREDIT
from skeldir.attribution.parameters import ModelNotInForce
from skeldir.days import ZoneRules, read_rules
from skeldir.db.pool import Database, open_database
from skeldir.fits.kinds import MAKE_FIT
from skeldir.fits.tasks import MAKE_FIT_KIND
from skeldir.ingest import undoing
from skeldir.ingest.kinds import RESTATE_SPEND, UNDO
from skeldir.ingest.tasks import UNDO_KIND
from skeldir.jobs import do_jobs
from skeldir.rollups import roll_up_dirty_days, roll_up_in_turn
from skeldir.spend import restating
from skeldir.spend.tasks import RESTATE_KIND
from tests.support.learning import learn_arrays_once

_ARRAYS = """SELECT $1::bigint[], $2::integer[], $3::double precision[], $4::date[], $5::timestamptz[], $6::bytea[],
                    $7::uuid[], $8::text[], $9::smallint[], $10::boolean[], $11::numeric[], $12::jsonb[]"""
KINDS = {CREDIT: tasks.CREDIT_KIND}
# Some orders take several turns, a journey of four touches is crowded, and an order of six entries is too large.
FEW_AT_ONCE = Bounds(
    orders_at_once=20,
    touches_of_light_journey=3,
    entries_of_order=5,
    orders_of_expansion=12,
    orders_of_restatement=4,
)


@dataclass(frozen=True, slots=True)
class Directions:
    """What a process does, and at which statement or commit it dies; without either, it finishes."""

    url: str
    work: str
    tenants: tuple[str, ...] = ()
    before_statement: int | None = None
    after_commit: int | None = None


@dataclass(slots=True)
class Sent:
    """How many statements a run has sent, and how many of these were commits."""

    statements: int = 0
    commits: int = 0


async def do_credit_jobs(database: Database, _tenants: list[UUID]) -> None:
    """Do what a worker does for orders that are marked: credit them, and roll their days up."""
    await do_jobs(database, KINDS)


async def roll_up_for_beat(database: Database, _tenants: list[UUID]) -> None:
    await roll_up_in_turn(database, deadline=inf)


async def roll_up_for_an_operator(database: Database, _tenants: list[UUID]) -> None:
    await roll_up_dirty_days(database)


async def change_models(database: Database, tenants: list[UUID]) -> None:
    """Change models, bring one back, retire one, and do the jobs that credit by those in force then.

    What the first tenant's ask for, its stored journeys hold; the second one's look further back. Each change is made
    again by whoever does not know whether it was made.
    """
    first, second = tenants
    held = {"linear": ModelParameters(lookback_days=6), "last_touch": ModelParameters()}
    further = {"time_decay": ModelParameters(lookback_days=40, after_conversion="reset")}
    for tenant, parameters in ((first, held), (second, further)):
        async with database.tenant(tenant) as connection:
            await set_models(connection, tenant, parameters, changed_by="test")
    with suppress(ModelNotInForce):
        async with database.tenant(first) as connection:
            await retire_model(connection, first, "position_based", changed_by="test")
    await do_jobs(database, KINDS)


async def change_time_zones(database: Database, tenants: list[UUID]) -> None:
    """Change the time zone of each tenant, and do the jobs that credit by the new days."""
    for tenant, rules in zip(tenants, _rules(), strict=True):
        async with database.tenant(tenant) as connection:
            await set_time_zone(connection, tenant, rules, changed_by="test")
    await do_jobs(database, KINDS)
    await roll_up_dirty_days(database)


@cache
def _rules() -> list[ZoneRules]:
    return [read_rules(name) for name in ("Europe/Berlin", "Pacific/Kiritimati")]


async def restate_channels(database: Database, _tenants: list[UUID]) -> None:
    """Do the jobs that restate channels, two touches or days at a time, and credit the orders that they reach."""
    await do_jobs(database, {UNDO: UNDO_KIND, RESTATE_SPEND: RESTATE_KIND, **KINDS})
    await roll_up_dirty_days(database)


async def make_fits(database: Database, _tenants: list[UUID]) -> None:
    await do_jobs(database, {MAKE_FIT: MAKE_FIT_KIND})


Work = Callable[[Database, list[UUID]], Awaitable[None]]
WORKS: Mapping[str, Work] = {
    work.__name__: work
    for work in (
        do_credit_jobs,
        roll_up_for_beat,
        roll_up_for_an_operator,
        change_models,
        change_time_zones,
        restate_channels,
        make_fits,
    )
}


def die_as_directed(directions: Directions) -> Sent:
    """Count what this process sends from now on, and kill it at the chosen statement."""
    sent = Sent()
    # These two methods of the driver send every statement of the program. The first leaves those with arguments to the
    # second.
    send_text = asyncpg.Connection.execute
    send_bound = asyncpg.Connection._execute  # noqa: SLF001 - the driver has no public method that all of them pass

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    async def send(text: str, answer: Coroutine[Any, Any, Any]) -> Any:
        sent.statements += 1
        if sent.statements == directions.before_statement:
            die()
        if text.startswith("COMMIT"):
            sent.commits += 1
            if sent.commits == directions.after_commit:
                answer.send(None)  # which writes the statement, and then waits for the answer
                die()
        return await answer

    async def execute(connection: Any, query: str, *arguments: Any, **options: Any) -> Any:
        answer = send_text(connection, query, *arguments, **options)
        return await (answer if arguments else send(query, answer))

    async def _execute(connection: Any, query: str, *arguments: Any, **options: Any) -> Any:
        return await send(query, send_bound(connection, query, *arguments, **options))

    asyncpg.Connection.execute = execute  # type: ignore[method-assign]  # in a separate process
    asyncpg.Connection._execute = _execute  # noqa: SLF001 - likewise
    return sent


async def run(directions: Directions) -> Sent:
    tenants = [UUID(tenant) for tenant in directions.tenants]
    async with open_database(directions.url, pool_size=2, statement_timeout_ms=30_000) as database:
        sent = die_as_directed(directions)
        await WORKS[directions.work](database, tenants)
        return Sent(sent.statements, sent.commits)


async def learn(url: str) -> None:
    """Do here what each forked process would do again: ask the server what arrays are, and import what is used late."""
    connection = await asyncpg.connect(url)
    await connection.prepare(_ARRAYS)
    await connection.close()
    # The first call of both imports a package.
    await asyncio.to_thread(np.unique, np.empty(0))


def main() -> None:
    """Fork a process for each line of directions; report how it ended and, unless it was killed, what it sent."""
    tasks.credit_dirty_orders = partial(credit_dirty_orders, bounds=FEW_AT_ONCE)  # type: ignore[assignment]
    undoing.run_undoing = partial(undoing.run_undoing, most=2)  # type: ignore[assignment]
    restating.restate_spend = partial(restating.restate_spend, at_once=2)  # type: ignore[assignment]
    _rules()  # here, since a process that is forked for each line would read them again
    learn_arrays_once()
    has_learnt = False
    for line in sys.stdin:
        directions = Directions(**orjson.loads(line))
        if not has_learnt:
            asyncio.run(learn(directions.url))
            gc.freeze()  # a collection would copy all that the processes share
            has_learnt = True
        answers, answer = os.pipe()
        if (child := os.fork()) == 0:
            sent = asyncio.run(run(directions))
            os.write(answer, orjson.dumps(asdict(sent)))
            os._exit(0)
        os.close(answer)
        _, status = os.waitpid(child, 0)
        with os.fdopen(answers, "rb") as pipe:
            said = orjson.loads(pipe.read() or b"null")
        ended = {"exit_code": os.waitstatus_to_exitcode(status), "sent": said}
        sys.stdout.write(orjson.dumps(ended).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
