"""LIVENESS: one tenant, one request or one hot key stops what serves the others, each tried on the service."""

from __future__ import annotations

import asyncio
import gzip
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from time import monotonic, sleep
from typing import Final, LiteralString

import httpx2
from psycopg import sql
from psycopg.rows import dict_row

from proof.contract import Check
from proof.recomputed.stored import read_stored
from proof.stage.expectations import (
    answers,
    done,
    every,
    has_row,
    no_rows,
    one_row,
    rows,
    shows,
)
from proof.stage.fits import FIT
from proof.stage.ground import APP_USER
from proof.stage.proving import Proof, Session
from proof.stage.world import World
from skeldir.clock import utc_now
from skeldir.db import lock_key

_WATCHED_S: Final = 8.0
_LOOK_S: Final = 0.2
_SOON_S: Final = 60.0
# What a machine that is busy with other things may add to a bound.
_SLACK_S: Final = 1.0
_PERIODS: Final = 2
# 2.6 million lines, 5 kB when they are packed.
_BOMB: Final = gzip.compress(b"x\n" * 2_600_000)
_HOT_KEY: Final = "everybody"
_HOT_TOUCHES: Final = 3_000
_HOT_ORDERS: Final = 300
_CENTS: Final = 100
_MODELS: Final = (
    "first_touch",
    "last_non_direct",
    "last_touch",
    "linear",
    "position_based",
    "time_decay",
)
_WAITING: Final = 10
_REPORTS: Final = ("/v1/attribution/channels", "/v1/revenue/daily", "/v1/views", "/v1/jobs")
# Jobs run only once the writers of their tenant are gone, so this holds the world's one worker.
_ASK_FOR_CREDIT: Final[LiteralString] = """
    WITH marked AS (
        INSERT INTO public.dirty_orders (tenant_id, order_id) VALUES (public.current_tenant_id(), 'liveness')
        RETURNING 1)
    INSERT INTO public.jobs (tenant_id, id, kind, correlation_id)
    SELECT public.current_tenant_id(), gen_random_uuid(), 'attribution.credit', gen_random_uuid() FROM marked"""
_WAITS: Final[LiteralString] = """
    SELECT count(*) AS jobs_that_wait FROM pg_locks l JOIN public.jobs j ON j.state = 'running'
    WHERE l.locktype = 'advisory' AND NOT l.granted"""
_AGES: Final[LiteralString] = """
    SELECT name, every_s, extract(epoch FROM clock_timestamp() - ended_at) AS age_s FROM public.pulses ORDER BY name"""
_IS_CREDITED: Final[LiteralString] = """
    SELECT NOT EXISTS (SELECT FROM public.dirty_orders)
       AND NOT EXISTS (SELECT FROM public.jobs WHERE kind = 'attribution.credit' AND state IN ('ready', 'running'))"""
_THEIR_JOURNEYS: Final[LiteralString] = """
    SELECT order_id, converted_at, previous_age, path, entries FROM public.order_journeys
    WHERE order_id LIKE 'liveness-%'"""
_NUMBERS: Final[LiteralString] = "SELECT channel_code, number FROM public.channel_numbers"
# No other order of the world is of these days.
_THEIR_CREDIT: Final[LiteralString] = """
    SELECT model_version, channel_code, sum(conversion_ppt) AS conversion_ppt, sum(credited_cents) AS credited_cents
    FROM public.rollup_channel_day
    WHERE basis = 'entry'
      AND revenue_date >= (SELECT min((occurred_at AT TIME ZONE 'UTC')::date) FROM public.revenue_ledger
                           WHERE order_id LIKE 'liveness-%')
    GROUP BY 1, 2 ORDER BY 1, 2"""
_THEIR_CREDIT_EXPECTED: Final = shows(
    ("model_version", "channel_code", "conversion_ppt", "credited_cents"),
    *sorted(
        [
            *(
                (f"{model}@1", channel, f"{orders}{'0' * 12}", _CENTS * orders)
                for model in _MODELS
                for channel, orders in (("email", _HOT_ORDERS), ("unattributed", 1))
            ),
            # By a fit a journey begins again after each order, and all touches came before the first one.
            (FIT, "email", f"1{'0' * 12}", _CENTS),
            (FIT, "unattributed", f"{_HOT_ORDERS}{'0' * 12}", _CENTS * _HOT_ORDERS),
        ]
    ),
)


