"""The steps of a set-up name what the translators read, and docs/webhooks.md has the same ones."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from skeldir.clock import utc_now
from skeldir.inbox import standard
from skeldir.inbox.endpoints import EndpointOptions
from skeldir.inbox.explaining import FLAGS, REFUSALS, TROUBLES
from skeldir.inbox.paypal import translate as translate_paypal
from skeldir.inbox.saying import ENDPOINT_PROVIDERS, Context, EndpointProvider
from skeldir.inbox.setting_up import (
    PAYPAL_EVENTS,
    SHOPIFY_TOPICS,
    STRIPE_EVENTS,
    address_of,
    is_reachable,
    steps_of,
)
from skeldir.inbox.stripe import translate as translate_stripe

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "webhooks.md").read_text("utf-8")
FLAT = " ".join(DOCUMENT.split())
CONTEXT = Context(is_live=True, now=utc_now())


def options(provider: EndpointProvider) -> EndpointOptions:
    shop = "sample.myshopify.com" if provider == "shopify" else ""
    return EndpointOptions(provider, is_live=True, account=shop)


@pytest.mark.parametrize("provider", ENDPOINT_PROVIDERS)
def test_the_document_has_every_step(provider: EndpointProvider) -> None:
    address = f"https://your.host/v1/webhooks/{provider}/TOKEN"
    steps = steps_of(options(provider), address)
    assert len(steps.in_shop) == 2
    for step in (*steps.at_provider, *steps.in_shop):
        assert " ".join(step.split()) in FLAT, step
    assert any(address in step for step in steps.at_provider)


def test_the_events_to_select_are_those_that_are_read() -> None:
    assert len(set(STRIPE_EVENTS)) == len(STRIPE_EVENTS)
    for kind in STRIPE_EVENTS:
        event = {
            "object": "event",
            "id": "evt_1",
            "type": kind,
            "created": 1,
            "data": {"object": {}},
        }
        assert not translate_stripe(event, CONTEXT).is_ignored, kind
    assert translate_stripe(
        {"object": "event", "id": "evt_1", "type": "customer.created", "created": 1,
         "data": {"object": {}}}, CONTEXT,
    ).is_ignored  # fmt: skip
    for kind in PAYPAL_EVENTS:
        event = {"id": "WH-1", "event_type": kind, "create_time": "2026-11-02T10:00:00Z"}
        assert not translate_paypal({**event, "resource": {"id": "X1"}}, CONTEXT).is_ignored, kind
    assert "tender_transactions/create" not in SHOPIFY_TOPICS, "it repeats transactions"


def test_the_document_explains_every_refusal_trouble_and_flag() -> None:
    missing = [name for name in (*REFUSALS, *TROUBLES, *FLAGS) if f"`{name}`" not in DOCUMENT]
    assert missing == []


def test_the_body_of_standard_webhooks_is_documented_as_it_is_read() -> None:
    assert standard.__doc__ is not None
    body = standard.__doc__.partition("\n\n")[2]
    for paragraph in re.split(r"\n\n|\n(?=- )", body):
        flat = " ".join(paragraph.split())
        if "`event_id`" not in flat:
            assert flat in FLAT, flat


def test_the_example_of_the_document_is_a_capture() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
    said = standard.translate(json.loads(example), CONTEXT)
    assert said.trouble is None
    assert [type(fact).__name__ for fact in said.facts] == ["Movement"]
    assert said.journey is not None


@pytest.mark.parametrize(
    ("base", "address", "is_public"),
    [
        ("https://your.host", "https://your.host/v1/webhooks/stripe/T", True),
        ("https://your.host:8443/a/", "https://your.host:8443/a/v1/webhooks/stripe/T", True),
        ("http://your.host", "http://your.host/v1/webhooks/stripe/T", False),
        ("https://localhost", "https://localhost/v1/webhooks/stripe/T", False),
        ("http://[::1]:8000", "http://[::1]:8000/v1/webhooks/stripe/T", False),
    ],
)
def test_an_address_is_under_the_base_that_was_given(
    base: str, address: str, is_public: bool
) -> None:
    assert address_of(base, "stripe", "T") == address
    assert is_reachable(address) is is_public


def test_older_versions_of_stripe_are_allowed_where_totals_are_booked() -> None:
    old = EndpointOptions("stripe", is_live=False, books_totals=True)
    text = " ".join(steps_of(old, "https://your.host/x").at_provider)
    assert "older ones" in text
    assert "sandbox" in text
