"""The HTTP API of Segment and RudderStack: its paths, messages, and documents for its browser libraries. Pure.

Every body is one message, or a batch of them. `sentAt` is the sender's clock when it sent: times are corrected by it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Final

import orjson

from skeldir.collect.mapped import Answer, Asked, Document, Mapped, Path, Wire
from skeldir.collect.outcomes import PIXEL, collect_outcomes
from skeldir.collect.segment_messages import Batch, read_message
from skeldir.collect.visits import object_of, parse_json, text_of
from skeldir.ingest import UnreadableItem

_IMAGE: Final = "pixel_"
_KINDS: Final = ("track", "page", "screen", "identify", "group", "alias")
_PIXEL_KINDS: Final = ("track", "page")
_MOST_PARTS: Final = 6
_LONGEST_KEY: Final = 100
_SUCCESS: Final = b'{"success":true}'
NO_ADDRESS: Final = "apihost-is-not-set.invalid/v1"
"""Where analytics.js sends if neither the page nor the service says where: nowhere, and never to Segment."""


def parse(body: bytes, query: Mapping[str, str], content_type: str) -> object:
    """Return the value of a body, whose content type may be `text/plain`; without a body, that of a pixel's query.

    A pixel has its message as Base64 in `data` (Segment), or a field in each parameter, such as
    `context.page.url` (RudderStack).
    """
    if body.strip():
        return parse_json(body, query, content_type)
    data = query.get("data")
    if data is None:
        return _nest(query)
    padded = data.strip().replace("-", "+").replace("_", "/").replace(" ", "+")
    try:
        decoded = base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    return parse_json(decoded, query, content_type)


def _nest(query: Mapping[str, str]) -> Mapping[str, object]:
    """Return the object whose fields are parameters; a point in a name leads into an object."""
    fields: dict[str, object] = {}
    for name, value in query.items():
        *folders, last = name.split(".", _MOST_PARTS)
        inner: object = fields
        for folder in folders:
            inner = inner.setdefault(folder, {}) if isinstance(inner, dict) else None
        if isinstance(inner, dict):
            inner.setdefault(last, value)
    return fields


def key_of(value: object, query: Mapping[str, str]) -> str | None:
    """Return the write key in a body, in the first message of a batch, or in the query."""
    first = value
    if isinstance(value, Mapping) and "writeKey" not in value:
        first = value.get("batch")
    if isinstance(first, list):
        first = first[0] if first else None
    key = first.get("writeKey") if isinstance(first, Mapping) else None
    return text_of(key, _LONGEST_KEY) or text_of(query.get("writeKey"), _LONGEST_KEY)


def read(value: object, asked: Asked) -> Mapped:
    """Return what the messages of a body say.

    The path names the type of a single message. The messages of a batch have theirs in `type`; `sentAt` beside the
    batch is of all of them, and `context` of each that has none of its own.
    """
    verb = asked.verb.removeprefix(_IMAGE)
    messages: list[object] = [value]
    batch = Batch(asked, verb if verb in _KINDS else None)
    if isinstance(value, UnreadableItem):
        return Mapped(touches=((0, value),))
    if isinstance(value, list):
        messages, batch = value, Batch(asked)
    elif isinstance(value, Mapping) and "batch" in value:
        inner = value["batch"]
        messages = inner if isinstance(inner, list) else [inner]
        batch = Batch(asked, None, value.get("sentAt"), object_of(value, "context"))
    return collect_outcomes(read_message(message, batch) for message in messages).mapped()


def answer(asked: Asked) -> Answer:
    """Return what the libraries take for success; for a pixel, an image."""
    if asked.verb.startswith(_IMAGE):
        return PIXEL
    return Answer(200, _SUCCESS)


def make_settings(parameters: Mapping[str, str]) -> Answer:
    """Return the settings of a source for analytics.js: one destination, this service, and no measuring of itself.

    `address` among the parameters is that of this service, such as `https://stats.shop.example`. Without it the page
    must say where to send (`integrations["Segment.io"].apiHost`).
    """
    scheme, mark, host = parameters.get("address", "").partition("://")
    destination: dict[str, object] = {
        "apiKey": parameters.get("key", "")[:_LONGEST_KEY],
        "apiHost": f"{host.rstrip('/')}/v1" if mark else NO_ADDRESS,
        "protocol": scheme if mark else "https",
        "unbundledIntegrations": [],
    }
    settings: dict[str, object] = {
        "integrations": {"Segment.io": destination},
        "plan": {},
        "edgeFunction": {},
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "analyticsNextEnabled": True,
        "legacyVideoPluginsEnabled": False,
        "remotePlugins": [],
        "metrics": {"sampleRate": 0},
    }
    return Answer(200, orjson.dumps(settings))


def make_source_config(_parameters: Mapping[str, str]) -> Answer:
    """Return the configuration of a source for RudderStack's browser library: no destinations, no reports on itself."""
    collection = {"errors": {"enabled": False}, "metrics": {"enabled": False}}
    source: dict[str, object] = {
        "id": "skeldir",
        "name": "skeldir",
        "workspaceId": "skeldir",
        "enabled": True,
        "config": {"statsCollection": collection},
        "connections": [],
        "destinations": [],
        "dataplanes": {},
    }
    return Answer(200, orjson.dumps({"source": source}))


PATHS: Final[tuple[Path, ...]] = (
    *(Path(f"/v1/{kind}", kind) for kind in _KINDS),
    *(Path(f"/v1/{kind[0]}", kind) for kind in _KINDS),
    Path("/v1/merge", "merge"),
    Path("/v1/batch", "batch"),
    Path("/v1/import", "batch"),
    Path("/v1/b", "batch"),
    Path("/beacon/v1/batch", "batch"),
    *(Path(f"/pixel/v1/{kind}", _IMAGE + kind, ("GET",)) for kind in _PIXEL_KINDS),
    *(Path(f"/v1/pixel/{kind}", _IMAGE + kind, ("GET",)) for kind in _PIXEL_KINDS),
)
DOCUMENTS: Final[tuple[Document, ...]] = (
    Document("/v1/projects/{key}/settings", make_settings),
    Document("/sourceConfig/", make_source_config, ("GET", "HEAD")),
    Document("/sourceConfig", make_source_config, ("GET", "HEAD")),
)
WIRE: Final = Wire("segment", parse, key_of, read, answer)