def _prove_pulses(proof: Proof) -> None:
    world = proof.world
    with _holding_ingest(proof) as session:
        session.ask(_ASK_FOR_CREDIT, expect=done("INSERT 0 1"))
        _wait_for(session, _WAITS, 1)
        session.ask(_WAITS, expect=one_row(jobs_that_wait=1))
        late: dict[str, bool] = {}
        end = monotonic() + _WATCHED_S
        while monotonic() < end:
            for name, every_s, age_s in session.connection.execute(_AGES).fetchall():
                is_late = age_s > _PERIODS * float(every_s) + _SLACK_S
                late[name] = late.get(name, False) or is_late
            sleep(_LOOK_S)
        proof.tabulate(
            f"public.pulses, every {_LOOK_S:g} s for {_WATCHED_S:g} s while the one worker waits: the pulses, and "
            f"whether one at any look had last ended more than {_PERIODS} of its periods and {_SLACK_S:g} s ago",
            ("pulse", "was late"),
            sorted(late.items()),
            expect=(has_row(pulse="jobs.sweep"), no_rows({"was late": True})),
        )
    world.refresh()


def _prove_pool(proof: Proof) -> None:
    """Ten requests of A wait for a lock that somebody holds; neither B nor the readiness notices."""
    with _holding_ingest(proof):
        asyncio.run(_ask_beside_waiting(proof))
    world = proof.world
    proof.fetch(
        "POST",
        f"{world.base}/v1/touches",
        key=world.key_a,
        json=[_touch("liveness-after", "after")],
        expect=answers(200, accepted=1),
    )
    world.refresh()


async def _ask_beside_waiting(proof: Proof) -> None:
    world = proof.world
    async with _clients(world) as (a, b):
        waiting = [
            asyncio.create_task(
                _status(a.post("/v1/touches", json=[_touch(f"liveness-{n}", "waits")]))
            )
            for n in range(_WAITING)
        ]
        await asyncio.sleep(0.5)
        others = {
            "POST /v1/touches": await _status(
                b.post("/v1/touches", json=[_touch(f"liveness-b-{utc_now().timestamp()}", "b")])
            )
        }
        for path in (*_REPORTS, "/health/ready", "/health/live"):
            others[f"GET {path}"] = await _status(b.get(path))
        of_a = [await one for one in waiting]
    proof.tabulate(
        f"the statuses of B's requests while {_WAITING} requests of A waited for A's lock, held by another session of "
        f"{APP_USER}",
        ("request", "status"),
        others.items(),
        expect=(rows(exactly=len(_REPORTS) + 3), every("status", 200)),
    )
    proof.tabulate(
        "the statuses of A's requests",
        ("request", "status"),
        enumerate(of_a, start=1),
        expect=(rows(exactly=_WAITING), every("status", 429, 503)),
    )


def _prove_bomb(proof: Proof) -> None:
    world = proof.world
    status, longest_s, others = asyncio.run(_drop_bomb(world))
    proof.tabulate(
        f"POST {world.base}/v1/touches of {len(_BOMB)} bytes that unfold to 2,600,000 lines",
        ("status",),
        [(status,)],
        expect=one_row(status=413),
    )
    proof.tabulate(
        "GET /health/live, repeated until that was answered: the statuses, and if each came within a second",
        ("status", "within a second"),
        [(other, longest_s < _SLACK_S) for other in sorted(others)],
        expect=shows(("status", "within a second"), (200, True)),
    )


async def _drop_bomb(world: World) -> tuple[str, float, set[str]]:
    headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
    others: set[str] = set()
    longest_s = 0.0
    async with _clients(world) as (a, b):
        bomb = asyncio.create_task(_status(a.post("/v1/touches", content=_BOMB, headers=headers)))
        is_over = False
        # Again after its end: the stall may be what came just before the answer.
        while not is_over:
            is_over = bomb.done()
            began = monotonic()
            others.add(await _status(b.get("/health/live")))
            longest_s = max(longest_s, monotonic() - began)
        return await bomb, longest_s, others


