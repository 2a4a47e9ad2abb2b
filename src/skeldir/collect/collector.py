"""`POST /c/v1`: what the collector's own script (`static/v1.js`) reports of a landing. Pure.

The body is a JSON object, sent as text so that browsers need no preflight:

- `k` the write key, `j` the journey's key, `i` the report's own id; both 32 hexadecimal digits
- `o` what the visitor agreed to: `session` or `granted`
- `w` 1 where what scripts store is deleted early or not stored at all, else 0
- `p` the page's address without query, `r` the referrer's host
- `s`, `m`, `c` utm_source, utm_medium, utm_campaign; `g` the names of click ids
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal, get_args

from skeldir.collect.mapped import Answer, Asked, Mapped, Path, Wire
from skeldir.collect.visits import (
    Reading,
    Seen,
    has_evidence,
    is_internal,
    make_touch,
    parse_json,
    text_of,
)
from skeldir.ingest import UnreadableItem

Consent = Literal["granted", "session"]
Keeping = Literal["kept", "capped"]
CONSENTS: Final[tuple[Consent, ...]] = get_args(Consent)
KEEPINGS: Final[tuple[Keeping, ...]] = get_args(Keeping)
KEY_START: Final = "collector:"
"""With it begin the keys of the collector's touches: `collector:granted:kept:<id>`. Coverage reads both words."""

_RANDOM: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_MOST_CLICK_IDS: Final = 20
_LONGEST_NAME: Final = 100


def read_landing_report(value: object, asked: Asked) -> Mapped:
    """Return the touch of a landing, or why there is none."""
    reading = Reading()
    if isinstance(value, UnreadableItem):
        reading.add_touch(0, value)
    elif not isinstance(value, Mapping):
        reading.add_touch(0, UnreadableItem("item_not_an_object", "The body is not an object.", {}))
    else:
        _read_fields(reading, value, asked)
    return reading.mapped()


def _read_fields(reading: Reading, fields: Mapping[str, object], asked: Asked) -> None:
    consent, journey, own_id = (text_of(fields.get(name)) for name in ("o", "j", "i"))
    if consent not in CONSENTS:
        reading.drop("no_consent")
        return
    if journey is None or not _RANDOM.fullmatch(journey):
        reading.drop("no_journey")
        return
    seen = _seen_in(fields)
    if is_internal(seen):
        reading.drop("is_internal")
        return
    keeping: Keeping = "capped" if fields.get("w") == 1 else "kept"
    # Without an id of its own a report cannot be recognized when it is repeated: it becomes a dead event.
    is_known = own_id is not None and _RANDOM.fullmatch(own_id)
    key = f"{KEY_START}{consent}:{keeping}:{own_id}" if is_known else ""
    touch = make_touch("collector", seen, key=key, at=asked.now, journey=journey)
    if has_evidence(touch):
        reading.add_touch(0, touch)
    else:
        reading.drop("no_evidence")


def _seen_in(fields: Mapping[str, object]) -> Seen:
    given = fields.get("g")
    names = given[:_MOST_CLICK_IDS] if isinstance(given, list) else []
    kinds = tuple(name for one in names if (name := text_of(one, _LONGEST_NAME)) is not None)
    url, referrer, source, medium, campaign = (text_of(fields.get(name)) for name in "prsmc")
    return Seen(url, referrer, source, medium, campaign, kinds)


def _key_of(value: object, _query: Mapping[str, str]) -> str | None:
    return text_of(value.get("k")) if isinstance(value, Mapping) else None


def _answer(_asked: Asked) -> Answer:
    return Answer(202, media_type="text/plain")


WIRE: Final = Wire("collector", parse_json, _key_of, read_landing_report, _answer)
PATHS: Final = (Path("/c/v1"),)
