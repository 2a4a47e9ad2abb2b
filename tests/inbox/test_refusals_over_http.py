"""Whatever is not signed with a secret of the endpoint, at the right time, gets one answer and leaves nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx2
import pytest

from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.inbox import list_endpoints, memory
from skeldir.inbox.endpoints import NewEndpoint, add_secret, end_endpoint
from skeldir.inbox.receiving import LARGEST_DELIVERY
from skeldir.inbox.saying import ENDPOINT_PROVIDERS, EndpointProvider
from skeldir.inbox.sealing import read_sealer
from tests.conftest import Clone
from tests.support.embedded import wait_until
from tests.support.inbox import SEALING_KEYS, Post, inbox_of, make_post
from tests.support.webhooks import SECRETS, sign, write_paypal_certificates

TIMED: tuple[EndpointProvider, ...] = ("stripe", "standard", "paypal")
SIGNATURE_HEADERS: dict[EndpointProvider, str] = {
    "stripe": "stripe-signature",
    "shopify": "x-shopify-hmac-sha256",
    "woocommerce": "x-wc-webhook-signature",
    "standard": "webhook-signature",
    "paypal": "paypal-transmission-sig",
}
TIME_HEADERS: dict[EndpointProvider, str] = {
    "stripe": "stripe-signature",
    "standard": "webhook-timestamp",
    "paypal": "paypal-transmission-time",
}
BODY = json.dumps({"type": "payment.voided", "id": "evt_1", "data": {}}).encode()

Desk = dict[EndpointProvider, Post]


@pytest.fixture
async def desk(
    clone: Clone, db: Database, tenant: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    """A live endpoint of each provider; what changes at one holds at once."""
    monkeypatch.setattr(memory, "KEPT_S", 0.0)
    certificates = write_paypal_certificates(tmp_path)
    async with inbox_of(clone, monkeypatch, certificates) as (_app, client):
        yield {
            provider: await make_post(client, clone, db, tenant, provider)
            for provider in ENDPOINT_PROVIDERS
        }


async def post_raw(post: Post, body: bytes, headers: dict[str, str]) -> httpx2.Response:
    return await post.client.post(post.path, content=body, headers=headers)


def signed(post: Post, body: bytes = BODY, **options: object) -> dict[str, str]:
    return sign(post.provider, body, post.secret, now=utc_now(), **options)  # type: ignore[arg-type]


def with_a_flipped_bit(text: str) -> str:
    """Return a text of which one character in the middle differs by a bit, and is still of its alphabet."""
    place = len(text) // 2
    while not text[place].isalnum():
        place += 1
    other = {"0": "1", "a": "b", "A": "B"}.get(text[place], "a" if text[place].isalpha() else "0")
    return text[:place] + other + text[place + 1 :]


def assert_refused(post: Post, answer: httpx2.Response) -> None:
    assert answer.status_code == 401, answer.text
    body = answer.json()
    del body["correlation_id"]
    assert body == {
        "type": "about:blank",
        "title": "The delivery is refused",
        "status": 401,
        "code": "delivery_refused",
        "detail": "The delivery is refused.",
        "cure": "Check the address and the secret that the provider was given; `skeldir webhooks list` shows why "
        "deliveries were refused.",
    }
    assert post.ask("SELECT count(*) FROM webhook_deliveries") == [(0,)]


@pytest.mark.parametrize("provider", ENDPOINT_PROVIDERS)
async def test_what_is_signed_is_accepted(desk: Desk, provider: EndpointProvider) -> None:
    answer = await desk[provider].send(BODY)
    assert (answer.status_code, answer.json()) == (200, {"received": True})
    assert desk[provider].ask("SELECT provider FROM webhook_deliveries") == [(provider,)]


@pytest.mark.parametrize("provider", ENDPOINT_PROVIDERS)
async def test_a_flipped_bit_is_refused(desk: Desk, provider: EndpointProvider) -> None:
    post = desk[provider]
    headers = signed(post)
    flipped = bytes([*BODY[:-3], BODY[-3] ^ 1, *BODY[-2:]])
    assert_refused(post, await post_raw(post, flipped, headers))
    name = SIGNATURE_HEADERS[provider]
    assert_refused(
        post, await post_raw(post, BODY, headers | {name: with_a_flipped_bit(headers[name])})
    )


@pytest.mark.parametrize("provider", TIMED)
async def test_another_time_than_the_signed_one_is_refused(
    desk: Desk, provider: EndpointProvider
) -> None:
    post = desk[provider]
    earlier = sign(provider, BODY, post.secret, now=utc_now() - timedelta(seconds=60))
    headers = signed(post)
    if provider == "stripe":
        time, _, rest = headers["stripe-signature"].partition(",")
        other = earlier["stripe-signature"].partition(",")[0]
        assert time != other
        headers["stripe-signature"] = f"{other},{rest}"
    else:
        headers[TIME_HEADERS[provider]] = earlier[TIME_HEADERS[provider]]
    assert_refused(post, await post_raw(post, BODY, headers))


@pytest.mark.parametrize("provider", TIMED)
async def test_old_and_future_times_are_refused_even_if_signed(
    desk: Desk, provider: EndpointProvider
) -> None:
    post = desk[provider]
    for away in (timedelta(days=-4), timedelta(minutes=6)):
        assert_refused(post, await post.send(BODY, at=utc_now() + away))


@pytest.mark.parametrize("provider", ENDPOINT_PROVIDERS)
async def test_a_missing_header_or_another_tenants_secret_is_refused(
    desk: Desk, db: Database, clone: Clone, other_tenant: UUID, provider: EndpointProvider
) -> None:
    post = desk[provider]
    headers = signed(post)
    without = {
        name: value for name, value in headers.items() if name not in SIGNATURE_HEADERS.values()
    }
    assert_refused(post, await post_raw(post, BODY, without))
    theirs = await make_post(post.client, clone, db, other_tenant, provider)
    await roll(db, theirs, SECRETS[provider][1], overlap=timedelta(0))
    assert_refused(post, await post.send(BODY, secret=SECRETS[provider][1]))
    # The address of the other tenant, with the secret of this one.
    assert_refused(post, await replace(theirs, secret=post.secret).send(BODY))


@pytest.mark.parametrize("provider", ENDPOINT_PROVIDERS)
async def test_an_unknown_address_and_that_of_another_provider_get_the_same_answer(
    desk: Desk, provider: EndpointProvider
) -> None:
    post = desk[provider]
    nowhere = replace(post, endpoint=NewEndpoint(post.endpoint.id, "A" * 43))
    assert_refused(post, await nowhere.send(BODY))
    other: EndpointProvider = "standard" if provider == "stripe" else "stripe"
    answer = await post.client.post(
        f"/v1/webhooks/{other}/{post.endpoint.token}", content=BODY, headers=signed(post)
    )
    assert_refused(post, answer)


async def roll(db: Database, post: Post, secret: str, *, overlap: timedelta) -> None:
    async with db.tenant(post.tenant) as connection:
        await add_secret(
            connection,
            post.tenant,
            post.endpoint.id,
            secret,
            sealer=read_sealer(SEALING_KEYS),
            old_end_at=utc_now() + overlap,
        )


@pytest.mark.parametrize("provider", ENDPOINT_PROVIDERS)
async def test_while_a_secret_rolls_both_are_accepted_and_then_the_new_one_only(
    desk: Desk, db: Database, provider: EndpointProvider
) -> None:
    post = desk[provider]
    new = SECRETS[provider][1]
    await roll(db, post, new, overlap=timedelta(hours=1))
    for secret in (post.secret, new):
        assert (await post.send(BODY, secret=secret)).status_code == 200
    await roll(db, post, "third" + new if provider != "standard" else new, overlap=timedelta(0))
    assert (await post.send(BODY)).status_code == 401


async def test_an_ended_endpoint_answers_like_one_that_never_was(desk: Desk, db: Database) -> None:
    post = desk["stripe"]
    async with db.tenant(post.tenant) as connection:
        await end_endpoint(connection, post.tenant, post.endpoint.id)
    assert_refused(post, await post.send(BODY))


async def test_refusals_are_counted_for_the_owner_of_the_endpoint(desk: Desk, db: Database) -> None:
    post = desk["stripe"]
    for _ in range(3):
        await post.send(BODY, secret="whsec_of_somebody_else")
    await post.send(BODY, at=utc_now() - timedelta(days=1))
    await asyncio.to_thread(
        wait_until, lambda: post.ask("SELECT sum(refusals) FROM webhook_refusals") == [(4,)]
    )
    async with db.tenant(post.tenant) as connection:
        found = {one.id: one for one in await list_endpoints(connection, post.tenant)}
    counts = {one.outcome: one.refusals for one in found[post.endpoint.id].refusals}
    assert counts == {"signature_wrong": 3, "too_old": 1}


async def test_too_large_a_body_is_refused_before_it_is_complete(desk: Desk) -> None:
    answer = await desk["shopify"].send(b" " * (LARGEST_DELIVERY + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_the_ping_of_woocommerce_gets_exactly_200_and_is_not_stored(desk: Desk) -> None:
    post = desk["woocommerce"]
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = await post_raw(post, b"webhook_id=31", form)
    assert (answer.status_code, answer.content) == (200, b"")
    assert post.ask("SELECT count(*) FROM webhook_deliveries") == [(0,)]


async def test_trouble_with_the_certificate_is_answered_so_that_paypal_tries_again_and_is_seen(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    post = desk["paypal"]
    unknown = "https://api.paypal.com/v1/notifications/certs/CERT-UNKNOWN-0000"
    answer = await post_raw(post, BODY, signed(post, certificate_url=unknown))
    assert (answer.status_code, answer.json()["code"]) == (503, "signature_uncheckable")
    assert "CERT-UNKNOWN-0000: The folder of certificates does not have it." in caplog.text
    await asyncio.to_thread(
        wait_until,
        lambda: post.ask("SELECT outcome FROM webhook_refusals") == [("certificate_unreachable",)],
        10,
    )


async def test_test_money_at_a_live_endpoint_is_dead_and_books_nothing(
    desk: Desk, clone: Clone, db: Database, tenant: UUID
) -> None:
    event = {
        "id": "evt_1",
        "object": "event",
        "type": "charge.succeeded",
        "created": 1793613602,
        "livemode": False,
        "api_version": "2026-10-28.endive",
        "data": {
            "object": {
                "id": "ch_1",
                "object": "charge",
                "amount": 4999,
                "amount_captured": 4999,
                "captured": True,
                "currency": "eur",
                "billing_details": {"email": "ada@ada.example", "name": "Ada Example"},
                "receipt_email": "ada@ada.example",
            }
        },
    }
    post = desk["stripe"]
    testing = await make_post(post.client, clone, db, tenant, "stripe", is_live=False)
    assert (await post.send(event)).status_code == 200
    assert (await testing.send(event | {"id": "evt_2", "livemode": True})).status_code == 200
    assert post.entries() == []
    assert post.ask("SELECT trouble, report FROM webhook_deliveries") == [("wrong_mode", None)] * 2
    kept = [text for (text,) in post.ask("SELECT kept::text FROM webhook_deliveries")]
    assert ['"ch_1"' in text for text in kept] == [True, True]
    assert "ada" not in "".join(kept).lower()
    assert (await testing.send(event | {"id": "evt_3"})).status_code == 200
    assert [kind for _, kind, *_ in post.entries()] == ["capture"]
