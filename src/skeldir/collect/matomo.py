"""`GET` and `POST /matomo.php`: Matomo's HTTP tracking API. Pure.

A request is a set of parameters in the query, the form or both; a bulk body is `{"requests": ["?…", …]}`. `url` and
`urlref` are the page and its referrer, `_id` the visitor, `cdt` when it happened if that is not now, in UTC. An order
is a conversion of the goal 0 with `ec_id`. By Matomo's guide of its JavaScript client, `revenue` is then the grand
total, which includes tax and shipping. Matomo knows the currency by the site, so the request must name it as
`skeldir_currency`. The write key is in the path, or takes the place of `token_auth` or `idsite`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl

import orjson

from skeldir.collect.mapped import Answer, Asked, Mapped, OrderEvent, Path, Wire
from skeldir.collect.outcomes import (
    NO_OBJECT,
    PIXEL,
    Outcome,
    collect_outcomes,
    judge_visit,
    key_shaped,
)
from skeldir.collect.visits import (
    Seen,
    digest_of_value,
    message_key,
    moment_of_number,
    moment_of_text,
    parse_json,
    text_of,
    token_of,
)
from skeldir.ingest import UnreadableItem, unreadable_text

_METHODS: Final = ("GET", "POST")
PATHS: Final = tuple(
    Path(before + name, methods=_METHODS)
    for before in ("", "/k/{key}")
    for name in ("/matomo.php", "/piwik.php")
)

_MOST_PARAMETERS: Final = 500
# Reading this many characters takes a few milliseconds.
_LONGEST_FORM: Final = 100_000
_NO_REQUESTS: Final = UnreadableItem("item_not_an_object", "The body has no requests.", {})
# Parameters of events, searches, links, contents, media, crashes, goals and pings: such a request is no page view.
_OF_OTHERS: Final = frozenset(
    {"e_c", "e_a", "search", "link", "download", "c_n", "c_i", "ma_id", "cra", "idgoal", "ping"}
)
_TAG_NAMES: Final = {
    f"{start}_{name}": name for start in ("mtm", "matomo", "pk", "piwik") for name in ("source", "medium", "campaign")
}  # fmt: skip


def _parse(body: bytes, query: Mapping[str, str], content_type: str) -> object:
    """Return `{"requests": [parameters or their text, …], "token_auth", "is_bulk"}`.

    The texts of a bulk body are left for `read`, which may run in another process.
    """
    if not body.lstrip().startswith((b"{", b"[")):
        try:
            form = _parameters(body.decode())
        except UnicodeDecodeError:
            return unreadable_text("encoding_invalid", "The body is not UTF-8.", body)
        if form is None:
            return unreadable_text("field_too_long", "The body has too many parameters.", body)
        return {"requests": [{**query, **form}]}
    bulk = parse_json(body, query, content_type)
    requests = bulk.get("requests") if isinstance(bulk, Mapping) else None
    if not isinstance(bulk, Mapping) or not isinstance(requests, list):
        return bulk if isinstance(bulk, UnreadableItem) else _NO_REQUESTS
    return {
        "requests": requests,
        "token_auth": bulk.get("token_auth"),
        "is_bulk": True,
    }


def _parameters(text: str) -> dict[str, str] | None:
    """Return the parameters of a query or form, each with its first value; None if there are too many."""
    if text.count("&") > _MOST_PARAMETERS or len(text) > _LONGEST_FORM:
        return None
    result: dict[str, str] = {}
    for name, value in parse_qsl(text.strip().removeprefix("?"), keep_blank_values=True):
        result.setdefault(name, value)
    return result


def _requests_in(value: object) -> list[object]:
    if isinstance(value, Mapping) and isinstance(value.get("requests"), list):
        return list(value["requests"])
    return [value if isinstance(value, UnreadableItem) else _NO_REQUESTS]


def _read(value: object, asked: Asked) -> Mapped:
    requests = [_opened(one) for one in _requests_in(value)]
    outcomes = [_read_request(one, asked) for one in requests]
    return collect_outcomes(outcomes).mapped(answer=_answer_to(value, requests, outcomes))


def _opened(request: object) -> object:
    return _parameters(request) if isinstance(request, str) else request


def _read_request(request: object, asked: Asked) -> Outcome:
    if not isinstance(request, Mapping):
        return Outcome(request if isinstance(request, UnreadableItem) else NO_OBJECT)
    if request.get("ping"):
        return Outcome(reason="not_a_visit")
    said = _moment_of(request, asked.now)
    at = said or asked.now
    journey = token_of(request.get("_id")) or token_of(request.get("cid"))
    visit = judge_visit(
        "matomo",
        _seen_in(request),
        is_page=_OF_OTHERS.isdisjoint(request),
        at=at,
        journey=journey,
        moment=said,
    )
    if request.get("idgoal") not in ("0", 0) or not request.get("ec_id"):
        return visit
    order = OrderEvent(
        "completed",
        message_key("matomo", "order", digest_of_value(request)),
        order_id=request.get("ec_id"),
        at=at,
        journey=journey,
        currency=request.get("skeldir_currency"),
        total=request.get("revenue"),
        tax=request.get("ec_tx"),
        shipping=request.get("ec_sh"),
        discount=request.get("ec_dt"),
    )
    return Outcome(visit.touch, order)


def _seen_in(request: Mapping[str, object]) -> Seen:
    """Return what a request shows of a visit: Matomo's own names of tags are read too, utm tags with the address."""
    url, tags = text_of(request.get("url")), dict[str, str]()
    if url is not None and any(f"{start}_" in url for start in ("mtm", "matomo", "pk", "piwik")):
        for name, value in (_parameters(url.partition("?")[2].partition("#")[0]) or {}).items():
            tag = _TAG_NAMES.get(name)
            if tag is not None and value:
                tags.setdefault(tag, value)
    return Seen(
        url,
        text_of(request.get("urlref")),
        tags.get("source"),
        tags.get("medium"),
        tags.get("campaign"),
    )


