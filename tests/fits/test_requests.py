"""Fits that are asked for: one at a time per tenant, made once by a worker, and refused with the reason."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest

from skeldir.db import QueryTooSlow
from skeldir.db.pool import Database
from skeldir.fits import (
    FitAsked,
    FitRequest,
    FitRequestUnknown,
    FitWaiting,
    find_latest_request,
    fit_model,
    list_fits,
    read_fit_request,
    request_fit,
    tasks,
)
from skeldir.fits.kinds import MAKE_FIT
from skeldir.fits.refusals import JourneyKeysUnreadable
from skeldir.fits.tasks import MAKE_FIT_KIND, make_fit_for_job
from skeldir.jobs import Job, LeaseLost, do_jobs
from skeldir.jobs.claiming import claim_next_job
from skeldir.worker import KINDS
from tests.conftest import Clone
from tests.support.fitted import ASKED, FIRST_DAY, LAST_DAY, send_journeys
from tests.support.reading import key_of, open_client

PATH = "/v1/fits"
BODY: dict[str, Any] = {"model": "markov", "first_day": "2026-03-01", "last_day": "2026-04-30"}
# Nothing ended on these days.
EMPTY = replace(ASKED, first_day=FIRST_DAY - timedelta(90), last_day=FIRST_DAY - timedelta(60))


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(clone) as client:
        yield client


async def ask(db: Database, tenant: UUID, asked: FitAsked = ASKED) -> UUID:
    async with db.tenant(tenant) as connection:
        return await request_fit(connection, tenant, asked, asked_by="mia@shop.example")


async def read(db: Database, tenant: UUID, request: UUID) -> FitRequest:
    async with db.tenant(tenant, is_read_only=True) as connection:
        return await read_fit_request(connection, tenant, request)


async def versions_of(db: Database, tenant: UUID) -> list[str]:
    async with db.tenant(tenant, is_read_only=True) as connection:
        return sorted(one.version for one in await list_fits(connection, tenant))


async def work(db: Database) -> None:
    await do_jobs(db, {MAKE_FIT: MAKE_FIT_KIND})


async def claim(db: Database) -> Job:
    job = await claim_next_job(db, {MAKE_FIT: MAKE_FIT_KIND})
    assert job is not None
    return job


async def change_jobs(db: Database, tenant: UUID, statement: str) -> None:
    async with db.tenant(tenant) as connection:
        await connection.execute(statement)


async def let_leases_run_out(db: Database, tenant: UUID) -> None:
    await change_jobs(
        db, tenant, "UPDATE jobs SET lease_until = now() - interval '1 s' WHERE state = 'running'"
    )


async def give_up(db: Database, tenant: UUID) -> None:
    """Let the open job be dead, as after its last attempt."""
    await change_jobs(
        db,
        tenant,
        "UPDATE jobs SET state = 'dead', finished_at = now(), token = NULL, lease_until = NULL "
        "WHERE state IN ('ready', 'running')",
    )


def test_a_worker_makes_fits() -> None:
    assert MAKE_FIT in {kind.name for kind in KINDS}


async def test_a_fit_is_asked_for_with_one_key_made_by_a_worker_and_read_with_another(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await send_journeys(db, tenant)
    manage, reader = await key_of(db, tenant, "manage"), await key_of(db, tenant)
    denied = await client.post(PATH, headers=reader, json=BODY)
    assert (denied.status_code, denied.json()["code"]) == (403, "scope_missing")
    asked = await client.post(PATH, headers=manage, json=BODY)
    assert asked.status_code == 202, asked.text
    place = asked.headers["location"]
    assert place == f"{PATH}/requests/{asked.json()['id']}"
    waiting = (await client.get(place, headers=reader)).json()
    assert waiting == asked.json()
    assert (waiting["state"], waiting["version"], waiting["refusal"]) == ("waiting", None, None)
    assert waiting["asked"] == {
        **BODY,
        "lookback_days": 30,
        "chain_order": None,
        "collapse_repeats": False,
        "level_percent": 90,
        "draws": 1_000,
        "seed": 0,
    }
    again = await client.post(PATH, headers=manage, json=BODY)
    assert (again.status_code, again.headers["location"]) == (202, place)
    other = await client.post(PATH, headers=manage, json=BODY | {"draws": 500})
    assert (other.status_code, other.json()["code"]) == (409, "fit_waiting")
    await work(db)
    done = (await client.get(place, headers=reader)).json()
    assert (done["state"], done["version"], done["refusal"]) == ("done", "markov@1", None)
    assert done["ended_at"] > done["asked_at"]
    fit = (await client.get(f"{PATH}/{done['version']}", headers=reader)).json()
    by_command = FitAsked("markov", FIRST_DAY, LAST_DAY, collapse_repeats=False)
    assert await fit_model(db, tenant, by_command, made_by="test") == "markov@2"
    same = (await client.get(f"{PATH}/markov@2", headers=reader)).json()
    assert fit["result"] == same["result"]
    assert fit["fit"]["made_by"] == done["asked_by"]
    for key in (await key_of(db, other_tenant), await key_of(db, other_tenant, "manage")):
        hidden = await client.get(place, headers=key)
        assert hidden.status_code in (403, 404)
    assert (await client.get(f"{PATH}/requests/{uuid4()}", headers=reader)).json()["code"] == (
        "fit_request_unknown"
    )
    another = await client.post(PATH, headers=manage, json=BODY)
    assert another.status_code == 202
    assert another.headers["location"] != place


async def test_a_fit_of_too_few_journeys_is_refused_with_the_cure_and_not_tried_again(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    manage, reader = await key_of(db, tenant, "manage"), await key_of(db, tenant)
    asked = await client.post(PATH, headers=manage, json=BODY | {"model": "shapley"})
    await work(db)
    refused = (await client.get(asked.headers["location"], headers=reader)).json()
    assert (refused["state"], refused["version"]) == ("refused", None)
    assert refused["refusal"]["code"] == "fit_too_small"
    assert "0 journeys" in refused["refusal"]["detail"]
    assert "choose more days" in refused["refusal"]["cure"]
    assert refused["asked"]["collapse_repeats"] is None
    async with db.tenant(tenant, is_read_only=True) as connection:
        states = await connection.fetch("SELECT state FROM jobs WHERE kind = $1", MAKE_FIT)
    assert [row["state"] for row in states] == ["done"]
    assert await versions_of(db, tenant) == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "input_invalid"),
        ("[]", "input_invalid"),
        ({"model": "markov"}, "input_invalid"),
        (BODY | {"model": "linear"}, "input_invalid"),
        (BODY | {"draws": 1.5}, "input_invalid"),
        (BODY | {"draws": "500"}, "input_invalid"),
        (BODY | {"days": 3}, "input_invalid"),
        (BODY | {"lookback_days": 366}, "input_invalid"),
        (BODY | {"chain_order": 5}, "input_invalid"),
        (BODY | {"last_day": "2026-02-28"}, "fit_invalid"),
        (BODY | {"first_day": "0001-01-01"}, "fit_invalid"),
        (BODY | {"last_day": "9999-12-31"}, "fit_invalid"),
        (BODY | {"model": "shapley", "chain_order": 1}, "fit_invalid"),
        (BODY | {"model": "shapley", "collapse_repeats": False}, "fit_invalid"),
    ],
)
async def test_a_body_that_asks_for_no_such_fit_is_refused_at_once(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, body: str | dict[str, Any], code: str
) -> None:
    manage = await key_of(db, tenant, "manage")
    options: dict[str, Any] = {"content": body} if isinstance(body, str) else {"json": body}
    answer = await client.post(PATH, headers=manage, **options)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert answer.json()["cure"]
    async with db.tenant(tenant, is_read_only=True) as connection:
        assert await find_latest_request(connection, tenant) is None


async def test_a_request_whose_job_is_claimed_runs_and_one_whose_worker_died_waits_again(
    db: Database, tenant: UUID
) -> None:
    await send_journeys(db, tenant)
    request = await ask(db, tenant)
    await claim(db)
    assert (await read(db, tenant, request)).state == "running"
    with pytest.raises(FitWaiting):
        await ask(db, tenant, replace(ASKED, seed=8))
    assert await ask(db, tenant) == request
    await let_leases_run_out(db, tenant)
    assert (await read(db, tenant, request)).state == "waiting"
    await work(db)
    assert (await read(db, tenant, request)).version == "markov@1"


async def test_a_worker_that_lost_its_job_makes_no_second_fit(db: Database, tenant: UUID) -> None:
    await send_journeys(db, tenant)
    request = await ask(db, tenant)
    lost = await claim(db)
    await let_leases_run_out(db, tenant)
    held = await claim(db)
    assert (lost.job_id, lost.token) == (held.job_id, lost.token)
    ended = await asyncio.gather(
        make_fit_for_job(db, lost), make_fit_for_job(db, held), return_exceptions=True
    )
    # Whoever comes too late finds that nothing waits, or that the job is another's.
    assert ended[1] is None
    assert ended[0] is None or isinstance(ended[0], LeaseLost)
    assert await versions_of(db, tenant) == ["markov@1"]
    assert (await read(db, tenant, request)).version == "markov@1"


async def test_what_a_worker_refuses_after_it_lost_its_job_ends_nothing(
    db: Database, tenant: UUID
) -> None:
    request = await ask(db, tenant, EMPTY)
    lost = await claim(db)
    await let_leases_run_out(db, tenant)
    await claim(db)
    with pytest.raises(LeaseLost):
        await make_fit_for_job(db, lost)
    assert (await read(db, tenant, request)).state == "running"


async def test_a_request_without_a_job_is_shown_as_refused_and_another_one_can_be_made(
    db: Database, tenant: UUID
) -> None:
    await send_journeys(db, tenant)
    request = await ask(db, tenant)
    await give_up(db, tenant)
    found = await read(db, tenant, request)
    assert (found.state, found.ended_at) == ("refused", None)
    assert found.refusal is not None
    assert found.refusal.code == "fit_abandoned"
    again = await ask(db, tenant)
    assert again != request
    # An operator lets the dead job be tried again: its request has ended.
    await change_jobs(
        db,
        tenant,
        "UPDATE jobs SET state = 'ready', attempts = 0, finished_at = NULL, run_at = now()",
    )
    await work(db)
    assert (await read(db, tenant, request)).state == "refused"
    assert (await read(db, tenant, request)).ended_at is not None
    assert (await read(db, tenant, again)).state == "done"
    assert await versions_of(db, tenant) == ["markov@1"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (QueryTooSlow("It took too long.", cure="Ask again."), None),
        (MemoryError(), None),
        (JourneyKeysUnreadable("A key is short.", cure="Look."), "journey_keys_unreadable"),
    ],
)
async def test_what_another_attempt_may_mend_is_tried_again_and_is_no_refusal(
    db: Database,
    tenant: UUID,
    monkeypatch: pytest.MonkeyPatch,
    fault: BaseException,
    code: str | None,
) -> None:
    async def fail(*_arguments: object, **_named: object) -> str:
        raise fault

    await send_journeys(db, tenant)
    request = await ask(db, tenant)
    with monkeypatch.context() as patch:
        patch.setattr(tasks, "fit_model", fail)
        await work(db)
    found = await read(db, tenant, request)
    assert found.state == ("waiting" if code is None else "refused")
    assert (found.refusal and found.refusal.code) == code
    await change_jobs(db, tenant, "UPDATE jobs SET run_at = now() WHERE state = 'ready'")
    await work(db)
    assert (await read(db, tenant, request)).state == ("done" if code is None else "refused")


async def test_a_fit_that_keeps_a_worker_for_too_long_is_refused_and_a_command_still_makes_it(
    db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send_journeys(db, tenant)
    # Four channels and the start; ASKED has 100 draws.
    for most, state in ((100 * 5**3 - 1, "refused"), (100 * 5**3, "done")):
        monkeypatch.setattr(tasks, "MOST_STEPS", most)
        request = await ask(db, tenant)
        await work(db)
        found = await read(db, tenant, request)
        assert found.state == state
        if found.refusal is not None:
            assert found.refusal.code == "fit_too_long"
            assert "5 states, of which 100 draws" in found.refusal.detail
    assert await fit_model(db, tenant, ASKED, made_by="test") == "markov@2"


async def test_of_requests_at_once_one_is_made_and_the_same_ones_are_one(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    same = await asyncio.gather(*(ask(db, tenant) for _ in range(4)))
    assert len(set(same)) == 1
    # Another tenant has its own turn.
    mixed = await asyncio.gather(
        *(ask(db, other_tenant, replace(ASKED, seed=seed)) for seed in range(4)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, UUID) for one in mixed) == 1
    assert sum(isinstance(one, FitWaiting) for one in mixed) == 3


async def test_a_request_is_seen_and_ended_by_its_own_tenant_only(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    request = await ask(db, tenant)
    for whose in (tenant, other_tenant):
        async with db.tenant(other_tenant) as connection:
            assert await find_latest_request(connection, whose) is None
            with pytest.raises(FitRequestUnknown):
                await read_fit_request(connection, whose, request)
            assert await connection.execute("UPDATE fit_requests SET state = 'done'") == "UPDATE 0"
    assert (await read(db, tenant, request)).state == "waiting"
    for statement in ("DELETE FROM fit_requests", "UPDATE fit_requests SET asked_by = 'me'"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with db.tenant(tenant) as connection:
                await connection.execute(statement)


@pytest.mark.parametrize("seed", range(3))
async def test_in_any_order_of_events_each_request_ends_once_and_each_fit_has_its_request(
    db: Database, tenant: UUID, seed: int
) -> None:
    await send_journeys(db, tenant)
    chance, made = Random(seed), dict[UUID, FitAsked]()
    wanted = (ASKED, replace(ASKED, seed=8), EMPTY)
    for _ in range(25):
        event = chance.choice(("ask", "ask", "claim", "lose", "give up", "work"))
        if event == "ask":
            asked = chance.choice(wanted)
            with suppress(FitWaiting):
                request = await ask(db, tenant, asked)
                assert made.setdefault(request, asked) == asked
        elif event == "claim":
            await claim_next_job(db, {MAKE_FIT: MAKE_FIT_KIND})
        elif event == "lose":
            await let_leases_run_out(db, tenant)
        elif event == "give up":
            await give_up(db, tenant)
        else:
            await work(db)
        states = [(await read(db, tenant, request)).state for request in made]
        assert sum(state in ("waiting", "running") for state in states) <= 1
    await let_leases_run_out(db, tenant)
    await work(db)
    ended = [await read(db, tenant, request) for request in made]
    versions = sorted(one.version for one in ended if one.version is not None)
    assert versions == await versions_of(db, tenant)
    assert len(set(versions)) == len(versions) > 0
    for one in ended:
        assert (one.state == "done") == (one.version is not None) == (one.refusal is None)
        assert one.asked == made[one.id]
        assert one.state == "refused" or one.asked != EMPTY


async def test_days_are_those_of_the_latest_request(db: Database, tenant: UUID) -> None:
    first = await ask(db, tenant, EMPTY)
    await work(db)
    second = await ask(db, tenant)
    async with db.tenant(tenant, is_read_only=True) as connection:
        latest = await find_latest_request(connection, tenant)
    assert latest is not None
    assert (latest.id, latest.asked.first_day) == (second, date(2026, 3, 1))
    assert first != second
