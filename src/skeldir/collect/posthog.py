"""PostHog's capture API: its paths, documents and bodies. What an event says is in `posthog_events`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import orjson

from skeldir.collect.mapped import Answer, Asked, Mapped, Path, Wire
from skeldir.collect.posthog_bodies import has_many, key_of, open_envelope, parse
from skeldir.collect.posthog_documents import DOCUMENTS
from skeldir.collect.posthog_events import Request, read_message
from skeldir.collect.visits import Reading, moment_of_number, moment_of_text, token_of
from skeldir.ingest import UnreadableItem

# Paths of recordings of sessions and of calls of language models: nothing there is a visit.
_NO_VISITS: Final = frozenset({"recording", "ai"})
# The newer path, whose answer names the result of each event by its `uuid`.
_EACH: Final = "each"
_SENT_AT: Final = "posthog-request-timestamp"


def read(value: object, asked: Asked) -> Mapped:
    """Return what the events of a body say.

    A page view becomes a touch if it shows a campaign, a click id or another site, or has an address and no referrer;
    of other events only those with a campaign or click id, and of the browser library none that belongs to a page view,
    which it sends too. Events whose names begin with `$` are PostHog's own: other than page views they are dropped.
    """
    reading = Reading()
    if isinstance(value, UnreadableItem):
        reading.add_touch(0, value)
        return reading.mapped()
    envelope = open_envelope(value)
    sent_at = (
        moment_of_text(envelope.sent_at)
        or moment_of_text(asked.headers.get(_SENT_AT))
        or moment_of_number(asked.query.get("_"), per_second=1000)
    )
    # A list without a key beside it has one in each message, which must be that of the request.
    key = None if envelope.key is not None else key_of(value, asked.query)
    request = Request(asked, key, sent_at)
    for place, message in enumerate(envelope.messages):
        if asked.verb in _NO_VISITS:
            reading.drop("not_a_visit")
        else:
            read_message(reading, place, message, request)
    mapped = reading.mapped()
    if asked.verb != _EACH:
        return mapped
    return replace(mapped, answer=_answer_each(envelope.messages, mapped))


def _answer_each(messages: Sequence[object], mapped: Mapped) -> Answer:
    """Return the result of each event that has a `uuid`: what cannot be read is `drop`, so that nobody retries it."""
    details = {
        place: item.detail for place, item in mapped.touches if isinstance(item, UnreadableItem)
    }
    results: dict[str, dict[str, str]] = {}
    for place, message in enumerate(messages):
        uuid = token_of(message.get("uuid")) if isinstance(message, Mapping) else None
        if uuid is not None:
            detail = details.get(place)
            results[uuid] = (
                {"result": "ok"} if detail is None else {"result": "drop", "details": detail}
            )
    return Answer(200, orjson.dumps({"results": results}))


def answer(asked: Asked) -> Answer:
    """Return what the libraries take for success; a beacon wants nothing."""
    if asked.query.get("beacon") == "1":
        return Answer(204)
    return Answer(200, b'{"status":1}')


_BOTH: Final = ("POST", "GET")
PATHS: Final = (
    *(
        Path(f"{path}{slash}", verb, methods)
        for path, verb, methods in (
            ("/batch", "batch", ("POST",)),
            ("/e", "event", _BOTH),
            ("/i/v0/e", "event", _BOTH),
            ("/capture", "event", _BOTH),
            ("/track", "event", _BOTH),
            ("/engage", "engage", _BOTH),
            ("/s", "recording", ("POST",)),
            ("/i/v0/ai/batch", "ai", ("POST",)),
            ("/i/v1/analytics/events", _EACH, ("POST",)),
        )
        for slash in ("/", "")
    ),
)
# Its browser library throws away what gets a 4xx, and tries again after a 5xx.
WIRE: Final = Wire("posthog", parse, key_of, read, answer, busy_status=503, is_long=has_many)

__all__ = ["DOCUMENTS", "PATHS", "WIRE"]