def _moment_of(request: Mapping[str, object], now: datetime) -> datetime | None:
    """Return when a request happened: `cdt`, in seconds since 1970 or as a text, or `cdo` seconds ago."""
    stated = request.get("cdt")
    moment = moment_of_number(stated, per_second=1)
    if moment is not None:
        return moment
    if isinstance(stated, str) and 16 <= len(stated) <= 40:
        return moment_of_text(stated) or moment_of_text(f"{stated}Z")
    ago = request.get("cdo")
    if isinstance(ago, str) and ago.isascii() and ago.isdecimal() and len(ago) <= 8:
        return now - timedelta(seconds=int(ago))
    return None


def _answer_to(value: object, requests: list[object], outcomes: list[Outcome]) -> Answer:
    if isinstance(value, Mapping) and value.get("is_bulk"):
        bad = sum(isinstance(one.touch, UnreadableItem) for one in outcomes)
        said = {"status": "success", "tracked": len(outcomes) - bad, "invalid": bad}
        return Answer(body=orjson.dumps(said))
    first = next(iter(requests), None)
    if isinstance(first, Mapping) and first.get("send_image") == "0":
        return Answer(204)
    return PIXEL


def _key_of(value: object, query: Mapping[str, str]) -> str | None:
    token = value.get("token_auth") if isinstance(value, Mapping) else None
    first = _opened(next(iter(_requests_in(value)), None))
    fields = first if isinstance(first, Mapping) else {}
    return query.get("key") or key_shaped(
        query.get("token_auth"), token, fields.get("token_auth"), fields.get("idsite")
    )


def _answer(_asked: Asked) -> Answer:
    return PIXEL


WIRE: Final = Wire("matomo", _parse, _key_of, _read, _answer)
