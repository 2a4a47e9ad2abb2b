"""Persons in every field, header and path of every protocol: none is found in a table, a log, a metric or an answer."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from itertools import cycle
from typing import Any, Final
from urllib.parse import quote, urlencode
from uuid import UUID

import httpx2
import pytest

from skeldir.db.pool import Database
from skeldir.tenants import KeyTerms, issue_key
from tests.conftest import Clone
from tests.support.api import asking
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

Body = dict[str, Any]
SHOP: Final = "https://shop.example"
PAGE: Final = f"{SHOP}/shoes?utm_source=news&utm_medium=email&utm_campaign=spring&gclid=1#top"
SEARCH: Final = "https://search.example/find?q=shoes"
AT: Final = "2026-11-02T10:00:00Z"
SUMS: Final = {"total": 59.9, "revenue": "50", "tax": 9.9, "shipping": 1, "discount": 0}
# A name cannot be recognised where the name of a campaign or a page may stand.
HEADERS: Final = ("user-agent", "referer", "x-forwarded-for", "cookie", "accept-language")
EACH: Final = "/i/v1/analytics/events"
SHAPED: Final = [person for person in PERSONS if person.is_shaped]


def _segment() -> Iterator[Body]:
    page = {"url": PAGE, "referrer": SEARCH, "search": "?q=1", "path": "/shoes", "title": "Shoes"}
    context = {
        "page": page,
        "campaign": {"source": "news", "medium": "email", "name": "spring", "term": "x"},
        "library": {"name": "x"},
        "sessionId": "s-1",
        "ip": "1",
        "userAgent": "x",
    }
    message = {"messageId": "m", "anonymousId": "visitor", "timestamp": AT, "context": context}
    order = {"order_id": "1001", "currency": "EUR", "skeldir_journey": "j", **SUMS}
    yield message | {"type": "page", "userId": "u", "properties": {"url": PAGE, "referrer": SEARCH}}
    for name in ("Order Completed", "Order Refunded", "Order Cancelled"):
        yield message | {"type": "track", "event": name, "properties": order, "messageId": name}
    yield {"type": "identify", "userId": "u", "traits": {"email": "x"}, "messageId": "i"}


def _ga4() -> Iterator[Body]:
    page = {"page_location": PAGE, "page_referrer": SEARCH, "page_title": "x", "session_id": "1"}
    tags = {"campaign_id": "1", "campaign": "spring", "source": "news", "medium": "email"}
    order = {"transaction_id": "1002", "value": 20, "currency": "EUR", "tax": 1, "shipping": 1}
    for name, params in (("page_view", page), ("campaign_details", tags | {"gclid": "1"})):
        yield {"client_id": "1.2", "user_id": "u", "events": [{"name": name, "params": params}]}
    for name in ("purchase", "refund"):
        yield {"client_id": "1.3", "events": [{"name": name, "params": order}]}


def _plausible() -> Iterator[Body]:
    props = {"journey": "j", "plan": "x"}
    yield {"n": "pageview", "u": PAGE, "d": "shop.example", "r": SEARCH, "p": props}
    yield {"name": "x", "url": PAGE, "domain": "shop.example", "referrer": SEARCH, "props": props}


def _posthog() -> Iterator[Body]:
    properties = {
        "distinct_id": "visitor",
        "$device_id": "device",
        "$current_url": PAGE,
        "$referrer": SEARCH,
        "$session_id": "s-1",
        "$lib": "x",
        "utm_source": "news",
        "utm_medium": "email",
        "utm_campaign": "spring",
        "gclid": "1",
        "order": "1003",
        "amount": 12,
        "currency": "EUR",
        "$set": {"email": "x"},
    }
    for name in ("$pageview", "paid", "$identify"):
        yield {"event": name, "uuid": name, "timestamp": AT, "properties": properties}


def _snowplow() -> Iterator[Body]:
    common = {"duid": "d", "sid": "s", "uid": "u", "url": PAGE, "refr": SEARCH, "page": "x"}
    entities = {"data": [{"schema": "iglu:x/user/1-0-0", "data": {"email": "x"}}]}
    yield common | {"e": "pv", "eid": "e-1", "ip": "x", "ua": "x", "tna": "x", "co": str(entities)}
    money = {"tr_id": "1004", "tr_tt": "59.90", "tr_tx": "9", "tr_sh": "1", "tr_cu": "EUR"}
    yield common | money | {"e": "tr", "eid": "e-2", "tr_ci": "x", "tr_af": "x"}


def _matomo() -> Iterator[Body]:
    common = {"url": PAGE, "urlref": SEARCH, "_id": "0123456789abcdef", "uid": "u", "cip": "x"}
    yield common | {"action_name": "x", "_rcn": "spring", "_rck": "x", "ua": "x"}
    money = {"revenue": "9.90", "ec_tx": "1", "ec_sh": "1", "skeldir_currency": "EUR"}
    yield common | money | {"idgoal": "0", "ec_id": "1005", "ec_items": "[]"}


def _umami() -> Iterator[Body]:
    payload = {"website": "w", "hostname": "shop.example", "url": PAGE, "referrer": SEARCH}
    others = {"title": "x", "data": {"journey": "j"}, "id": "i", "vid": "v", "tag": "x"}
    yield {"type": "event", "payload": payload | others}
    yield {"type": "identify", "payload": payload | {"data": {"email": "x"}}}


def _collector() -> Iterator[Body]:
    own = {"j": "0" * 32, "i": "0" * 31 + "1", "o": "granted", "w": 0}
    yield own | {"p": SHOP, "r": "search.example", "s": "news", "m": "x", "c": "x", "g": ["gclid"]}


BODIES: Final[Mapping[str, Callable[[], Iterator[Body]]]] = {
    "segment": _segment,
    "ga4": _ga4,
    "plausible": _plausible,
    "posthog": _posthog,
    "snowplow": _snowplow,
    "matomo": _matomo,
    "umami": _umami,
    "collector": _collector,
}
"""The fields of each protocol, in the messages of a visit, of orders, and of a person."""


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
    maps = ("paid=completed:order_id=order,total=amount,currency=currency",)
    tenants = await make_tenant(db, "Servers"), await make_tenant(db, "Pages")
    async with asking(clone.app_url) as (_, client):
        for form, (tenant, scope) in enumerate(zip(tenants, ("ingest", "collect"), strict=True)):
            origins = frozenset({SHOP} if scope == "collect" else ())
            async with db.tenant(tenant) as connection:
                terms = KeyTerms(origins, books_orders=False, order_events=maps)
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
