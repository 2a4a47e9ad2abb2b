"""Checks that a delivery is from the provider whose endpoint it came to: over the raw bytes, before they are parsed."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import re
import warnings
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from standardwebhooks import Webhook

from skeldir.inbox.fields import moment_of_text, moment_of_unix
from skeldir.inbox.paypal_certificates import (
    CertificateRefused,
    Certificates,
    CertificateUnreachable,
)
from skeldir.inbox.saying import LONGEST_ID, EndpointProvider
from skeldir.inbox.secret_forms import read_standard_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

TOLERANCE: Final = timedelta(minutes=5)
"""How far a signed time may be from the clock, either way."""

OLDEST_OF_PAYPAL: Final = timedelta(days=3, minutes=30)
"""PayPal tries for 3 days, and whether a later try has a time of its own is not documented: the first one may stay."""

LEAST_TRIES: Final = 2
"""Secrets that are tried at least. So an endpoint with one, with two or with none takes the same time to refuse."""

Outcome = Literal[
    "accepted",
    "ping",
    "events_delivery",
    "header_missing",
    "signature_missing",
    "signature_malformed",
    "signature_wrong",
    "timestamp_malformed",
    "too_old",
    "from_the_future",
    "algorithm_refused",
    "certificate_refused",
    "certificate_unreachable",
    "secret_unusable",
]

_Key = TypeVar("_Key")
_PING: Final = re.compile(rb"webhook_id=[0-9]{1,20}")
_SECONDS: Final = re.compile(r"[0-9]{1,11}", re.ASCII)
_PRINTABLE: Final = re.compile(r"[!-~]+")
_TRANSMISSION: Final = re.compile(r"[A-Za-z0-9-]+", re.ASCII)
_DECOY: Final = "whsec_ZGVjb3kgZGVjb3kgZGVjb3kgZGVjb3kgZGVjb3k="  # its verdict is never asked for
_DIGEST_BYTES: Final = 32
_PAYPAL_ALGORITHM: Final = "SHA256withRSA"


@dataclass(frozen=True, slots=True)
class RawDelivery:
    """What was delivered: headers with lower-case names, and the bytes of the body as they came."""

    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a delivery is genuine, and if not, why.

    Only an accepted one has `event_id` (of Standard Webhooks and PayPal, where the delivery's id is signed) and
    `sent_at` (where the time is signed: not of Shopify and WooCommerce). A `ping` is not signed, and means nothing.
    """

    outcome: Outcome
    event_id: str = ""
    sent_at: datetime | None = None


@cache
def _load_stripe() -> Callable[[str, str, str], bool]:
    """Return Stripe's own check of a body, a header and a secret. The first call imports the library."""
    # A library that the library uses warns that it cannot use proxies of a kind; nothing is requested through it here.
    warnings.filterwarnings("ignore", message="SOCKS support in urllib3")
    from stripe import SignatureVerificationError, WebhookSignature  # noqa: PLC0415 - 0.4 s, 32 MB

    def is_signed(body: str, header: str, secret: str) -> bool:
        try:
            # Without a tolerance: its clock is not ours, and it takes any time in the future.
            WebhookSignature.verify_header(body, header, secret, tolerance=None)
        except SignatureVerificationError:
            return False
        return True

    return is_signed


def warm_up() -> None:
    """Import what the first check would import otherwise. Takes half a second: call it in a thread, at the start."""
    _load_stripe()


async def verify(
    provider: EndpointProvider,
    delivery: RawDelivery,
    secrets: Sequence[str],
    *,
    now: datetime,
    certificates: Certificates,
) -> Verdict:
    """Return whether a delivery is signed with one of an endpoint's secrets, and at a time near `now`.

    All secrets are tried, whichever fits. With no secret the work is the same, and the verdict a refusal. Of PayPal,
    the secrets are the ids of the webhook, and the first delivery after a day waits for a certificate.
    """
    match provider:
        case "stripe":
            return await _verify_stripe(delivery, secrets, now)
        case "shopify":
            return _verify_shopify(delivery, secrets)
        case "woocommerce":
            return _verify_woocommerce(delivery, secrets)
        case "standard":
            return _verify_standard(delivery, secrets, now)
        case "paypal":
            return await _verify_paypal(delivery, secrets, now, certificates)


