"""Persons in every field, header and path of every protocol: none is found in a table, a log, a metric or an answer."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import cycle
from typing import Final
from urllib.parse import quote, urlencode
from uuid import UUID

import httpx2
import pytest

from skeldir.db.pool import Database
from skeldir.tenants import KeyTerms, issue_key
from tests.conftest import Clone
from tests.support.api import asking
from tests.support.collected import BODIES, ORDER_MAPS, SHOP, Body
from tests.support.make import make_tenant
from tests.support.persons import (
    PERSONS,
    Person,
    cells_with_persons,
    persons_in,
    places_in,
    plant_beside,
    put_person,
)

# A name cannot be recognised where the name of a campaign or a page may stand.
HEADERS: Final = ("user-agent", "referer", "x-forwarded-for", "cookie", "accept-language")
EACH: Final = "/i/v1/analytics/events"
SHAPED: Final = [person for person in PERSONS if person.is_shaped]


def _plant(protocol: str, forms: Iterator[int]) -> Iterator[Body]:
    """Yield messages in which each value in turn is a person, or an address full of one; others stand beside fields."""
    some = cycle(SHAPED)
    for body in BODIES[protocol]():
        for place in places_in(body):
            person = next(some)
            if next(forms):
                text = quote(person.text)
                tags = f"utm_source={text}&utm_campaign={text}&gclid={text}&{text}={text}#{text}"
                person = Person(f"{SHOP}/of/{text}/at?{tags}", "")
            yield put_person(body, place, person)
        yield plant_beside(body)


def _marked(messages: Iterator[Body]) -> Iterator[Body]:
    """Yield messages with ids of their own."""
    for number, message in enumerate(messages):
        names = {"messageId", "uuid", "eid"}.intersection(message)
        yield message | {name: f"{message[name]} {number}" for name in names}


def _requests(
    protocol: str, key: str, messages: Sequence[Body]
) -> Iterator[tuple[str, str, object]]:
    """Yield method, path and body of the requests that bring the messages of a protocol."""
    person = SHAPED[0].text
    texts = [{name: str(value) for name, value in message.items()} for message in messages]
    if protocol == "segment":
        yield "POST", "/v1/batch", {"writeKey": key, "batch": messages}
        yield "POST", "/v1/batch", {"writeKey": key, "batch": person, "context": messages[0]}
        packed = base64.b64encode(json.dumps(messages[0] | {"writeKey": key}).encode()).decode()
        yield "GET", f"/pixel/v1/page?{urlencode({'data': packed})}", None
    elif protocol == "posthog":
        for path in ("/batch/", EACH):
            yield "POST", path, {"api_key": key, "batch": messages, "sent_at": person}
    elif protocol == "snowplow":
        yield "POST", f"/k/{key}/com.snowplowanalytics.snowplow/tp2", {"data": messages}
    elif protocol == "umami":
        yield "POST", f"/k/{key}/api/batch", messages
    elif protocol == "matomo":
        requests = [urlencode(message) for message in texts]
        yield "POST", f"/k/{key}/matomo.php", {"requests": requests}
        yield "GET", f"/k/{key}/matomo.php?{requests[0]}", None
    else:
        yield from _single_requests(key, messages)


def _single_requests(key: str, messages: Sequence[Body]) -> Iterator[tuple[str, str, object]]:
    """Yield the requests of protocols without batches, by a field of their messages."""
    query = f"api_secret={key}&measurement_id={quote(SHAPED[0].text)}"
    for message in messages:
        if "events" in message:
            yield "POST", f"/mp/collect?{query}", message
        elif "j" in message:
            yield "POST", "/c/v1", {**message, "k": key}
        else:
            yield "POST", f"/k/{key}/api/event", message


def _paths() -> Iterator[str]:
    """Yield paths that nobody has, and those of documents and of other keys, with persons in them."""
    for person in SHAPED[:5]:
        text = quote(person.text, safe="")
        yield f"/v1/{text}"
        yield f"/c/v1.{text}.js"
        yield f"/k/{text}/api/event"
        yield f"/e/{text}?q={text}"


async def _send(client: httpx2.AsyncClient, key: str, form: int) -> AsyncIterator[str]:
    """Send everything, with persons in headers; yield the answers."""
    some = cycle(SHAPED)
    for protocol in BODIES:
        messages = list(_marked(_plant(protocol, cycle((form, 1 - form)))))
        for method, path, body in _requests(protocol, key, messages):
            headers = {name: quote(next(some).text) for name in HEADERS}
            sent = await client.request(method, path, json=body, headers=headers)
            assert sent.status_code < 300, (protocol, path, sent.text)
            if path != EACH:  # its answer names events by their own ids
                yield sent.text


async def _count_rows(db: Database, tenant: UUID) -> tuple[int, int, int, int]:
    """Return how many touches, reports, claims and dead events a tenant has."""
    tables = ("attribution_events", "webhook_deliveries", "claimed_orders", "dead_events")
    async with db.tenant(tenant) as connection:
        counts = [await connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables]
    return counts[0], counts[1], counts[2], counts[3]


@pytest.mark.own_clone
async def test_persons_in_all_protocols_are_found_nowhere(
    clone: Clone, db: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    answers: list[str] = []
    tenants = await make_tenant(db, "Servers"), await make_tenant(db, "Pages")
    async with asking(clone.app_url) as (_, client):
        for form, (tenant, scope) in enumerate(zip(tenants, ("ingest", "collect"), strict=True)):
            origins = frozenset({SHOP} if scope == "collect" else ())
            async with db.tenant(tenant) as connection:
                terms = KeyTerms(origins, books_orders=False, order_events=ORDER_MAPS)
                key = await issue_key(
                    connection, tenant, name="k", scopes=[scope], expires_at=None, terms=terms
                )
            answers += [text async for text in _send(client, key.secret, form)]
        for path in _paths():
            refused = await client.post(path, json={"writeKey": SHAPED[0].text})
            assert refused.status_code in (401, 404, 405), (path, refused.text)
            answers.append(refused.text)
        metrics = (await client.get("/metrics")).text
    captured = capsys.readouterr()
    logs = captured.out + captured.err
    servers, pages = [await _count_rows(db, tenant) for tenant in tenants]
    assert min(servers[0], servers[1], servers[3], pages[0], pages[2], pages[3]) > 10
    assert (servers[2], pages[1]) == (0, 0)
    assert cells_with_persons(clone.superuser_url) == []
    assert persons_in("\n".join(answers)) == []
    assert "http.answered" in logs
    assert persons_in(logs) == []
    assert "skeldir_collect_messages" in metrics
    assert persons_in(metrics) == []
