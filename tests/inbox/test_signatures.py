"""A delivery is believed if its provider signed it, with a secret of the endpoint, at a time near the clock."""

from __future__ import annotations

import base64
import hmac
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.inbox.paypal_certificates import Certificates
from skeldir.inbox.saying import ENDPOINT_PROVIDERS, EndpointProvider
from skeldir.inbox.signatures import Outcome, RawDelivery, Verdict, verify, warm_up
from tests.support.house import ROOT
from tests.support.webhooks import SECRETS, open_paypal_certificates, sign

NOW = datetime(2026, 11, 2, 10, tzinfo=UTC)
BODY = '{"id":"evt_1","amount":1.0,"name":"Zoë"}'.encode()
TIMED: tuple[EndpointProvider, ...] = ("stripe", "standard", "paypal")
SIGNATURE_HEADERS = {
    "stripe": "stripe-signature",
    "shopify": "x-shopify-hmac-sha256",
    "woocommerce": "x-wc-webhook-signature",
    "standard": "webhook-signature",
    "paypal": "paypal-transmission-sig",
}
VECTORS = ROOT.parent / "shared" / "data" / "webhooks"
ACCEPTED_WITH = {"shopify_events_delivery": "events_delivery", "woo_ping": "ping"}


@pytest.fixture
async def certificates(tmp_path: Path) -> AsyncIterator[Certificates]:
    opened = open_paypal_certificates(tmp_path)
    yield opened
    await opened.close()


def signed(
    provider: EndpointProvider, secret: str | None = None, now: datetime = NOW
) -> dict[str, str]:
    return sign(provider, BODY, secret or SECRETS[provider][0], now=now)


async def outcome_of(
    provider: EndpointProvider,
    headers: dict[str, str],
    certificates: Certificates,
    *,
    body: bytes = BODY,
    secrets: tuple[str, ...] | None = None,
) -> str:
    known = SECRETS[provider][:1] if secrets is None else secrets
    delivery = RawDelivery(headers, body)
    verdict = await verify(provider, delivery, known, now=NOW, certificates=certificates)
    return verdict.outcome


@pytest.mark.parametrize("provider", ENDPOINT_PROVIDERS)
async def test_a_signed_delivery_is_accepted(
    provider: EndpointProvider, certificates: Certificates
) -> None:
    verdict = await verify(
        provider,
        RawDelivery(signed(provider), BODY),
        SECRETS[provider][:1],
        now=NOW,
        certificates=certificates,
    )
    assert verdict == Verdict(
        "accepted",
        event_id="msg-0001" if provider in {"standard", "paypal"} else "",
        sent_at=NOW if provider in TIMED else None,
    )


@pytest.mark.parametrize("provider", ENDPOINT_PROVIDERS)
async def test_both_secrets_are_accepted_while_they_roll(
    provider: EndpointProvider, certificates: Certificates
) -> None:
    old, new = SECRETS[provider]
    for secret in (old, new):
        headers = signed(provider, secret)
        assert await outcome_of(provider, headers, certificates, secrets=(new, old)) == "accepted"
        other = new if secret == old else old
        assert (
            await outcome_of(provider, headers, certificates, secrets=(other,)) == "signature_wrong"
        )


@pytest.mark.parametrize("provider", ENDPOINT_PROVIDERS)
async def test_a_flipped_bit_of_the_body_is_refused_wherever_it_is(
    provider: EndpointProvider, certificates: Certificates
) -> None:
    headers = signed(provider)
    for place in range(len(BODY)):
        for bit in (1, 128):
            body = BODY[:place] + bytes([BODY[place] ^ bit]) + BODY[place + 1 :]
            found = await outcome_of(provider, headers, certificates, body=body)
            assert found == "signature_wrong", (place, bit)


