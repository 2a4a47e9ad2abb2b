"""The certificates with which PayPal signs deliveries: fetched from PayPal alone, checked up to a root, and cached."""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
import warnings
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Final

import certifi
import httpx2
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from skeldir.errors import ConfigurationInvalid

logger = logging.getLogger(__name__)

ROOTS_FILE: Final = "roots.pem"
TIMEOUT_S: Final = 5.0
LARGEST_FILE: Final = 64 * 1024
LONGEST_KEPT: Final = timedelta(days=1)
FAILURE_KEPT: Final = timedelta(seconds=10)
"""How long a failure is remembered, so that a crowd of deliveries does not ask PayPal once each."""

_MOST_KEPT: Final = 32
_MOST_FAILURES: Final = 256
_MOST_CERTIFICATES: Final = 10
_MOST_FETCHES: Final = 4
_DOMAIN: Final = ".paypal.com"
# One expression for all of the address, so that no parser's idea of a host, a user or a path can differ from another's.
_ADDRESS: Final = re.compile(
    r"https://api(?:-m)?(?:\.sandbox)?\.paypal\.com/v1/notifications/certs/(?P<name>CERT-[A-Za-z0-9-]{1,100})",
    re.ASCII,
)


class CertificateRefused(Exception):
    """The address is not one of PayPal's, or what it has is not a certificate of PayPal that is valid now."""


class CertificateUnreachable(Exception):
    """The certificate could not be fetched now; the same delivery may be accepted later."""


Read = Callable[[str, str], Awaitable[bytes]]
"""Returns the file of a certificate by its address and its name. Raises CertificateUnreachable."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is known of an address, until a moment."""

    found: RSAPublicKey | CertificateRefused | CertificateUnreachable
    ends_at: datetime


