"""People with pages open: members of tenants, signed in as an operator's link lets them in, and what they look at."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING
from uuid import UUID

import uvloop

from bench.wire import Unanswered, Wire, make_request
from skeldir.users import (
    Role,
    SignedInBy,
    begin_session,
    make_sign_in_link,
    new_token,
    use_link,
)

if TYPE_CHECKING:
    from bench.support import Superuser
    from skeldir.db.pool import Database

# Where a service without SKELDIR_PUBLIC_URL shows pages.
HOST = "localhost"


@dataclass(frozen=True, slots=True)
class Visits:
    """What people got: answers by status (0: no answer), and the seconds of each, from when the person asked."""

    statuses: dict[int, int]
    latencies: list[float]


async def sign_in(
    database: Database, admin: Superuser, email: str, tenant: UUID, role: Role = Role.ADMIN
) -> str:
    """Make a member of a tenant, and return the token of his session there."""
    link = await make_sign_in_link(admin, email, tenant_id=tenant, role=role)
    async with database.unbound() as connection:
        user_id, in_tenant = await use_link(connection, link.token)
        begun = await begin_session(
            connection,
            user_id,
            signed_in_by=SignedInBy.LINK,
            device_token=new_token(),
            device="bench",
            tenant_id=in_tenant,
        )
    assert begun is not None
    return begun.token


def ask_for(path: str, token: str) -> bytes:
    """Return the request of a browser whose user opens a page."""
    headers = ("Accept-Encoding: gzip", "Sec-Fetch-Site: same-origin", f"Cookie: skeldir={token}")
    return make_request("GET", path, "", headers=headers, host=HOST)


def look_around(
    port: int, tokens: Sequence[str], paths: Sequence[str], seconds: float, every: float
) -> Visits:
    """Let each person open one of the pages at a fixed interval; runs in its own process."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_look_around(port, tokens, paths, seconds, every))


async def _look_around(
    port: int, tokens: Sequence[str], paths: Sequence[str], seconds: float, every: float
) -> Visits:
    chance = random.Random(0)  # noqa: S311 - the same visits in every run, nothing secret
    statuses: Counter[int] = Counter()
    latencies: list[float] = []
    wire = Wire(port, timeout_s=30.0)
    began = monotonic()

    async def look(place: int, token: str) -> None:
        due = began + every * place / len(tokens)
        while due < began + seconds:
            await asyncio.sleep(max(0.0, due - monotonic()))
            asked, status = monotonic(), 0
            with suppress(Unanswered):
                status = (await wire.ask(ask_for(chance.choice(paths), token))).status
                latencies.append(monotonic() - asked)
            statuses[status] += 1
            due += every

    await asyncio.gather(*(look(place, token) for place, token in enumerate(tokens)))
    wire.close()
    return Visits(dict(statuses), latencies)