@pytest.mark.parametrize("provider", ENDPOINT_PROVIDERS)
async def test_a_flipped_bit_of_the_signature_is_refused(
    provider: EndpointProvider, certificates: Certificates
) -> None:
    headers = signed(provider)
    name = SIGNATURE_HEADERS[provider]
    start, _, text = headers[name].rpartition("=" if provider == "stripe" else ",")
    if provider == "stripe":
        changed = f"{start}={'0' if text[0] != '0' else '1'}{text[1:]}"
    else:
        digest = bytearray(base64.b64decode(text or headers[name]))
        digest[3] ^= 1
        changed = f"{start}{',' if start else ''}{base64.b64encode(digest).decode()}"
    assert await outcome_of(provider, headers | {name: changed}, certificates) == "signature_wrong"


@pytest.mark.parametrize("provider", ENDPOINT_PROVIDERS)
async def test_a_delivery_without_signature_is_refused(
    provider: EndpointProvider, certificates: Certificates
) -> None:
    headers = signed(provider)
    del headers[SIGNATURE_HEADERS[provider]]
    assert await outcome_of(provider, headers, certificates) == "signature_missing"


@pytest.mark.parametrize("provider", ["standard", "paypal"])
async def test_each_signed_header_is_needed_and_cannot_be_changed(
    provider: EndpointProvider, certificates: Certificates
) -> None:
    headers = signed(provider)
    for name in headers.keys() - {SIGNATURE_HEADERS[provider]}:
        less = {other: value for other, value in headers.items() if other != name}
        assert await outcome_of(provider, less, certificates) == "header_missing", name
    changes = {
        "webhook-id": "msg-0002",
        "webhook-timestamp": str(int(NOW.timestamp()) + 1),
        "paypal-transmission-id": "msg-0002",
        "paypal-transmission-time": "2026-11-02T10:00:00.0Z",
    }
    for name in changes.keys() & headers.keys():
        changed = headers | {name: changes[name]}
        assert await outcome_of(provider, changed, certificates) == "signature_wrong", name


@pytest.mark.parametrize("provider", TIMED)
async def test_a_signed_time_has_bounds_either_way(
    provider: EndpointProvider, certificates: Certificates
) -> None:
    oldest = timedelta(days=3, minutes=30) if provider == "paypal" else timedelta(minutes=5)
    second = timedelta(seconds=1)
    for age, wanted in (
        (oldest, "accepted"),
        (oldest + second, "too_old"),
        (-timedelta(minutes=5), "accepted"),
        (-timedelta(minutes=5) - second, "from_the_future"),
    ):
        headers = signed(provider, now=NOW - age)
        assert await outcome_of(provider, headers, certificates) == wanted, age


@pytest.mark.parametrize("provider", TIMED)
@pytest.mark.parametrize("time", ["", "never", "1e9", "-5", "99999999999999", "١٢", "2026-11-02"])
async def test_a_malformed_time_is_refused(
    provider: EndpointProvider, time: str, certificates: Certificates
) -> None:
    headers = signed(provider)
    if provider == "stripe":
        headers["stripe-signature"] = f"t={time},v1=00"
    elif provider == "standard":
        headers["webhook-timestamp"] = time
    else:
        headers["paypal-transmission-time"] = time
    found = await outcome_of(provider, headers, certificates)
    assert found in {"timestamp_malformed", "header_missing", "signature_malformed"}


@pytest.mark.parametrize(
    ("provider", "change", "wanted"),
    [
        ("stripe", {"stripe-signature": "garbage"}, "signature_malformed"),
        ("stripe", {"stripe-signature": "t=1793613600,v1=é"}, "signature_malformed"),
        ("stripe", {"stripe-signature": "t=1793613600,v0=00"}, "algorithm_refused"),
        ("stripe", {"stripe-signature": "t=1793613600"}, "signature_missing"),
        ("stripe", {"stripe-signature": "v1=00"}, "timestamp_malformed"),
        ("shopify", {"x-shopify-hmac-sha256": "00" * 32}, "signature_malformed"),
        ("shopify", {"x-shopify-hmac-sha256": "not base64!"}, "signature_malformed"),
        ("woocommerce", {"x-wc-webhook-signature": "é"}, "signature_malformed"),
        ("standard", {"webhook-signature": "garbage"}, "signature_malformed"),
        ("standard", {"webhook-signature": "v1,é"}, "signature_malformed"),
        ("standard", {"webhook-signature": "v1a,AAAA"}, "algorithm_refused"),
        ("standard", {"webhook-id": "x" * 121}, "signature_malformed"),
        ("standard", {"webhook-id": "x\ny"}, "signature_malformed"),
        ("paypal", {"paypal-transmission-sig": "é"}, "signature_malformed"),
        ("paypal", {"paypal-transmission-sig": "AAAA"}, "signature_wrong"),
        ("paypal", {"paypal-transmission-id": "a|b"}, "signature_malformed"),
        ("paypal", {"paypal-auth-algo": "SHA1withRSA"}, "algorithm_refused"),
        ("paypal", {"paypal-cert-url": "https://paypal.com/x"}, "certificate_refused"),
    ],
)
async def test_a_malformed_header_has_a_verdict_and_no_error(
    provider: EndpointProvider, change: dict[str, str], wanted: str, certificates: Certificates
) -> None:
    assert await outcome_of(provider, signed(provider) | change, certificates) == wanted