def _prove_hot_key(proof: Proof) -> None:
    """One key for very many touches and orders, and an order of the same tenant that has nothing to do with it."""
    world = proof.world
    touches = [_touch(f"liveness-hot-{n}", _HOT_KEY) for n in range(_HOT_TOUCHES)]
    orders = [_order(f"liveness-hot-{n}", _HOT_KEY) for n in range(_HOT_ORDERS)]
    for path, items in (("touches", touches), ("conversions", orders)):
        proof.fetch(
            "POST",
            f"{world.base}/v1/{path}",
            key=world.key_a,
            json=items,
            expect=answers(200, accepted=len(items)),
        )
    proof.fetch(
        "POST",
        f"{world.base}/v1/conversions",
        key=world.key_a,
        json=[_order("liveness-alone", "of nobody else")],
        expect=answers(200, accepted=1),
    )
    with proof.session(APP_USER, world.database, tenant=world.a) as session:
        _wait_for(session, _IS_CREDITED, True)
        proof.tabulate(
            "the stored journeys of these orders, taken apart in plain Python (proof.recomputed.stored) from "
            "order_journeys as app_user reads it: how many orders have which touches",
            ("touches", "orders"),
            sorted(_count_touches(session).items()),
            expect=shows(
                ("touches", "orders"), (f"{_HOT_TOUCHES} email", _HOT_ORDERS), ("no touches", 1)
            ),
        )
        session.ask(_THEIR_CREDIT, expect=_THEIR_CREDIT_EXPECTED)
    world.refresh()


def _count_touches(session: Session) -> Counter[str]:
    cursor = session.connection.cursor(row_factory=dict_row)
    numbers = cursor.execute(_NUMBERS).fetchall()
    orders: Counter[str] = Counter()
    # One at a time: together they are a million touches.
    for journey in cursor.execute(_THEIR_JOURNEYS).fetchall():
        (order,) = read_stored([journey], numbers)
        touches = Counter(touch["channel_code"] for touch in order.touches)
        counted = ", ".join(f"{count} {channel}" for channel, count in sorted(touches.items()))
        orders[counted or "no touches"] += 1
    return orders


@contextmanager
def _holding_ingest(proof: Proof) -> Iterator[Session]:
    """Hold the lock that A's writers share, in a session of A; whoever steals the role's password can do the same."""
    world = proof.world
    key = sql.Literal(lock_key(f"ingest:{world.a}"))
    with proof.session(APP_USER, world.database, tenant=world.a) as session:
        session.ask(sql.SQL("SELECT pg_advisory_lock({})").format(key))
        try:
            yield session
        finally:
            session.ask(
                sql.SQL("SELECT pg_advisory_unlock({}) AS unlocked").format(key),
                expect=one_row(unlocked=True),
            )


@asynccontextmanager
async def _clients(world: World) -> AsyncIterator[tuple[httpx2.AsyncClient, httpx2.AsyncClient]]:
    """Give a client of each tenant."""
    async with AsyncExitStack() as stack:
        a, b = [
            await stack.enter_async_context(
                httpx2.AsyncClient(
                    base_url=world.base, headers={"Authorization": f"Bearer {key}"}, timeout=90
                )
            )
            for key in (world.key_a, world.key_b)
        ]
        yield a, b


async def _status(asked: Awaitable[httpx2.Response]) -> str:
    try:
        return str((await asked).status_code)
    except httpx2.TransportError as fault:
        return f"no answer: {type(fault).__name__}"


def _wait_for(session: Session, question: LiteralString, answer: object) -> None:
    """Ask until the answer is this, for a minute at most; the step that follows shows whether it is."""
    end = monotonic() + _SOON_S
    while monotonic() < end:
        if session.connection.execute(question).fetchone() == (answer,):
            return
        sleep(_LOOK_S)


def _touch(key: str, journey: str) -> dict[str, object]:
    return {
        "idempotency_key": key,
        "occurred_at": utc_now().isoformat(),
        "journey_key": journey,
        "channel": "email",
    }


def _order(order_id: str, journey: str) -> dict[str, object]:
    return {
        "idempotency_key": order_id,
        "order_id": order_id,
        "kind": "capture",
        "amount_cents": _CENTS,
        "currency": "USD",
        "occurred_at": utc_now().isoformat(),
        "journey_key": journey,
    }


CHECKS: Final = (
    Check(
        "LIVENESS/pulses",
        "While every worker is held up by one tenant's credit, each pulse keeps its pace.",
        _prove_pulses,
    ),
    Check(
        "LIVENESS/one-tenant",
        "While ten requests of a tenant wait for its lock, another tenant is served, the service is ready, and the "
        "first one alone is asked to repeat its requests.",
        _prove_pool,
    ),
    Check(
        "LIVENESS/bomb",
        "A body of five kilobytes that unfolds to millions of lines is refused, and others are answered all the time.",
        _prove_bomb,
    ),
    Check(
        "LIVENESS/hot-key",
        "Thousands of touches and hundreds of orders under one journey key are credited, and so is every other order.",
        _prove_hot_key,
    ),
)
