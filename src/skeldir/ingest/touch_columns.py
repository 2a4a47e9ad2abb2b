"""Many touches read at once, a block of items column by column, with the same outcome as `canonical` item by item.

A column is only checked for values that are plainly good. A block with any other value is read item by item, so that
only one place knows what is rejected, and why.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from datetime import UTC, datetime
from functools import partial
from operator import attrgetter
from types import NoneType
from typing import Any, Final

from skeldir.ingest.canonical import (
    Origin,
    Touch,
    parse_moment,
    read_landing_page,
    read_origin,
    read_touch,
)
from skeldir.ingest.channels import OwnRules
from skeldir.ingest.fields import EARLIEST, LONGEST_JOURNEY_KEY, MAX_CLOCK_SKEW
from skeldir.ingest.landing import LONGEST_PATH, NO_LANDING, Landing
from skeldir.ingest.nothing import holds_no_id
from skeldir.ingest.rejections import ItemRejected, attempt
from skeldir.revenue import LONGEST_KEY

# One odd item wastes the work on a block's columns; smaller blocks take longer in total.
_BLOCK: Final = 128
_FEW_ITEMS: Final = 8

_DICTS: Final[Set[object]] = {dict}
_LISTS: Final[Set[object]] = {list, NoneType}
_MOMENTS: Final[Set[object]] = {datetime}
_TEXTS: Final[Set[object]] = {str}
_TEXTS_OR_NONE: Final[Set[object]] = {str, NoneType}
_PLAIN_PATH: Final = re.compile(r"/(?:[\w.~+,@-][\w/.~+,@-]*)?", re.ASCII)
_zone_of = attrgetter("tzinfo")


def read_touches(
    items: Sequence[object],
    *,
    now: datetime,
    own_channels: frozenset[str],
    own_hosts: frozenset[str] = frozenset(),
    own_rules: OwnRules | None = None,
) -> list[Touch | ItemRejected]:
    """Return for each item what `canonical.read_touch` returns or raises."""
    read_alone = partial(
        read_touch, now=now, own_channels=own_channels, own_hosts=own_hosts, own_rules=own_rules
    )
    plain = _PlainTouches(now, own_channels, own_hosts, own_rules)
    outcomes: list[Touch | ItemRejected] = []
    for at in range(0, len(items), _BLOCK):
        block = items[at : at + _BLOCK]
        touches = plain.read(block) if len(block) >= _FEW_ITEMS else None
        outcomes += touches or [attempt(read_alone, item) for item in block]
    return outcomes


class _Odd(Exception):
    """A value of the block is not plainly good, though it may be good."""


class _PlainTouches:
    """Reads blocks of touches, and remembers the result for each origin and landing page."""

    def __init__(
        self,
        now: datetime,
        own_channels: frozenset[str],
        own_hosts: frozenset[str],
        own_rules: OwnRules | None,
    ) -> None:
        self._latest = now + MAX_CLOCK_SKEW
        self._own_channels = own_channels
        self._own_hosts = own_hosts
        self._own_rules = own_rules
        self._reads_paths = own_rules is not None and own_rules.reads_paths
        self._origins: dict[tuple[object, ...], Origin] = {}
        self._pages: dict[str | None, tuple[str | None, Landing | None]] = {
            None: (None, None),
            "": (None, None),
        }

    def read(self, items: Sequence[Any]) -> list[Touch] | None:
        """Return the touches that the items describe, or None when any of them is odd."""
        if set(map(type, items)) != _DICTS:
            return None
        try:
            return self._read(items)
        except (_Odd, ItemRejected):
            return None

    def _read(self, items: Sequence[dict[str, Any]]) -> list[Touch]:
        paths, evidence = self._read_landings(items)
        origins = self._read_origins(items, evidence)
        sources, mediums, campaigns, hosts, kinds, codes, rules = zip(*origins, strict=True)
        columns = (
            _required_texts(items, "idempotency_key", LONGEST_KEY),
            self._moments(items),
            _required_texts(items, "journey_key", LONGEST_JOURNEY_KEY),
            _texts(items, "session_id", LONGEST_KEY),
            codes,
            rules,
            sources,
            mediums,
            campaigns,
            hosts,
            paths,
            kinds,
        )
        return list(map(Touch._make, zip(*columns, strict=True)))

    def _read_origins(
        self, items: Sequence[dict[str, Any]], evidence: Sequence[Landing | None]
    ) -> list[Origin]:
        names = ("source", "medium", "campaign", "referrer_host", "channel")
        known = self._origins
        columns = [_column(items, name, _TEXTS_OR_NONE) for name in names]
        columns.append(_click_ids(items))
        keys = list(zip(*columns, evidence, strict=True))
        for key in set(keys) - known.keys():
            fields = dict(zip((*names, "click_ids"), key[:-1], strict=True))
            known[key] = read_origin(
                fields, self._own_channels, key[-1] or NO_LANDING, self._own_hosts, self._own_rules
            )
        return [known[key] for key in keys]

    def _read_landings(
        self, items: Sequence[dict[str, Any]]
    ) -> tuple[Sequence[str | None], Sequence[Landing | None]]:
        """Return the paths, and what the addresses say besides: many paths differ, and only a rule reads them."""
        known = self._pages
        pages = _column(items, "landing_path", _TEXTS_OR_NONE)
        for page in set(pages) - known.keys():
            if not self._reads_paths and _is_path(page):
                known[page] = page, None
            else:
                landing = read_landing_page({"landing_path": page})
                says = landing if self._reads_paths else landing._replace(path=None)
                known[page] = landing.path, says
        paths, evidences = zip(*[known[page] for page in pages], strict=True)
        return paths, evidences

    def _moments(self, items: Sequence[dict[str, Any]]) -> list[datetime]:
        values: list[Any] = [item.get("occurred_at") for item in items]
        moments: list[datetime]
        moments = values if set(map(type, values)) == _MOMENTS else list(map(parse_moment, values))
        zones = set(map(_zone_of, moments))
        if None in zones or min(moments) < EARLIEST or max(moments) > self._latest:
            raise _Odd
        return moments if zones == {UTC} else [moment.astimezone(UTC) for moment in moments]


def _column(items: Sequence[dict[str, Any]], name: str, types: Set[object]) -> list[Any]:
    values = [item.get(name) for item in items]
    if not types >= set(map(type, values)):
        raise _Odd
    return values


def _is_path(page: str | None) -> bool:
    """Return whether a page is a path without query, fragment, encoded or odd characters: it says nothing besides."""
    return (
        page is not None and len(page) <= LONGEST_PATH and _PLAIN_PATH.fullmatch(page) is not None
    )


def _click_ids(items: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    values = _column(items, "click_ids", _LISTS)
    if not any(values):
        return [()] * len(values)
    kinds = [tuple(value or ()) for value in values]
    if not {type(kind) for value in kinds for kind in value} <= _TEXTS:
        raise _Odd
    return kinds


def _required_texts(items: Sequence[dict[str, Any]], name: str, longest: int) -> list[str]:
    values = _column(items, name, _TEXTS)
    joined = _require_printable(values, longest)
    if not all(map(str.strip, values)) or ("+" in joined and "e+" in joined.lower()):
        raise _Odd
    _require_ids(values, joined)
    return values


def _texts(items: Sequence[dict[str, Any]], name: str, longest: int) -> list[str | None]:
    values = [value or None for value in _column(items, name, _TEXTS_OR_NONE)]
    present = [value for value in values if value is not None]
    _require_ids(present, _require_printable(present, longest))
    return values


def _require_printable(values: Sequence[str], longest: int) -> str:
    """Return the texts joined; raise `_Odd` for one that is too long or not printable, as control characters are."""
    joined = "".join(values)
    if not joined.isprintable() or max(map(len, values), default=0) > longest:
        raise _Odd
    return joined


def _require_ids(values: Sequence[str], joined: str) -> None:
    """Raise `_Odd` for a placeholder. Of the white space, only blanks are printable."""
    if holds_no_id(list(map(str.strip, values)) if " " in joined else values):
        raise _Odd
