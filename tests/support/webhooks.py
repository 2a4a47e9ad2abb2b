"""Deliveries of payment providers, signed as each provider signs, and an authority that stands in for PayPal's."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from skeldir.inbox.paypal_certificates import ROOTS_FILE, Certificates, open_certificates
from skeldir.inbox.saying import EndpointProvider
from skeldir.inbox.signing import sign as sign_as_product

SECRETS: dict[EndpointProvider, tuple[str, str]] = {
    "stripe": ("whsec_first0000000000000000", "whsec_second000000000000000"),
    "shopify": ("shpss_first", "shpss_second"),
    "woocommerce": ('first & "one" <1>', "second ünï"),
    "standard": ("whsec_Zmlyc3QgZmlyc3QgZmlyc3QgZmlyc3Q=", "c2Vjb25kIHNlY29uZCBzZWNvbmQ="),
    "paypal": ("0FIRSTWEBHOOK", "1SECONDWEBHOOK"),
}
"""Two secrets of each provider; PayPal's are ids of webhooks."""

CERTIFICATE = "CERT-SAMPLE-0000"
CERTIFICATE_URL = f"https://api.paypal.com/v1/notifications/certs/{CERTIFICATE}"
FIRST_DAY, LAST_DAY = datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Authority:
    """An authority: its certificate, and the key of that."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def issue(
        self,
        key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
        host: str = "messageverificationcerts.paypal.com",
        *,
        first: datetime = FIRST_DAY,
        last: datetime = LAST_DAY,
    ) -> x509.Certificate:
        """Return a certificate for a host."""
        builder = _builder(host, key.public_key(), first, last).issuer_name(
            self.certificate.subject
        )
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        own_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        return (
            builder.add_extension(names, critical=False)
            .add_extension(own_key, critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .sign(self.key, SHA256())
        )


def make_authority(above: Authority | None = None) -> Authority:
    """Return a new authority: a root, or an intermediate one under another."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = "Sample Root" if above is None else "Sample Intermediate"
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    issuer = key if above is None else above.key
    names = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        _builder(name, key.public_key(), FIRST_DAY, LAST_DAY)
        .issuer_name(names if above is None else above.certificate.subject)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False
        )
        .sign(issuer, SHA256())
    )
    return Authority(certificate, key)


def _builder(
    name: str,
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
    first: datetime,
    last: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(first)
        .not_valid_after(last)
    )


@cache
def paypal_authority() -> Authority:
    """Return the authority that the tests' PayPal certificate leads to."""
    return make_authority()


@cache
def paypal_key() -> rsa.RSAPrivateKey:
    """Return the key that the tests' PayPal signs with."""
    return rsa.generate_private_key(65_537, 2_048)


def to_pem(*certificates: x509.Certificate) -> bytes:
    """Return certificates in one file."""
    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)


def write_paypal_certificates(folder: Path) -> Path:
    """Write the offline store of the tests' PayPal into a folder, and return it."""
    authority = paypal_authority()
    (folder / ROOTS_FILE).write_bytes(to_pem(authority.certificate))
    (folder / f"{CERTIFICATE}.pem").write_bytes(to_pem(authority.issue(paypal_key())))
    return folder


def open_paypal_certificates(folder: Path) -> Certificates:
    """Return the certificates of the tests' PayPal, with which `sign` signs."""
    return open_certificates(write_paypal_certificates(folder))


def sign(
    provider: EndpointProvider,
    body: bytes,
    secret: str,
    *,
    now: datetime,
    event_id: str = "msg-0001",
    certificate_url: str = CERTIFICATE_URL,
) -> dict[str, str]:
    """Return the headers, in lower case, of a delivery that a provider signed; of PayPal, with the tests' key."""
    if provider != "paypal":
        return sign_as_product(provider, body, secret, now=now, event_id=event_id)
    time = f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    signed = f"{event_id}|{time}|{secret}|{zlib.crc32(body)}".encode()
    signature = paypal_key().sign(signed, PKCS1v15(), SHA256())
    return {
        "paypal-transmission-id": event_id,
        "paypal-transmission-time": time,
        "paypal-transmission-sig": base64.b64encode(signature).decode(),
        "paypal-cert-url": certificate_url,
        "paypal-auth-algo": "SHA256withRSA",
    }
