"""`POST /api/send` and `/api/batch`: what Umami's script and clients send. Pure.

A message is `{"type": "event", "payload": {website, hostname, url, referrer, name?, data?, id?, vid?, timestamp?}}`,
with `name` if it is no page view; a batch is a list of messages. The visitor is `data.journey`, else `vid`, the id
that the script keeps, else `id`. The script leaves out a referrer on the site itself, so a page without one is not
known to be a landing. Umami has no orders. The write key is in the path, or takes the place of `website`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
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
from skeldir.collect.visits import (
    Seen,
    moment_of_number,
    object_of,
    parse_json,
    text_of,
    token_of,
)
from skeldir.ingest import UnreadableItem

PATHS: Final = (
    Path("/api/send"),
    Path("/k/{key}/api/send"),
    Path("/api/batch", "batch"),
    Path("/k/{key}/api/batch", "batch"),
)

_NO_LIST: Final = UnreadableItem("item_not_an_object", "A batch is a list of messages.", {})
_NO_PAYLOAD: Final = UnreadableItem("item_not_an_object", "The message has no payload.", {})
# Umami answers with ids of its own; the script needs none of them.
_ANSWER: Final = Answer(body=b'{"sessionId":"","visitId":""}')


def _messages_in(value: object, verb: str) -> list[object]:
    if verb != "batch":
        return [value]
    if isinstance(value, list):
        return value
    return [value if isinstance(value, UnreadableItem) else _NO_LIST]


def _read(value: object, asked: Asked) -> Mapped:
    outcomes = [_read_message(message, asked) for message in _messages_in(value, asked.verb)]
    answer = _answer_to_batch(outcomes) if asked.verb == "batch" else None
    return collect_outcomes(outcomes).mapped(answer=answer)


def _read_message(message: object, asked: Asked) -> Outcome:
    if not isinstance(message, Mapping):
        return Outcome(message if isinstance(message, UnreadableItem) else NO_OBJECT)
    payload = message.get("payload")
    if not isinstance(payload, Mapping):
        return Outcome(_NO_PAYLOAD)
    kind = message.get("type")
    if kind == "identify":
        return Outcome(reason="of_a_person")
    if kind != "event":
        return Outcome(reason="not_a_visit")
    data = object_of(payload, "data")
    journey = (
        token_of(data.get("journey")) or token_of(payload.get("vid")) or token_of(payload.get("id"))
    )
    said = _moment_of(payload)
    return judge_visit(
        "umami",
        _seen_in(payload),
        is_page=not payload.get("name"),
        names_referrer=False,
        at=said or asked.now,
        journey=journey,
        moment=said,
    )


def _seen_in(payload: Mapping[str, object]) -> Seen:
    """Return what a message shows of a visit. Paths in it are of the host that it names."""
    host = text_of(payload.get("hostname"))
    url, referrer = text_of(payload.get("url")), text_of(payload.get("referrer"))
    if host is not None:
        url, referrer = (
            f"https://{host}{one}" if one is not None and one.startswith("/") else one
            for one in (url, referrer)
        )
    return Seen(url, referrer)


def _moment_of(payload: Mapping[str, object]) -> datetime | None:
    seconds = payload.get("timestamp")
    if isinstance(seconds, float) and seconds.is_integer():
        seconds = int(seconds)
    return moment_of_number(seconds, per_second=1)


def _answer_to_batch(outcomes: list[Outcome]) -> Answer:
    faults = [
        {"index": place, "response": {"error": {"message": one.touch.detail}}}
        for place, one in enumerate(outcomes)
        if isinstance(one.touch, UnreadableItem)
    ]
    size = len(outcomes)
    said = {"size": size, "processed": size - len(faults), "errors": len(faults)}
    return Answer(body=orjson.dumps({**said, "details": faults}))


def _key_of(value: object, query: Mapping[str, str]) -> str | None:
    first = value[0] if isinstance(value, list) and value else value
    return query.get("key") or key_shaped(object_of(first, "payload").get("website"))


def _answer(_asked: Asked) -> Answer:
    return _ANSWER


WIRE: Final = Wire("umami", parse_json, _key_of, _read, _answer)
