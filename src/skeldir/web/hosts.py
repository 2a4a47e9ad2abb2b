"""Where pages are reached: at the address that the operator states, or, without one, on the machine itself.

A request says by itself for which host it is, so nothing may follow from that but a refusal: links that pages make, and
the kind of their cookies, follow from the setting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from skeldir.errors import SkeldirError
from skeldir.settings import DEFAULT_PORTS, is_loopback

if TYPE_CHECKING:
    from fastapi import Request

_NAME: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-.:[]")


class HostUnknown(SkeldirError):
    """The request is for a host at which there are no pages."""

    code = "host_unknown"
    status = 421
    title = "There are no pages at this address"


@dataclass(frozen=True, slots=True)
class Site:
    """Where browsers reach the pages. `origin` is that of SKELDIR_PUBLIC_URL; None: on the machine itself."""

    origin: str | None

    @property
    def is_local(self) -> bool:
        """Whether pages come without TLS, which the machine itself may do."""
        return self.origin is None or self.origin.startswith("http://")

    def admits(self, host: str) -> bool:
        """Return whether the header `Host` names this site."""
        if self.origin is None:
            return _NAME.issuperset(host.lower()) and is_loopback(_name_of(host))
        scheme, _, own = self.origin.partition("://")
        return host.lower().removesuffix(f":{DEFAULT_PORTS[scheme]}") == own


def is_for_pages(request: Request) -> bool:
    """Return whether a request names this site, and no other beside it."""
    hosts = request.headers.getlist("host")
    return len(hosts) == 1 and site_of(request).admits(hosts[0])


def require_known_host(request: Request) -> None:
    """Check that a request is for this site.

    Raises:
        HostUnknown: it names another host, or several.
    """
    if is_for_pages(request):
        return
    site = site_of(request)
    if site.origin is None:
        raise HostUnknown(
            "Pages are shown on this machine only, until the address at which others reach them is stated.",
            cure="Set SKELDIR_PUBLIC_URL, such as https://skeldir.example, and start the API again.",
        )
    raise HostUnknown(
        f"Pages are at {site.origin}.",
        cure="Open them there. If you did, the proxy in front of the API must pass on the header Host.",
    )


def origin_of(request: Request) -> str:
    """Return the address of this site, as links for other people begin with it."""
    site = site_of(request)
    return site.origin or f"{request.url.scheme}://{request.headers.get('host', '')}"


def is_own_origin(request: Request, origin: str) -> bool:
    """Return whether a header `Origin` names this site.

    Without a stated address, `Host` must be one of the machine itself: whoever owns a name can have it lead here, and a
    page at that name then sends both headers with it.
    """
    site = site_of(request)
    if site.origin is not None:
        return origin.lower() == site.origin
    scheme, _, host = origin.partition("://")
    return scheme in DEFAULT_PORTS and host == request.headers.get("host") and is_for_pages(request)


def site_of(request: Request) -> Site:
    """Return the site of the application."""
    site: Site = request.app.state.site
    return site


def _name_of(host: str) -> str:
    """Return the name in a header `Host`; nothing if what follows it is no port."""
    if host.endswith("]"):
        return host
    name, _, port = host.rpartition(":")
    return (name if port.isascii() and port.isdigit() else "") if name else port
