"""PayPal's certificates come from PayPal's hosts, lead to a known root, and are fetched once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from skeldir.errors import ConfigurationInvalid
from skeldir.inbox.paypal_certificates import (
    FAILURE_KEPT,
    LARGEST_FILE,
    LONGEST_KEPT,
    CertificateRefused,
    Certificates,
    CertificateUnreachable,
    download,
    open_certificates,
)
from tests.support.house import ROOT
from tests.support.webhooks import (
    CERTIFICATE_URL,
    Authority,
    make_authority,
    open_paypal_certificates,
    paypal_authority,
    paypal_key,
    to_pem,
    write_paypal_certificates,
)

NOW = datetime(2026, 11, 2, 10, tzinfo=UTC)
GOOD = to_pem(paypal_authority().issue(paypal_key()))
PATH = "/v1/notifications/certs/CERT-SAMPLE-0000"
HOSTS = (
    "api.paypal.com",
    "api-m.paypal.com",
    "api.sandbox.paypal.com",
    "api-m.sandbox.paypal.com",
)
REFUSED = [
    "",
    f"http://api.paypal.com{PATH}",
    f"https://api.paypal.com.evil.example{PATH}",
    f"https://evilpaypal.com{PATH}",
    f"https://www.paypal.com{PATH}",
    f"https://evil.example/api.paypal.com{PATH}",
    f"https://api.paypal.com@evil.example{PATH}",
    f"https://user:word@api.paypal.com{PATH}",
    f"https://api.paypal.com:443{PATH}",
    f"https://api.paypal.com:8443{PATH}",
    f"https://apixpaypal.com{PATH}",
    f"https://api.paypal.com{PATH}?x=1",
    f"https://api.paypal.com{PATH}#x",
    f"https://api.paypal.com{PATH}/..",
    f"https://api.paypal.com{PATH}%2f..",
    f"https://api.paypal.com{PATH}\n",
    f" https://api.paypal.com{PATH}",
    "https://api.paypal.com/v1/notifications/certs/../../other",
    "https://api.paypal.com/v1/notifications/certs/CERT-../roots",
    "https://api.paypal.com/v1/notifications/certs/CERT-é",
    "https://api.paypal.com/v1/notifications/certs/roots",
    f"https://169.254.169.254{PATH}",
    f"https://API.PAYPAL.COM\\@evil.example{PATH}",
    "file:///etc/passwd",
]


class Reading:
    """Files by address that count how often they are read; a callable makes the answer."""

    def __init__(self, answer: Callable[[], bytes] = lambda: GOOD) -> None:
        self.answer = answer
        self.urls: list[str] = []
        self.was_asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def read(self, url: str, name: str) -> bytes:
        self.urls.append(url)
        assert url.endswith(name)
        self.was_asked.set()
        await self.may_answer.wait()
        return self.answer()

    def certificates(self) -> Certificates:
        return Certificates([paypal_authority().certificate], self.read)


@pytest.mark.parametrize("host", HOSTS)
async def test_each_host_of_paypal_is_asked(host: str) -> None:
    reading = Reading()
    key = await reading.certificates().find_key(f"https://{host}{PATH}", NOW)
    assert key == paypal_key().public_key()
    assert reading.urls == [f"https://{host}{PATH}"]


@pytest.mark.parametrize("url", REFUSED)
async def test_no_other_address_is_asked(url: str) -> None:
    reading = Reading()
    with pytest.raises(CertificateRefused):
        await reading.certificates().find_key(url, NOW)
    assert reading.urls == []


async def test_the_recorded_addresses_have_their_verdicts() -> None:
    path = ROOT.parent / "shared" / "data" / "webhooks" / "vectors" / "vectors.json"
    if not path.exists():
        pytest.skip("the sample deliveries are not here")
    urls = json.loads(path.read_bytes())["paypal_cert_urls"]
    certificates = Reading().certificates()
    for url in urls["accept"]:
        assert await certificates.find_key(url, NOW) == paypal_key().public_key()
    for url in urls["refuse"]:
        with pytest.raises(CertificateRefused):
            await certificates.find_key(url, NOW)


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (lambda _: to_pem(make_authority().issue(paypal_key())), "known root"),
        (lambda a: to_pem(a.issue(paypal_key(), "evil.example")), "name of PayPal"),
        (lambda a: to_pem(a.issue(paypal_key(), "evilpaypal.com")), "name of PayPal"),
        (lambda a: to_pem(a.issue(paypal_key(), "a.paypal.com.evil.example")), "name of PayPal"),
        (lambda a: to_pem(a.certificate), "name of PayPal"),
        (lambda a: to_pem(a.issue(paypal_key(), first=NOW + timedelta(1))), "valid now"),
        (lambda a: to_pem(a.issue(paypal_key(), last=NOW - timedelta(1))), "valid now"),
        (lambda a: to_pem(a.issue(ec.generate_private_key(ec.SECP256R1()))), "RSA"),
    ],
)
async def test_a_certificate_that_is_not_paypals_is_refused(
    file: Callable[[object], bytes], why: str
) -> None:
    certificates = Reading(lambda: file(paypal_authority())).certificates()
    with pytest.raises(CertificateRefused, match=why):
        await certificates.find_key(CERTIFICATE_URL, NOW)


async def test_a_chain_may_stand_in_any_order_and_be_for_any_name_of_paypal() -> None:
    between = make_authority(paypal_authority())
    leaf = between.issue(paypal_key(), "*.paypal.com")
    for file in (to_pem(between.certificate, leaf), to_pem(leaf, between.certificate)):
        certificates = Reading(lambda file=file: file).certificates()
        assert await certificates.find_key(CERTIFICATE_URL, NOW) == paypal_key().public_key()
    certificates = Reading(lambda: to_pem(leaf)).certificates()
    with pytest.raises(CertificateRefused, match="known root"):
        await certificates.find_key(CERTIFICATE_URL, NOW)


async def test_a_certificate_of_paypal_signs_no_other_certificates() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = Authority(paypal_authority().issue(key), key)
    forged = to_pem(leaf.issue(paypal_key()), leaf.certificate)
    with pytest.raises(CertificateRefused):
        await Reading(lambda: forged).certificates().find_key(CERTIFICATE_URL, NOW)


@pytest.mark.parametrize(
    "file",
    [b"", b"<html>", b"-----BEGIN CERTIFICATE-----\nAA\n", GOOD * 11],
    ids=["empty", "a page", "cut", "too many"],
)
async def test_an_answer_that_is_no_certificate_is_trouble_that_passes(file: bytes) -> None:
    with pytest.raises(CertificateUnreachable):
        await Reading(lambda: file).certificates().find_key(CERTIFICATE_URL, NOW)


async def test_callers_at_the_same_time_share_one_fetch_that_survives_one_who_gives_up() -> None:
    reading = Reading()
    reading.may_answer.clear()
    certificates = reading.certificates()
    callers = [asyncio.create_task(certificates.find_key(CERTIFICATE_URL, NOW)) for _ in range(20)]
    await reading.was_asked.wait()
    callers[0].cancel()
    reading.may_answer.set()
    found = await asyncio.gather(*callers, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert found[1:] == [paypal_key().public_key()] * 19
    assert len(reading.urls) == 1


async def test_a_certificate_is_fetched_again_after_a_day_or_when_it_ends() -> None:
    reading = Reading()
    certificates = reading.certificates()
    for after, fetches in ((0.0, 1), (0.99, 1), (1.0, 2)):
        await certificates.find_key(CERTIFICATE_URL, NOW + after * LONGEST_KEPT)
        assert len(reading.urls) == fetches, after
    ends_at = NOW + timedelta(hours=1)
    soon = to_pem(paypal_authority().issue(paypal_key(), last=ends_at))
    reading = Reading(lambda: soon)
    certificates = reading.certificates()
    await certificates.find_key(CERTIFICATE_URL, NOW)
    with pytest.raises(CertificateRefused):
        await certificates.find_key(CERTIFICATE_URL, ends_at + timedelta(seconds=1))
    assert len(reading.urls) == 2


async def test_a_failure_is_remembered_for_moments_only() -> None:
    reading = Reading(lambda: b"")
    certificates = reading.certificates()
    for _ in range(5):
        with pytest.raises(CertificateUnreachable):
            await certificates.find_key(CERTIFICATE_URL, NOW)
    assert len(reading.urls) == 1
    reading.answer = lambda: GOOD
    await certificates.find_key(CERTIFICATE_URL, NOW + FAILURE_KEPT)
    assert len(reading.urls) == 2


async def test_what_is_kept_is_bounded() -> None:
    reading = Reading()
    certificates = reading.certificates()
    for number in (*range(33), 32, 0):
        await certificates.find_key(f"{CERTIFICATE_URL}{number}", NOW)
    assert len(reading.urls) == 34  # the first had to go, the last had not


async def stream(content: bytes) -> AsyncIterator[bytes]:
    """Yield content in parts, as a connection does."""
    for start in range(0, len(content), 1_000):
        yield content[start : start + 1_000]


def answering(response: Callable[[httpx2.Request], httpx2.Response]) -> Certificates:
    client = httpx2.AsyncClient(transport=httpx2.MockTransport(response))
    root = paypal_authority().certificate
    return Certificates([root], partial(download, client), client.aclose)


async def test_a_certificate_is_downloaded() -> None:
    asked: list[str] = []

    def respond(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        return httpx2.Response(200, content=stream(GOOD))

    certificates = answering(respond)
    assert await certificates.find_key(CERTIFICATE_URL, NOW) == paypal_key().public_key()
    assert asked == [CERTIFICATE_URL]
    await certificates.close()


def fail(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ConnectTimeout("planted", request=request)


@pytest.mark.parametrize(
    "respond",
    [
        fail,
        lambda _: httpx2.Response(503, content=GOOD),
        lambda _: httpx2.Response(404, content=GOOD),
        lambda _: httpx2.Response(302, headers={"location": f"https://{HOSTS[1]}{PATH}"}),
        lambda _: httpx2.Response(200, content=stream(GOOD + b"\n" * LARGEST_FILE)),
    ],
)
async def test_a_failed_download_is_trouble_that_passes_and_no_redirect_is_followed(
    respond: Callable[[httpx2.Request], httpx2.Response],
) -> None:
    requests: list[httpx2.Request] = []

    def count(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return respond(request)

    certificates = answering(count)
    with pytest.raises(CertificateUnreachable):
        await certificates.find_key(CERTIFICATE_URL, NOW)
    assert len(requests) == 1
    await certificates.close()


async def test_a_fetch_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skeldir.inbox.paypal_certificates.TIMEOUT_S", 0.01)
    reading = Reading()
    reading.may_answer.clear()
    with pytest.raises(CertificateUnreachable, match="in time"):
        await reading.certificates().find_key(CERTIFICATE_URL, NOW)


async def test_closing_ends_the_fetches_under_way() -> None:
    reading = Reading()
    reading.may_answer.clear()
    certificates = reading.certificates()
    caller = asyncio.create_task(certificates.find_key(CERTIFICATE_URL, NOW))
    await reading.was_asked.wait()
    await certificates.close()
    with pytest.raises(asyncio.CancelledError):
        await caller


async def test_a_folder_answers_for_its_own_certificates_and_nothing_else(tmp_path: Path) -> None:
    certificates = open_paypal_certificates(tmp_path)
    assert await certificates.find_key(CERTIFICATE_URL, NOW) == paypal_key().public_key()
    with pytest.raises(CertificateUnreachable):
        await certificates.find_key(f"{CERTIFICATE_URL}9", NOW)


@pytest.mark.parametrize("roots", [None, b"", b"no roots"])
def test_a_folder_without_roots_is_refused_at_the_start(
    tmp_path: Path, roots: bytes | None
) -> None:
    file = write_paypal_certificates(tmp_path) / "roots.pem"
    if roots is None:
        file.unlink()
    else:
        file.write_bytes(roots)
    with pytest.raises(ConfigurationInvalid, match=r"roots\.pem"):
        open_certificates(tmp_path)


async def test_without_a_folder_the_roots_of_the_system_count() -> None:
    certificates = open_certificates(None)
    await certificates.close()
