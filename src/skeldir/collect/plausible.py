"""`POST /api/event`: what Plausible's script and its events API send. Pure.

The body is one object, sent as JSON or as text: the script's fields `n, u, d, r, p`, or `name, url, domain, referrer,
props` of the API. Plausible has no id of a visitor, so the page must add one to its properties as `journey`. Revenue
comes without an order's id and is never an order. The write key is in the path, or takes the place of the domain.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson

from skeldir.collect.mapped import Answer, Asked, Mapped, Path, Wire
from skeldir.collect.outcomes import (
    NO_OBJECT,
    Outcome,
    collect_outcomes,
    judge_visit,
    key_shaped,
)
from skeldir.collect.visits import NOTHING, Seen, parse_json, text_of, token_of
from skeldir.ingest import UnreadableItem

PATHS: Final = (Path("/api/event"), Path("/k/{key}/api/event"))

_LONGEST_PROPS: Final = 20_000
_MADE: Final = Answer(202, b"ok", "text/plain")
_DROPPED: Final = Answer(202, b"ok", "text/plain", {"x-plausible-dropped": "1"})


def _read(value: object, asked: Asked) -> Mapped:
    outcome = _read_event(value, asked)
    is_made = outcome.touch is not None and not isinstance(outcome.touch, UnreadableItem)
    return collect_outcomes([outcome]).mapped(answer=_MADE if is_made else _DROPPED)


def _read_event(event: object, asked: Asked) -> Outcome:
    if not isinstance(event, Mapping):
        return Outcome(event if isinstance(event, UnreadableItem) else NO_OBJECT)
    name = _either(event, "n", "name")
    if name == "engagement":
        return Outcome(reason="not_a_visit")
    url, referrer = text_of(_either(event, "u", "url")), text_of(_either(event, "r", "referrer"))
    return judge_visit(
        "plausible",
        Seen(url, referrer),
        is_page=name == "pageview",
        at=asked.now,
        journey=token_of(_props_of(event).get("journey")),
    )


def _either(event: Mapping[str, object], short: str, long: str) -> object:
    value = event.get(short)
    return event.get(long) if value is None else value


def _props_of(event: Mapping[str, object]) -> Mapping[str, object]:
    """Return the properties of an event, which the older script sends as a JSON text."""
    props = next((event[name] for name in ("m", "meta", "p", "props") if event.get(name)), None)
    if isinstance(props, str) and len(props) <= _LONGEST_PROPS:
        try:
            props = orjson.loads(props)
        except orjson.JSONDecodeError:
            return NOTHING
    return props if isinstance(props, Mapping) else NOTHING


def _key_of(value: object, query: Mapping[str, str]) -> str | None:
    domain = _either(value, "d", "domain") if isinstance(value, Mapping) else None
    return query.get("key") or key_shaped(domain)


def _answer(_asked: Asked) -> Answer:
    return _MADE


WIRE: Final = Wire("plausible", parse_json, _key_of, _read, _answer)
