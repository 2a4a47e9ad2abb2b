"""Two hundred persons in the bodies and headers of every provider: none is found anywhere, and no money is lost."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.inbox.deriving import reduce_visit
from skeldir.inbox.receiving import translate
from skeldir.inbox.saying import ENDPOINT_PROVIDERS, Context, EndpointProvider
from tests.conftest import Clone
from tests.support import paypal_events, shopify, stripe, woocommerce
from tests.support.inbox import SHOP, Post, inbox_of, make_post
from tests.support.make import make_tenant
from tests.support.persons import (
    FORMS,
    PERSONS,
    cells_with_persons,
    persons_in,
    plant_all,
    replace_each,
)
from tests.support.webhooks import write_paypal_certificates

Body = dict[str, Any]
IS_LIVE: Mapping[EndpointProvider, bool] = {
    "stripe": False,
    "shopify": True,
    "woocommerce": True,
    "paypal": False,
    "standard": True,
}
# What a provider sends in headers without a signature, or with an id that its sender chooses.
UNSIGNED: Mapping[EndpointProvider, Sequence[str]] = {
    "stripe": ("user-agent", "x-forwarded-for", "referer"),
    "shopify": ("x-shopify-webhook-id", "x-shopify-event-id", "x-shopify-topic"),
    "woocommerce": ("x-wc-webhook-id", "x-wc-webhook-delivery-id", "x-wc-webhook-topic"),
    "paypal": ("correlation-id", "cookie", "x-forwarded-for"),
    "standard": ("x-request-id", "traceparent", "from"),
}


def _order(**fields: object) -> Body:
    return {
        **shopify.make_order(),
        "landing_site": "/shop?utm_source=news&utm_campaign=autumn&gclid=1",
        "referring_site": "https://search.example/",
        "note_attributes": [{"name": "skeldir_journey", "value": "visitor-1"}],
        "subtotal_price": "40.00",
        "total_tax": "9.99",
        **fields,
    }


def _attributes() -> list[dict[str, object]]:
    prefix = "_wc_order_attribution_"
    return woocommerce.make_meta(
        skeldir_journey="visitor-2",
        **{
            f"{prefix}source_type": "utm",
            f"{prefix}utm_source": "news",
            f"{prefix}referrer": "https://search.example/",
            f"{prefix}session_entry": "https://shop.example/?utm_source=news&gclid=1",
        },
    )


def _standard(kind: str, **data: object) -> Body:
    fixed = {"payment_id": "pay_1", "order_id": "3001", "amount": "49.99", "currency": "EUR"}
    moment = "2026-11-02T10:00:00Z"
    return {"type": f"payment.{kind}", "timestamp": moment, "data": {**fixed, **data}}


BODIES: Mapping[EndpointProvider, Sequence[Body]] = {
    "stripe": [
        stripe.make_event("charge.succeeded", stripe.make_charge()),
        stripe.make_event("refund.created", stripe.make_refund(), id="evt_2"),
        stripe.make_event("checkout.session.completed", stripe.make_session(), id="evt_3"),
        stripe.make_event("charge.dispute.created", stripe.make_dispute(), id="evt_4"),
        stripe.make_event("invoice.paid", stripe.make_invoice(), id="evt_5"),
    ],
    "shopify": [
        _order(),
        _order(id=61, admin_graphql_api_id="gid://shopify/Order/61", note_attributes=[]),
        shopify.make_transaction(),
        shopify.make_transaction(
            id=62, admin_graphql_api_id="gid://shopify/OrderTransaction/62", order_id=61
        ),
        shopify.make_refund(),
        shopify.make_dispute(),
        shopify.make_tender(),
    ],
    "woocommerce": [
        woocommerce.make_order(meta_data=_attributes()),
        woocommerce.make_order(id=724, transaction_id="ch_2", meta_data=_attributes()[1:]),
        woocommerce.make_order(
            refunds=[{"id": 725, "reason": "", "total": "-5.00"}],
            date_modified_gmt="2026-11-03T10:00:00",
        ),
    ],
    "paypal": [
        paypal_events.make_event("PAYMENT.CAPTURE.COMPLETED", paypal_events.make_capture()),
        paypal_events.make_event(
            "PAYMENT.CAPTURE.REFUNDED", paypal_events.make_refund(), id="WH-2"
        ),
        paypal_events.make_event("PAYMENT.SALE.COMPLETED", paypal_events.make_sale(), id="WH-3"),
        paypal_events.make_event(
            "CUSTOMER.DISPUTE.CREATED", paypal_events.make_dispute(), id="WH-4"
        ),
    ],
    "standard": [
        _standard("captured", skeldir_journey="visitor-3", fee="1.00", agreement="sub_1"),
        _standard("refunded", refund_id="re_1", amount="5.00"),
        _standard("disputed", dispute_id="dp_1"),
    ],
}


@pytest.fixture
async def posts(
    clone: Clone, db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[list[dict[EndpointProvider, Post]]]:
    """Endpoints of all providers, of two tenants."""
    certificates = write_paypal_certificates(tmp_path)
    async with inbox_of(clone, monkeypatch, certificates) as (_app, client):
        yield [
            {
                provider: await make_post(
                    client, clone, db, tenant, provider, is_live=IS_LIVE[provider]
                )
                for provider in ENDPOINT_PROVIDERS
            }
            for tenant in (await make_tenant(db, "Plain"), await make_tenant(db, "Planted"))
        ]


def _raw(body: Body) -> bytes:
    return json.dumps(body, default=float, ensure_ascii=False).encode()


def _headers(provider: EndpointProvider, at: int) -> dict[str, str]:
    names = UNSIGNED[provider]
    texts = [PERSONS[(at * len(names) + place) % len(PERSONS)].text for place in range(len(names))]
    return {
        name: text if text.isascii() else quote(text)
        for name, text in zip(names, texts, strict=True)
    }


async def assert_nobody_is_found(
    posts: list[dict[EndpointProvider, Post]], answers: Sequence[str], logs: str
) -> None:
    post = posts[1]["stripe"]
    assert cells_with_persons(post.clone.superuser_url) == []
    assert persons_in("\n".join(answers)) == []
    assert "http.answered" in logs
    assert persons_in(logs) == []
    metrics = (await post.client.get("/metrics")).text
    assert "skeldir_inbox_deliveries" in metrics
    assert persons_in(metrics) == []


def test_there_are_two_hundred_persons_and_the_search_finds_each() -> None:
    assert len({person.text for person in PERSONS}) == 200
    for person in PERSONS:
        assert person.text in persons_in(f"<{person.text}>")
        assert person.text in persons_in(person.text.encode().hex())


async def test_persons_beside_every_field_are_stored_nowhere_and_lose_no_money(
    posts: list[dict[EndpointProvider, Post]], capfd: pytest.CaptureFixture[str]
) -> None:
    plain, planted = posts
    answers: list[str] = []
    for provider, bodies in BODIES.items():
        for at, body in enumerate(bodies):
            await plain[provider].send(_raw(body))
            answer = await planted[provider].send(
                _raw(plant_all(body)), headers=_headers(provider, at)
            )
            assert answer.status_code == 200
            answers.append(answer.text)
    assert planted["stripe"].entries() == plain["stripe"].entries()
    assert len(plain["stripe"].entries()) >= 12
    await assert_nobody_is_found(posts, answers, capfd.readouterr().err)


@pytest.mark.slow
async def test_persons_instead_of_any_value_are_stored_nowhere(
    posts: list[dict[EndpointProvider, Post]], capfd: pytest.CaptureFixture[str]
) -> None:
    answers: list[str] = []
    at = 0
    for provider, bodies in BODIES.items():
        for body in bodies:
            for planted in replace_each(body, first=at):
                answer = await posts[1][provider].send(
                    _raw(planted), headers=_headers(provider, at)
                )
                assert answer.status_code == 200, planted
                answers.append(answer.text)
                at += 1
    assert at > 200
    await assert_nobody_is_found(posts, answers, capfd.readouterr().err)


@pytest.mark.parametrize("provider", ENDPOINT_PROVIDERS)
def test_no_form_of_person_stays_of_any_value(provider: EndpointProvider) -> None:
    context = Context(is_live=IS_LIVE[provider], now=utc_now(), account=SHOP)
    for body in BODIES[provider]:
        for planted in replace_each(body, forms=FORMS):
            said = translate(provider, _raw(planted), context)
            visit = None if said.visit is None else reduce_visit(said.visit)
            stored = replace(said, visit=visit, journey=None)
            assert persons_in(f"{stored} {json.dumps(said.kept, default=str)}") == []


async def test_a_person_as_the_id_of_a_delivery_is_not_stored_and_names_it_once(
    posts: list[dict[EndpointProvider, Post]],
) -> None:
    post = posts[1]["standard"]
    texts = [one.text for one in PERSONS if one.text.isascii() and " " not in one.text]
    for at, text in enumerate(texts):
        for _ in range(2):
            body = _standard("captured", payment_id=f"pay_{at}", order_id=f"{at}")
            assert (await post.send(body, event_id=text)).status_code == 200
    assert len(texts) > 50
    assert len(post.entries()) == len(texts)
    assert cells_with_persons(post.clone.superuser_url) == []


async def test_persons_in_refused_deliveries_are_stored_nowhere(
    posts: list[dict[EndpointProvider, Post]], capfd: pytest.CaptureFixture[str]
) -> None:
    answers: list[str] = []
    for at, person in enumerate(PERSONS):
        provider = ENDPOINT_PROVIDERS[at % len(ENDPOINT_PROVIDERS)]
        post = posts[1][provider]
        raw = person.text.encode()
        unreadable = await post.send(raw, headers=_headers(provider, at))
        forged = await post.client.post(
            post.path, content=raw, headers={"x-name": quote(person.text)}
        )
        name = quote(person.text, safe="")
        unknown = await post.client.post(f"/v1/webhooks/{provider}/{name}?name={name}", content=raw)
        elsewhere = await post.client.post(f"/v1/webhooks/{name}/token", content=raw)
        codes = [one.status_code for one in (unreadable, forged, unknown, elsewhere)]
        assert codes in ([200, 401, 401, 422], [200, 401, 429, 422]), person
        answers += [one.text for one in (unreadable, forged, unknown, elsewhere)]
    await assert_nobody_is_found(posts, answers, capfd.readouterr().err)
