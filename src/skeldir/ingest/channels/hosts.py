"""Which referrers are the site itself: by the host that was landed on, or by a tenant's list. Pure."""

from __future__ import annotations

from typing import Final

from skeldir.ingest.channels.rules import PAYMENT_DROPS_MEDIUM, TABLE, tidy

_SHARED_DOMAINS: Final = frozenset(TABLE["shared_domains"])
_SECOND_LEVELS: Final = frozenset(TABLE["second_levels"])


def ascii_host(host: str) -> str:
    """Return a host in the form that browsers send, `xn--…`; one that has no such form stays as it is."""
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


def may_own(host: str) -> bool:
    """Return whether the hosts under this one have one owner: no public suffix, no host of many shops."""
    labels = host.split(".")
    if len(labels) < 2 or host in _SHARED_DOMAINS:
        return False
    return not (len(labels) == 2 and len(labels[1]) == 2 and labels[0] in _SECOND_LEVELS)


def is_own_host(referrer_host: str, landing_host: str) -> bool:
    """Return whether a referrer is the site that was landed on: the same host, one above, or one below.

    Both are lower case; `www.` in front makes no difference. A domain under which many owners have
    hosts (`shared_domains` in rules.toml, `co.uk`) is not above or below anybody's.
    """
    referrer = ascii_host(referrer_host).removeprefix("www.")
    landing = ascii_host(landing_host).removeprefix("www.")
    if referrer == landing:
        return True
    shorter, longer = sorted((referrer, landing), key=len)
    return longer.endswith("." + shorter) and may_own(shorter)


def is_among(host: str, hosts: frozenset[str]) -> bool:
    """Return whether a host, in lower case, is one of these, which are ASCII, or below one of them."""
    host = ascii_host(host)
    while host:
        if host in hosts:
            return True
        host = host.partition(".")[2]
    return False


def drop_own_hosts(
    source: str | None, medium: str | None, referrer_host: str | None, hosts: frozenset[str]
) -> tuple[str | None, str | None, str | None]:
    """Return source, medium and referrer host without those that only name one of a tenant's `hosts`.

    A source that is such a host takes a medium with it that only means "followed a link from there".
    """
    if not hosts:
        return source, medium, referrer_host
    if referrer_host and is_among(referrer_host, hosts):
        referrer_host = None
    if source and is_among(tidy(source), hosts):
        source = None
        if tidy(medium) in PAYMENT_DROPS_MEDIUM:
            medium = None
    return source, medium, referrer_host
