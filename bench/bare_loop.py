"""The bare loop to compare the API with: it sends statements repeatedly and does nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg

from bench.asking import MARK, Figures, keep_asking
from skeldir.clock import utc_now

_IDS = re.compile("[0-9a-f]{32}(\x1f[0-9a-f]{32})*")

Statement = tuple[str, tuple[object, ...]]
INSERT = """
    INSERT INTO public.attribution_events
        (tenant_id, id, idempotency_key, occurred_at, journey_key, channel_code, channel_rule, source, medium, campaign,
         landing_path)
    VALUES ($1, $2::text::uuid, $3, $4, $5, $6, $7, $8, $9, $10, $11)"""


async def replay(
    pool: asyncpg.Pool[asyncpg.Record],
    statements: Sequence[Statement],
    clients: int,
    seconds: float,
    first: int,
) -> Figures:
    """Send the statements of one request after the other, repeatedly, from `clients` tasks."""

    async def ask(number: int) -> None:
        mark = f"{number:012x}"
        async with pool.acquire() as connection:
            for query, values in statements:
                if values:
                    filled = [v.replace(MARK, mark) if isinstance(v, str) else v for v in values]
                    await connection.fetch(query, *filled)
                else:
                    await connection.execute(query)

    return await keep_asking([ask] * clients, seconds, first)


def record_one(tenant_id: UUID) -> list[Statement]:
    """Return the statements that any program must send to record one touch."""
    values = (
        tenant_id,
        f"{MARK}70008000{0:012x}",
        f"{MARK}-0",
        utc_now() - timedelta(hours=1),
        bytes(32),
        "paid_search",
        "utm.paid_search",
        "google",
        "cpc",
        "spring",
        "/p/0",
    )
    return [
        ("BEGIN", ()),
        ("SELECT public.set_tenant($1)", (tenant_id,)),
        (INSERT, values),
        ("COMMIT", ()),
    ]


def with_marked_ids(statement: Statement) -> Statement:
    """Make the ids of the touches differ in each request as well."""
    query, values = statement
    return query, tuple(
        "\x1f".join(f"{MARK}70008000{n:012x}" for n in range(value.count("\x1f") + 1))
        if isinstance(value, str) and _IDS.fullmatch(value)
        else value
        for value in values
    )
