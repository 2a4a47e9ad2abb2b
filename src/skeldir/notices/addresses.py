"""Addresses of destinations: of e-mail, and URLs of webhooks that lead out of the operator's own network."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from skeldir.notices.refusals import DestinationInvalid, NoticeNotDelivered
from skeldir.users import read_email

if TYPE_CHECKING:
    from collections.abc import Sequence

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address

PRIVATE_ADDRESSES: Final = "SKELDIR_NOTICES_TO_PRIVATE_ADDRESSES"
"""The setting that permits webhooks within the operator's own network."""

_LONGEST: Final = 500
_LOOK_UP_S: Final = 5.0
# A dot-atom of RFC 5322: nothing that a header or a mail server could read as more than one address.
_MAIL: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", re.ASCII
)  # fmt: skip
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\.?", re.ASCII)
# Addresses of IPv6 that carry one of IPv4, which a gateway would open.
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class WebhookUrl:
    """The URL of a webhook, taken apart. `target` is path and query."""

    text: str
    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Host and port as the header Host has them."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"https": 443, "http": 80}[self.scheme]
        return shown if self.port == usual else f"{shown}:{self.port}"


def read_mail_address(text: str) -> str:
    """Return an e-mail address as it is stored.

    Raises:
        EmailInvalid: it is none.
        DestinationInvalid: it has characters that mail servers read in different ways.
    """
    email = read_email(text)
    if not _MAIL.fullmatch(email):
        raise DestinationInvalid(
            f"{email[:60]!r} has characters that not every mail server takes.",
            cure="Use an address of ASCII letters, digits and signs such as . _ + -.",
        )
    return email


def read_webhook_url(text: str) -> WebhookUrl:
    """Return the URL of a webhook, taken apart.

    Raises:
        DestinationInvalid: it is not https, nor http to this machine; it has a name or password, or is no URL.
    """
    text = text.strip()
    is_plain = text.isascii() and text.isprintable() and " " not in text and len(text) <= _LONGEST
    try:
        parts = urlsplit(text if is_plain else "")
        port = parts.port
    except ValueError:
        raise _not_a_url() from None
    host = parts.hostname or ""
    literal = _literal(host)
    if parts.scheme not in {"https", "http"} or (literal is None and not _HOST.fullmatch(host)):
        raise _not_a_url()
    if parts.username is not None or parts.password is not None or parts.fragment or "\\" in text:
        raise DestinationInvalid(
            "The URL has a user name, a password, a fragment or a backslash.",
            cure="Leave these out: the receiver knows the sender by the signature.",
        )
    is_own = literal.is_loopback if literal is not None else host == "localhost"
    if parts.scheme == "http" and not is_own:
        raise DestinationInvalid(
            "The URL is not encrypted.",
            cure="Use https://; only a receiver on the same machine may be reached by http://.",
        )
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    default = 443 if parts.scheme == "https" else 80
    return WebhookUrl(text, parts.scheme, host, default if port is None else port, target)


async def find_addresses(url: WebhookUrl, *, allows_private: bool) -> list[str]:
    """Return the IP addresses of a webhook's host, all of which may be reached; the caller connects to one of these.

    The name is not looked up again, so that it cannot lead elsewhere between the check and the connection.

    Raises:
        NoticeNotDelivered: the name has no address, or one within a private network.
    """
    if (literal := _literal(url.host)) is not None:
        found: list[Ip] = [literal]
    else:
        try:
            async with asyncio.timeout(_LOOK_UP_S):
                answers = await asyncio.get_running_loop().getaddrinfo(
                    url.host, url.port, type=socket.SOCK_STREAM
                )
        except (OSError, UnicodeError, TimeoutError):
            raise NoticeNotDelivered(
                f"The host {url.host} has no address.", cure="Check the URL of the destination."
            ) from None
        found = [ipaddress.ip_address(str(answer[4][0]).partition("%")[0]) for answer in answers]
    require_reachable(url, found, allows_private=allows_private)
    return [str(one) for one in dict.fromkeys(found)]


def require_reachable(url: WebhookUrl, found: Sequence[Ip], *, allows_private: bool) -> None:
    """Raise `NoticeNotDelivered`, finally, if one of the addresses may not be reached, or there is none."""
    is_plain = url.scheme == "http"
    if is_plain and not all(one.is_loopback for one in found):
        raise _refused(url, "is not this machine, and the URL is not encrypted", "Use https://.")
    if not found or (not allows_private and any(is_private(one) for one in found)):
        raise _refused(
            url,
            "is within a private network",
            f"Use a public address, or let the operator set {PRIVATE_ADDRESSES}=true.",
        )


def is_private(address: Ip) -> bool:
    """Return whether an address is not one of the public internet, also by way of a gateway of IPv6."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return is_private(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        if inner:
            return is_private(inner)
        if address.is_site_local:
            return True
    return not address.is_global or address.is_multicast or address.is_reserved


def _literal(host: str) -> Ip | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _refused(url: WebhookUrl, why: str, cure: str) -> NoticeNotDelivered:
    return NoticeNotDelivered(f"The host {url.host} {why}.", cure=cure, is_final=True)


def _not_a_url() -> DestinationInvalid:
    return DestinationInvalid(
        "This is not the URL of a webhook.",
        cure="Write it as https://example.com/path, in at most 500 ASCII characters.",
    )
