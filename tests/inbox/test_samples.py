"""The samples are understood by their provider's translator, as their meaning says."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from skeldir.errors import InputInvalid
from skeldir.inbox.receiving import translate
from skeldir.inbox.sample_bodies import Wishes
from skeldir.inbox.samples import SAMPLES, SampleUnknown, make_body
from skeldir.inbox.saying import (
    ENDPOINT_PROVIDERS,
    Context,
    EndpointProvider,
    Movement,
    Said,
    Total,
)

NOW = datetime(2026, 11, 5, 12, tzinfo=UTC)
WISHES = Wishes(NOW, is_live=False, order="5001", minor=4000, currency="EUR", fresh=77)
NAMES = [(provider, name) for provider in ENDPOINT_PROVIDERS for name in SAMPLES[provider]]
KINDS = {
    "capture": "capture",
    "refund": "refund",
    "dispute": "dispute",
    "dispute-won": "dispute_reversal",
}


def said_of(provider: EndpointProvider, name: str, wishes: Wishes = WISHES) -> Said:
    body = json.dumps(make_body(provider, name, wishes)).encode()
    return translate(provider, body, Context(is_live=wishes.is_live, now=NOW))


def moved(said: Said) -> list[tuple[str, int, str]]:
    return [
        (fact.kind, fact.minor, fact.currency)
        for fact in said.facts
        if isinstance(fact, Movement | Total)
    ]


@pytest.mark.parametrize(("provider", "name"), NAMES)
def test_a_sample_moves_what_its_name_says(provider: EndpointProvider, name: str) -> None:
    said = said_of(provider, name)
    is_broken = "not understood" in SAMPLES[provider][name].meaning
    assert (said.trouble is not None) is is_broken
    if name in KINDS and (provider, name) != ("woocommerce", "refund"):
        minor = 1000 if name == "refund" else 4000
        assert (KINDS[name], minor, "EUR") in moved(said)
    elif name != "refund":
        assert moved(said) == []
    assert is_broken or "order:5001" in said.refs or name.startswith(("refund", "dispute"))


@pytest.mark.parametrize(("provider", "name"), NAMES)
def test_a_sample_is_of_the_mode_that_was_wished(provider: EndpointProvider, name: str) -> None:
    for is_live in (True, False):
        said = said_of(provider, name, replace(WISHES, is_live=is_live))
        assert said.is_live in (is_live, None)
        assert said.trouble is None or said.trouble.code != "wrong_mode"


@pytest.mark.parametrize("provider", ENDPOINT_PROVIDERS)
def test_a_journey_is_carried_where_the_sample_has_a_field_for_it(
    provider: EndpointProvider,
) -> None:
    wishes = replace(WISHES, journey="visitor-1")
    for name, sample in SAMPLES[provider].items():
        if sample.has_journey:
            assert said_of(provider, name, wishes).journey == "visitor-1"
        else:
            with pytest.raises(InputInvalid, match="journey"):
                make_body(provider, name, wishes)


def test_the_amounts_are_in_the_units_of_each_wire() -> None:
    wishes = replace(WISHES, minor=5000, currency="JPY")
    for provider in ENDPOINT_PROVIDERS:
        assert ("capture", 5000, "JPY") in moved(said_of(provider, "capture", wishes))
    assert moved(said_of("stripe", "capture", replace(wishes, currency="MGA"))) == [
        ("capture", 5000, "MGA")
    ]


def test_an_unknown_sample_and_an_order_that_is_no_number_are_refused() -> None:
    with pytest.raises(SampleUnknown, match="nothing"):
        make_body("stripe", "nothing", WISHES)
    with pytest.raises(InputInvalid, match="order"):
        make_body("woocommerce", "capture", replace(WISHES, order="A-1"))