async def _verify_stripe(delivery: RawDelivery, secrets: Sequence[str], now: datetime) -> Verdict:
    header = delivery.headers.get("stripe-signature", "")
    if not header:
        return Verdict("signature_missing")
    items = [item.split("=", 1) for item in header.split(",")]
    if not header.isascii() or any(len(item) != 2 for item in items):
        return Verdict("signature_malformed")
    seconds = next((value for name, value in items if name == "t"), "")
    sent_at = _moment_of(seconds)
    if sent_at is None:
        return Verdict("timestamp_malformed")
    if all(name != "v1" for name, _ in items):
        return Verdict("algorithm_refused" if len(items) > 1 else "signature_missing")
    body = _text_of(delivery.body)
    if body is None:
        return Verdict("signature_wrong")
    if not _load_stripe.cache_info().currsize:
        await asyncio.to_thread(warm_up)
    is_signed = _load_stripe()
    keys = [secret for secret in secrets if secret.strip() and _is_text(secret)]
    return _judge(
        keys,
        [is_signed(body, header, key) for key in pad_keys(keys, _DECOY)],
        _late(sent_at, now) or Verdict("accepted", sent_at=sent_at),
    )


def _verify_shopify(delivery: RawDelivery, secrets: Sequence[str]) -> Verdict:
    """Check an HMAC of the body. Nothing else is signed: neither the topic nor the shop, an id or a time."""
    accepted = Verdict("accepted")
    header = delivery.headers.get("x-shopify-hmac-sha256", "")
    if not header and "shopify-hmac-sha256" in delivery.headers:
        # Deliveries of "Events" have other headers and other bodies. They are signed alike, so that only a genuine one
        # is reported to the endpoint's owner as such.
        header = delivery.headers["shopify-hmac-sha256"]
        accepted = Verdict("events_delivery")
    return _verify_body_hmac(delivery.body, header, secrets, accepted)


def _verify_woocommerce(delivery: RawDelivery, secrets: Sequence[str]) -> Verdict:
    """Check an HMAC of the body; its key is the secret as the shop's owner typed it, entities decoded."""
    header = delivery.headers.get("x-wc-webhook-signature", "")
    if (
        not header
        and _PING.fullmatch(delivery.body)
        and not any(name.startswith("x-wc-") for name in delivery.headers)
    ):
        return Verdict("ping")
    return _verify_body_hmac(delivery.body, header, secrets, Verdict("accepted"))


def _verify_body_hmac(
    body: bytes, header: str, secrets: Sequence[str], accepted: Verdict
) -> Verdict:
    """Check an HMAC-SHA256 of the body in base64."""
    if not header:
        return Verdict("signature_missing")
    given = _digest_of(header)
    if given is None:
        return Verdict("signature_malformed")
    keys = [secret.encode() for secret in secrets if secret and _is_text(secret)]
    fits = [
        hmac.compare_digest(hmac.digest(key, body, "sha256"), given)
        for key in pad_keys(keys, _DECOY.encode())
    ]
    return _judge(keys, fits, accepted)


def _verify_standard(delivery: RawDelivery, secrets: Sequence[str], now: datetime) -> Verdict:
    """Check by the library's own signature; its `verify` has a clock of its own, and fails on malformed headers."""
    headers = delivery.headers
    event_id, seconds = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    header = headers.get("webhook-signature", "")
    if not header:
        return Verdict("signature_missing")
    if not event_id or not seconds:
        return Verdict("header_missing")
    sent_at = _moment_of(seconds)
    if sent_at is None:
        return Verdict("timestamp_malformed")
    items = [item.partition(",") for item in header.split(" ")]
    given = [digest for name, _, text in items if name == "v1" and (digest := _digest_of(text))]
    if not given and any(comma and name != "v1" for name, comma, _ in items):
        return Verdict("algorithm_refused")
    if not given or not _PRINTABLE.fullmatch(event_id) or len(event_id) > LONGEST_ID:
        return Verdict("signature_malformed")
    body = _text_of(delivery.body)
    if body is None:
        return Verdict("signature_wrong")
    keys = [key for secret in secrets if (key := read_standard_key(secret))]
    fits = []
    for key in pad_keys(keys, _DECOY.encode()):
        expected = Webhook(key).sign(event_id, sent_at, body).encode()
        signed = base64.b64decode(expected.partition(b",")[2])
        fits.append(any(hmac.compare_digest(signed, digest) for digest in given))
    accepted = Verdict("accepted", event_id=event_id, sent_at=sent_at)
    return _judge(keys, fits, _late(sent_at, now) or accepted)