async def test_a_certificate_that_cannot_be_had_now_is_not_a_forgery(
    certificates: Certificates,
) -> None:
    url = "https://api.paypal.com/v1/notifications/certs/CERT-OTHER"
    headers = signed("paypal") | {"paypal-cert-url": url}
    assert await outcome_of("paypal", headers, certificates) == "certificate_unreachable"


async def test_a_second_signature_of_a_delivery_may_be_the_one_that_fits(
    certificates: Certificates,
) -> None:
    standard = signed("standard")
    wrong = base64.b64encode(bytes(32)).decode()
    standard["webhook-signature"] = f"v1,{wrong} v1a,AAAA {standard['webhook-signature']}"
    assert await outcome_of("standard", standard, certificates) == "accepted"
    stripe = signed("stripe")
    time, _, signature = stripe["stripe-signature"].partition(",")
    stripe["stripe-signature"] = f"{time},v1={'0' * 64},{signature},v0=00"
    assert await outcome_of("stripe", stripe, certificates) == "accepted"


@pytest.mark.parametrize("provider", ENDPOINT_PROVIDERS)
@pytest.mark.parametrize("secrets", [(), ("",), ("\ud800",)])
async def test_without_a_usable_secret_nothing_is_accepted(
    provider: EndpointProvider, secrets: tuple[str, ...], certificates: Certificates
) -> None:
    found = await outcome_of(provider, signed(provider), certificates, secrets=secrets)
    assert found == "secret_unusable"


@pytest.mark.parametrize("provider", ENDPOINT_PROVIDERS)
async def test_the_secrets_that_only_fill_up_the_work_open_nothing(
    provider: EndpointProvider, certificates: Certificates
) -> None:
    decoy = "whsec_ZGVjb3kgZGVjb3kgZGVjb3kgZGVjb3kgZGVjb3k="
    forged = signed(provider, "-" if provider == "paypal" else decoy)
    assert await outcome_of(provider, forged, certificates) == "signature_wrong"
    assert await outcome_of(provider, forged, certificates, secrets=()) == "secret_unusable"


