"""What a landing address says of a visit's origin, read before the address is cut to its path. Pure.

Of the query and the fragment only the utm tags and the *names* of click ids are kept, never their values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from typing import Final, NamedTuple
from urllib.parse import unquote, unquote_plus

from skeldir.ingest.channels import CLICK_ID_KINDS, is_placeholder
from skeldir.ingest.fields import LONGEST_LABEL

UNNAMED_KIND: Final = "unnamed_click_id"
"""The kind that is kept for a click id whose name may itself be a value or a person's data."""
MOST_UNKNOWN_KINDS: Final = 8

LONGEST_PATH: Final = 500
"""Characters that are kept of a path."""

_SCHEME: Final = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_ENCODED_SCHEME: Final = re.compile(r"^[a-z][a-z0-9+.-]*%3a%2f%2f", re.IGNORECASE)
_END_OF_HOST: Final = re.compile(r"[/?#]")
_SEPARATOR: Final = re.compile(r"[?#&]")
_ENCODED_SEPARATOR: Final = re.compile(r"%(?:3f|23|26)", re.IGNORECASE)
_TAGS: Final = {"utm_source": "source", "utm_medium": "medium", "utm_campaign": "campaign"}
# Letters and underscores, at most 24 of them, at most two digits: values are longer or have more.
_HARMLESS: Final = re.compile(r"_?[a-z](?=[a-z_]*\d?[a-z_]*\d?[a-z_]*$)[a-z0-9_]{1,22}", re.ASCII)
_LONGEST_KIND: Final = 24
_MOST_CAPITALS: Final = 2  # ScCid, clickId; a random text of mixed case has more
_NAMES_A_CLICK: Final = re.compile(r"(?:clid|clkid|click_?id)$")
_MOST_PARAMETERS: Final = 200


class Landing(NamedTuple):
    """The parts of a landing address that may be kept, and its host, which is compared and then dropped."""

    path: str | None = None
    host: str | None = None
    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    click_id_kinds: tuple[str, ...] = ()


NO_LANDING: Final = Landing()


def host_of(value: str | None) -> str | None:
    """Return only the host of a host or URL, in lower case: paths and queries may carry personal data."""
    if value is None:
        return None
    rest = _SCHEME.sub("", _decoded(value.strip()), count=1)
    host = _END_OF_HOST.split(rest, maxsplit=1)[0].rpartition("@")[2]
    if host.startswith("[") or host.count(":") > 1:
        return _number_of(host)
    return host.partition(":")[0].lower().strip(".")[:253] or None


def _number_of(host: str) -> str | None:
    """Return the IPv6 address of a host, in brackets, without port and zone; of others what is before a colon."""
    text = host.removeprefix("[").partition("]")[0].partition("%")[0].lower()
    try:
        IPv6Address(text)
    except AddressValueError:
        return text.partition(":")[0].strip(".")[:253] or None
    return f"[{text}]"


def path_of(value: str | None) -> str | None:
    """Return only the path of a path or URL, without query and fragment."""
    return read_landing(value).path


# Several readers of a message ask about its one address.
@lru_cache(maxsize=16)
def read_landing(address: str | None) -> Landing:
    """Return what a path or URL says. The first value of a tag counts, and the query before the fragment.

    A query that was percent-encoded as one piece, and one escaped for HTML (`&amp;`), are read too.
    """
    if address is None:
        return NO_LANDING
    text = _decoded(address.strip())
    start = _SCHEME.match(text)
    rest = text if start is None else text[start.end() :]
    before, query, fragment = _split(rest)
    path: str | None = before
    if start is not None:
        path = "/" + before.partition("/")[2]
    host = None if start is None else host_of(text)
    path = (path or "")[:LONGEST_PATH] or None
    if not query and not fragment:
        return Landing(path, host)
    return Landing(path, host, *_read_evidence(query, fragment))


def cut_address(address: str, longest: int) -> str:
    """Return an address up to a number of characters, without a parameter of which only a part would be left."""
    if len(address) <= longest:
        return address
    kept = address[:longest]
    ends = [found.start() for found in _SEPARATOR.finditer(kept)]
    if not ends:
        ends = [found.start() for found in _ENCODED_SEPARATOR.finditer(kept)]
    return kept[: ends[-1]] if ends else kept


def harmless_kind(name: str) -> str:
    """Return the kind to keep for a click id that is not known: its name in lower case, or UNNAMED_KIND."""
    if len(name) > _LONGEST_KIND:
        return UNNAMED_KIND
    lowered = name.lower()
    capitals = sum(map(str.isupper, name))
    if _HARMLESS.fullmatch(lowered) and (capitals <= _MOST_CAPITALS or name.isupper()):
        return lowered
    return UNNAMED_KIND


def keep_kinds(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the kinds of click ids with these names, sorted: all known ones, and a few others that are harmless.

    A value behind `=` is dropped unread.
    """
    known: set[str] = set()
    others: set[str] = set()
    for name in names:
        kind = name.partition("=")[0].strip()
        if kind.lower() in CLICK_ID_KINDS:
            known.add(kind.lower())
        elif kind:
            others.add(harmless_kind(kind))
    return tuple(sorted(known.union(sorted(others)[:MOST_UNKNOWN_KINDS])))


def _decoded(address: str) -> str:
    """Return an address that was percent-encoded in one piece decoded, without control characters."""
    return _tidied(unquote(address)) if _ENCODED_SCHEME.match(address) else address


def _split(rest: str) -> tuple[str, str, str]:
    """Return what stands before the query, the query, and the fragment."""
    page, _, fragment = rest.partition("#")
    path, mark, query = page.partition("?")
    if not mark:
        lowered = page.lower() if page.isascii() else page
        at = lowered.find("%3f")
        if at >= 0 and "%3d" in lowered[at:]:
            return page[:at], unquote(page[at + 3 :]), fragment
    return path, query, fragment


def _read_evidence(
    query: str, fragment: str
) -> tuple[str | None, str | None, str | None, tuple[str, ...]]:
    tags: dict[str, str] = {}
    clicks: list[str] = []
    for name, value in _parameters(query, fragment):
        if name in _TAGS:
            if name not in tags and not is_placeholder(value):
                tags[name] = value[:LONGEST_LABEL]
        elif value and (name in CLICK_ID_KINDS or _NAMES_A_CLICK.search(name)):
            clicks.append(name)
    source, medium, campaign = (tags.get(name) for name in _TAGS)
    return source, medium, campaign, keep_kinds(tuple(clicks))


def _parameters(query: str, fragment: str) -> Iterator[tuple[str, str]]:
    """Yield the names, in lower case, and the values of the parameters, without control characters."""
    # A single-page application keeps its route in the fragment: #/shoes?utm_source=…
    for part in (query, fragment.rpartition("?")[2]):
        plain = unquote(part) if "=" not in part and "%3" in part else part
        pairs = plain.replace("&amp;", "&").split("&", _MOST_PARAMETERS)[:_MOST_PARAMETERS]
        for pair in pairs:
            name, mark, value = pair.partition("=")
            if not mark:
                continue
            if "%" in pair or "+" in pair:
                name, value = unquote_plus(name), unquote_plus(value)
            yield name.strip().lower(), _tidied(value)


def _tidied(value: str) -> str:
    text = value.strip()
    return text if text.isprintable() else "".join(filter(str.isprintable, text)).strip()