class Certificates:
    """PayPal's public keys by the address of their certificate. Belongs to one event loop.

    `read` gets files, `roots` are what a chain must end in; `end` is called when it is closed.
    """

    def __init__(
        self,
        roots: Sequence[x509.Certificate],
        read: Read,
        end: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._roots = Store(list(roots))
        self._read = read
        self._end = end
        self._keys: OrderedDict[str, _Kept] = OrderedDict()
        self._failures: OrderedDict[str, _Kept] = OrderedDict()
        self._fetches: dict[str, asyncio.Task[_Kept]] = {}
        self._slots = asyncio.Semaphore(_MOST_FETCHES)

    async def find_key(self, url: str, now: datetime) -> RSAPublicKey:
        """Return the public key of the certificate at an address. Callers at the same time share one fetch.

        Raises:
            CertificateRefused: the address or the certificate is not PayPal's.
            CertificateUnreachable: it cannot be fetched now.
        """
        address = _ADDRESS.fullmatch(url)
        if address is None:
            raise CertificateRefused("The certificate's address is not one of PayPal's.")
        kept = self._look_up(url, now)
        if kept is None:
            fetch = self._fetches.get(url)
            if fetch is None:
                fetch = asyncio.create_task(self._fetch(url, address["name"], now))
                self._fetches[url] = fetch
                fetch.add_done_callback(lambda _: self._fetches.pop(url, None))
            kept = await asyncio.shield(fetch)  # a caller that gives up does not stop the others
        if isinstance(kept.found, CertificateRefused | CertificateUnreachable):
            raise type(kept.found)(*kept.found.args)
        return kept.found

    async def close(self) -> None:
        """Stop the fetches under way, and close their connections."""
        fetches = list(self._fetches.values())
        for fetch in fetches:
            fetch.cancel()
        await asyncio.gather(*fetches, return_exceptions=True)
        if self._end is not None:
            await self._end()

    def _look_up(self, url: str, now: datetime) -> _Kept | None:
        for kept_by_url in (self._keys, self._failures):
            kept = kept_by_url.get(url)
            if kept is not None and now < kept.ends_at:
                kept_by_url.move_to_end(url)
                return kept
        return None

    async def _fetch(self, url: str, name: str, now: datetime) -> _Kept:
        try:
            async with asyncio.timeout(TIMEOUT_S), self._slots:
                file = await self._read(url, name)
            kept = _check(file, self._roots, now)
        except TimeoutError:
            late = CertificateUnreachable("PayPal did not answer in time.")
            kept = _Kept(late, now + FAILURE_KEPT)
        except (CertificateRefused, CertificateUnreachable) as error:
            kept = _Kept(error.with_traceback(None), now + FAILURE_KEPT)
        if isinstance(kept.found, CertificateUnreachable):
            logger.warning("inbox.certificate_unreachable %s: %s", name, kept.found)
        is_key = isinstance(kept.found, RSAPublicKey)
        kept_by_url, most = (self._keys, _MOST_KEPT) if is_key else (self._failures, _MOST_FAILURES)
        kept_by_url[url] = kept
        kept_by_url.move_to_end(url)
        while len(kept_by_url) > most:
            kept_by_url.popitem(last=False)
        return kept


def _check(file: bytes, roots: Store, now: datetime) -> _Kept:
    """Return the public key in a file of certificates, of which one is PayPal's and the others lead to a root.

    The name is taken from the alternative names of the subject, as browsers do: a certificate has its names there
    since 2017, and a common name besides is not checked by its issuer.
    """
    certificates = _parse(file)
    if not certificates or len(certificates) > _MOST_CERTIFICATES:
        # PayPal's hosts have answered with other pages at times: that is trouble, which passes.
        raise CertificateUnreachable("The answer is not a certificate.")
    for certificate in certificates:
        host = _host_of(certificate)
        if host is None:
            continue
        others = [one for one in certificates if one is not certificate]
        try:
            verifier = PolicyBuilder().store(roots).time(now).build_server_verifier(host)
            chain = verifier.verify(certificate, others)
            key = certificate.public_key()
        except (VerificationError, UnsupportedAlgorithm, ValueError):
            raise CertificateRefused(
                "The certificate does not lead to a known root, or is not valid now."
            ) from None
        if not isinstance(key, RSAPublicKey):
            raise CertificateRefused("The certificate's key is not one of RSA.")
        ends_at = min(one.not_valid_after_utc for one in chain)
        return _Kept(key, min(ends_at, now + LONGEST_KEPT))
    raise CertificateRefused("The certificate is not for a name of PayPal.")


def _parse(file: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(file)
    except ValueError:
        return []


def _host_of(certificate: x509.Certificate) -> x509.DNSName | None:
    """Return a name of PayPal that a certificate is for; None: it is for none."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return None
    for name in names.get_values_for_type(x509.DNSName):
        if name.lower().endswith(_DOMAIN):
            return x509.DNSName(name.replace("*", "any", 1))  # a host that the wildcard is for
    return None


def open_certificates(folder: Path | None) -> Certificates:
    """Return PayPal's certificates: from its hosts, or, with a folder, from files alone.

    In the folder, each certificate is the last part of its address and `.pem`, and `roots.pem` has the roots. It is for
    machines that may not reach PayPal. Reads files: to be called in a thread.

    Raises:
        ConfigurationInvalid: the folder has no usable `roots.pem`.
    """
    if folder is not None:
        return Certificates(_read_roots(folder), partial(_read_file, folder))
    client = httpx2.AsyncClient(verify=_tls(), timeout=TIMEOUT_S, follow_redirects=False)
    return Certificates(_system_roots(), partial(download, client), client.aclose)


async def download(client: httpx2.AsyncClient, url: str, name: str) -> bytes:
    """Return what an address has. Raises CertificateUnreachable: a trouble, another status than 200, or too much."""
    del name
    content = bytearray()
    try:
        # Raw: how much is read is bounded before anything is decompressed.
        headers = {"accept-encoding": "identity"}
        async with client.stream("GET", url, headers=headers, follow_redirects=False) as response:
            if response.status_code != httpx2.codes.OK:
                raise CertificateUnreachable(f"PayPal answered {response.status_code}.")
            async for part in response.aiter_raw():
                content += part
                if len(content) > LARGEST_FILE:
                    raise CertificateUnreachable("The answer is larger than any certificate.")
    except (httpx2.HTTPError, OSError) as error:
        raise CertificateUnreachable(f"PayPal cannot be reached: {type(error).__name__}.") from None
    return bytes(content)


async def _read_file(folder: Path, url: str, name: str) -> bytes:
    del url
    try:
        return await asyncio.to_thread((folder / f"{name}.pem").read_bytes)
    except OSError:
        raise CertificateUnreachable("The folder of certificates does not have it.") from None


def _read_roots(folder: Path) -> list[x509.Certificate]:
    path = folder / ROOTS_FILE
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        raise ConfigurationInvalid(
            f"The folder of PayPal's certificates has no readable {ROOTS_FILE}.",
            cure=f"Put the roots that PayPal's certificates lead to into {ROOTS_FILE}, in PEM.",
        ) from None


@cache
def _tls() -> ssl.SSLContext:
    return httpx2.create_ssl_context()


@cache
def _system_roots() -> list[x509.Certificate]:
    """Return the roots that the system trusts, or those of certifi where Python cannot list them."""
    files = ssl.create_default_context().get_ca_certs(binary_form=True)
    if not files:
        return x509.load_pem_x509_certificates(Path(certifi.where()).read_bytes())
    roots = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for file in files:
            try:
                roots.append(x509.load_der_x509_certificate(file))
            except (
                ValueError,
                Warning,
            ):  # old roots that break RFC 5280 lead to nothing of PayPal's
                continue
    return roots