async def _verify_paypal(
    delivery: RawDelivery, webhook_ids: Sequence[str], now: datetime, certificates: Certificates
) -> Verdict:
    """Check RSA (PKCS #1 v1.5, SHA-256) over `id|time|webhook id|CRC-32 of the body`.

    Only the CRC-32 covers the body, so a body can be replaced by another with the same sum: the bound on the age, and
    that the caller takes each `event_id` once only, are what limits that.
    """
    headers = delivery.headers
    header = headers.get("paypal-transmission-sig", "")
    event_id = headers.get("paypal-transmission-id", "")
    time = headers.get("paypal-transmission-time", "")
    url, algorithm = headers.get("paypal-cert-url", ""), headers.get("paypal-auth-algo", "")
    if not header:
        return Verdict("signature_missing")
    if not (event_id and time and url and algorithm):
        return Verdict("header_missing")
    if algorithm != _PAYPAL_ALGORITHM:
        return Verdict("algorithm_refused")
    signature = _bytes_of(header)
    if (
        not signature
        or len(event_id) > LONGEST_ID
        or not _TRANSMISSION.fullmatch(event_id)  # neither it nor the time can hold a `|`
    ):
        return Verdict("signature_malformed")
    sent_at = moment_of_text(time)
    if sent_at is None or not time.isascii() or "|" in time:
        return Verdict("timestamp_malformed")
    late = _late(sent_at, now, oldest=OLDEST_OF_PAYPAL)
    if late is not None:
        return late  # before PayPal is asked for a certificate
    try:
        key = await certificates.find_key(url, now)
    except CertificateRefused:
        return Verdict("certificate_refused")
    except CertificateUnreachable:
        return Verdict("certificate_unreachable")
    known = [one for one in webhook_ids if _TRANSMISSION.fullmatch(one)]
    sum_ = zlib.crc32(delivery.body)
    fits = [
        _is_signed_by(key, signature, f"{event_id}|{time}|{one}|{sum_}".encode())
        for one in pad_keys(known, "-")
    ]
    return _judge(known, fits, Verdict("accepted", event_id=event_id, sent_at=sent_at))


def _is_signed_by(key: RSAPublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def pad_keys(keys: Sequence[_Key], decoy: _Key) -> list[_Key]:
    """Return keys, with decoys up to LEAST_TRIES; what fits a decoy is not looked at."""
    return [*keys, *[decoy] * (LEAST_TRIES - len(keys))]


def _judge(keys: Sequence[object], fits: Sequence[bool], accepted: Verdict) -> Verdict:
    """Return `accepted` if one of the keys fits; `fits` may have results of decoys after theirs."""
    if not keys:
        return Verdict("secret_unusable")
    return accepted if any(fits[: len(keys)]) else Verdict("signature_wrong")


def _late(sent_at: datetime, now: datetime, *, oldest: timedelta = TOLERANCE) -> Verdict | None:
    """Return the refusal of a time that is too far from the clock."""
    if sent_at < now - oldest:
        return Verdict("too_old")
    return Verdict("from_the_future") if sent_at > now + TOLERANCE else None


def _moment_of(seconds: str) -> datetime | None:
    return moment_of_unix(int(seconds)) if _SECONDS.fullmatch(seconds) else None


def _bytes_of(text: str) -> bytes | None:
    """Return what base64 stands for; None: it is not base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _digest_of(text: str) -> bytes | None:
    """Return a SHA-256 that is written in base64; None: it is not one."""
    found = _bytes_of(text)
    return found if found is not None and len(found) == _DIGEST_BYTES else None


def _text_of(body: bytes) -> str | None:
    """Return a body as text, whose encoding is exactly its bytes; None: it is not UTF-8, so no library signed it."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _is_text(secret: str) -> bool:
    """Return whether a secret has bytes: half of a surrogate pair has none."""
    try:
        secret.encode()
    except UnicodeEncodeError:
        return False
    return True