@pytest.mark.parametrize("provider", ["stripe", "shopify", "woocommerce", "standard"])
async def test_as_many_secrets_are_tried_however_many_there_are_and_whichever_fits(
    provider: EndpointProvider, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = SECRETS[provider]
    tries: list[int] = []
    compare = hmac.compare_digest

    def count(one: bytes, other: bytes) -> bool:
        tries[-1] += 1
        return compare(one, other)

    warm_up()
    monkeypatch.setattr(hmac, "compare_digest", count)
    for secrets in ((), (old,), (new,), (old, new), (new, old)):
        tries.append(0)
        await outcome_of(provider, signed(provider), certificates, secrets=secrets)
    assert tries == [2] * 5


@pytest.mark.parametrize("provider", ENDPOINT_PROVIDERS)
async def test_a_body_that_is_not_utf_8_has_a_verdict(
    provider: EndpointProvider, certificates: Certificates
) -> None:
    body = b'{"a":"\xff"}'
    headers = sign(provider, body, SECRETS[provider][0], now=NOW)
    wanted = "signature_wrong" if provider in {"stripe", "standard"} else "accepted"
    assert await outcome_of(provider, headers, certificates, body=body) == wanted


async def test_woocommerces_ping_is_known_by_its_body_and_its_lack_of_headers(
    certificates: Certificates,
) -> None:
    ping = b"webhook_id=31"
    found = await outcome_of("woocommerce", {"user-agent": "x"}, certificates, body=ping)
    assert found == "ping"
    topic = {"x-wc-webhook-topic": "order.created"}
    found = await outcome_of("woocommerce", topic, certificates, body=ping)
    assert found == "signature_missing"
    for body in (b"", BODY, ping + b"&a=1", b"webhook_id=x", ping + b"\n"):
        found = await outcome_of("woocommerce", {}, certificates, body=body)
        assert found == "signature_missing", body
    assert await outcome_of("shopify", {}, certificates, body=ping) == "signature_missing"


async def test_shopifys_newer_kind_is_named_as_such_only_if_it_is_genuine(
    certificates: Certificates,
) -> None:
    signature = signed("shopify")["x-shopify-hmac-sha256"]
    newer = {"shopify-hmac-sha256": signature}
    assert await outcome_of("shopify", newer, certificates) == "events_delivery"
    assert await outcome_of("shopify", newer, certificates, body=b"{}") == "signature_wrong"


@given(
    provider=st.sampled_from(ENDPOINT_PROVIDERS),
    values=st.lists(st.text(max_size=40), min_size=5, max_size=5),
    body=st.binary(max_size=40),
)
async def test_whatever_is_sent_has_a_verdict(
    tmp_path_factory: pytest.TempPathFactory,
    provider: EndpointProvider,
    values: list[str],
    body: bytes,
) -> None:
    certificates = open_paypal_certificates(tmp_path_factory.mktemp("store"))
    headers = dict(zip(sorted(signed(provider) | {"x": ""}), values, strict=False))
    assert await outcome_of(provider, headers, certificates, body=body) in set(
        get_args(Outcome)
    ) - {"accepted", "ping", "events_delivery"}


def test_a_delivery_and_its_secrets_are_not_shown() -> None:
    shown = repr(RawDelivery({"stripe-signature": "planted"}, b"planted"))
    assert "planted" not in shown


def test_stripes_library_is_imported_when_it_is_needed_and_not_before() -> None:
    code = (
        "import sys; from skeldir.inbox.signatures import warm_up; before = 'stripe' in sys.modules;"
        "warm_up(); print(before, 'stripe' in sys.modules)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert printed.split() == ["False", "True"]
    warm_up()


def read_vectors() -> list[Any]:
    path = VECTORS / "vectors" / "vectors.json"
    return json.loads(path.read_bytes())["vectors"] if path.exists() else []


@pytest.mark.skipif(not read_vectors(), reason="the sample deliveries are not here")
@pytest.mark.parametrize("vector", read_vectors(), ids=lambda vector: vector["name"])
async def test_the_recorded_deliveries_have_their_verdicts(
    vector: dict[str, Any], certificates: Certificates
) -> None:
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    body = (VECTORS / vector["body"]).read_bytes()
    provider: EndpointProvider = vector["provider"]
    if provider == "paypal":
        now = datetime.fromisoformat(headers["paypal-transmission-time"])
        ours = sign(
            provider,
            body,
            vector["webhook_id"],
            now=now,
            event_id=headers["paypal-transmission-id"],
        )
        signature = {"paypal-transmission-sig": ours["paypal-transmission-sig"]}
        headers |= signature
        vector = vector | {"secrets": [vector["webhook_id"]], "now": now.timestamp()}
        vector["accept"] = True
    verdict = await verify(
        provider,
        RawDelivery(headers, body),
        vector["secrets"],
        now=datetime.fromtimestamp(vector["now"], UTC),
        certificates=certificates,
    )
    special = ACCEPTED_WITH.get(vector["name"])
    if special is not None:
        assert verdict.outcome == special
    else:
        assert (verdict.outcome == "accepted") is vector["accept"]
