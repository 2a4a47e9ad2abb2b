# ruff: noqa: RUF001 - look-alike letters are what this file is about
"""Hostile paths and queries, aimed at decoding, routing, paging and the bounds of dates."""

from __future__ import annotations

import random
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote

import orjson

from bench.fuzz.attempts import Attempt, Stage, bearer_of, write_request

ORDERS = "/v1/attribution/orders/"
READS = (
    "/v1/attribution/channels", "/v1/attribution/origins", "/v1/revenue/daily", "/v1/revenue/realtime",
    "/v1/dead-events", "/v1/jobs", "/v1/views",
)  # fmt: skip
PAGED = ("/v1/attribution/channels", "/v1/revenue/daily", "/v1/dead-events", "/v1/jobs")
PATHS = (
    *READS, "/v1/touches", "/v1/conversions", "/health", "/health/live", "/health/ready", "/health/worker",
    "/metrics",
)  # fmt: skip

_LIMITS = (
    "0", "1", "-1", "1000", "1001", str(10**20), "1" * 5_000, "1.0", "1e2", "", " 1", "+1", "٣", "NaN", "null",
    "0x1", "1_0", "%00", "true",
)  # fmt: skip
_DATES = (
    "2026-06-01", "0001-01-01", "0000-01-01", "9999-12-31", "10000-01-01", "-0001-01-01", "2026-02-29",
    "2026-13-01", "2026-6-1", "20260601",
    "1780272000", "-1", "1e9", "2026-06-01T00:00:00", "2026-06-01%00", "２０２６-06-01", "", "today",
    "infinity", "-infinity", "1899-12-31",
    "1900-01-01", "3000-01-01", "0002-01-01", "2026-11-01", "2026-09-01",
)  # fmt: skip
_MOMENTS = (
    "2026-06-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00%2B14:00",
    "9999-12-31T23:59:59.999999-23:59", "9999-12-31T23:59:59Z",
    "1900-01-01T00:00:00Z", "1899-12-31T23:59:59Z", "3000-01-01T00:00:00Z", "2999-12-31T23:59:59.999999Z",
    "2026-06-01T00:00:60Z",
    "2026-06-01T24:00:00Z", "2026-06-01T00:00:00", "2026-06-01T00:00:00+02:00", "2026-06-01T00:00:00%2B99:00",
    "2026-06-01", "1780272000",
    "2026-06-01t00:00z", "2026-06-01%2000:00Z", "2026-06-01T00:00:00.1234567Z", "2026-06-01T00:00:00Z%00", "",
)  # fmt: skip
_OTHERS = {
    "currency": ("USD", "usd", "US", "USDX", "%00", "ＵＳＤ", "USD%0A", "", "ISK", "XXX", "USD,EUR", "%FF%FE", "$$$"),
    "granularity": ("total", "day", "week", "month", "year", "DAY", "", "%00", "day,week", "to%74al"),
    "model": ("linear", "linear,last_touch", "nope", "", ",", "," * 2_000, "linear," * 500, "%00",
              "LINEAR", "first_touch,%FF"),
    "state": ("captured", "dead", "done", "running", "ready", "nope", "", "%00", "awaiting_capture", "DEAD"),
    "kind": ("attribution.credit", "nope", "", "%00", "attribution.credit%20", "a" * 5_000),
    "item_kind": ("touch", "conversion", "x", "", "%00", "TOUCH"),
    "code": ("json_invalid", "a" * 63, "a" * 64, "A", "", "%00", "_", "json_invalid%0A", "é"),
}  # fmt: skip
_ODD_NAMES = (
    "", "x", "limit%00", "%00", "LIMIT", "limit[]", "from_", "cursor%20", "a" * 5_000, "é", "%FF", "__class__",
    "tenant_id",
)  # fmt: skip
_ODD_CURSORS = (
    "", "=", "====", "W10", "bnVsbA", "eyJ9", "W10=", "%00", "é", "a" * 2_000, "a" * 2_001, "W" * 60_000, "-_-_",
)  # fmt: skip


def attempt_query(chance: random.Random, number: int, stage: Stage) -> Attempt:  # noqa: ARG001 - one shape for all
    """Return a read with odd parameters, most of them parameters of the route."""
    path = chance.choice(READS if chance.random() < 0.9 else PATHS)
    parts = [_odd_parameter(chance, path, stage) for _ in range(chance.choice((1, 1, 2, 3, 6)))]
    if chance.random() < 0.1:
        parts += [chance.choice(parts)] * chance.choice((1, 2, 500))
    query = chance.choice(("&", "&", "&", "&", ";", "&&")).join(parts)
    holder = stage.holders[chance.choice(("alpha", "alpha", "alpha read", "bravo"))]
    method = "POST" if path in ("/v1/touches", "/v1/conversions") else "GET"
    request = write_request(
        method, f"{path}?{query}", bearer_of(holder), b"[]" if method == "POST" else None
    )
    return Attempt("query", (request,), tenants=holder.tenants)


def _odd_parameter(chance: random.Random, path: str, stage: Stage) -> str:
    dates = _MOMENTS if path.endswith("dead-events") else _DATES
    makers: list[Callable[[], str]] = [
        lambda: f"limit={chance.choice(_LIMITS)}",
        lambda: f"from={chance.choice(dates)}",
        lambda: f"to={chance.choice(dates)}",
        lambda: f"cursor={_odd_cursor(chance, stage)}",
        lambda: f"cursor={_odd_cursor(chance, stage)}",
        lambda: "{}={}".format(*_odd_filter(chance)),
        lambda: "{}={}".format(*_odd_filter(chance)),
        lambda: f"{chance.choice(_ODD_NAMES)}={chance.choice(_LIMITS)}",
        lambda: f"{chance.choice(_ODD_NAMES)}",
        lambda: f"api_key={stage.holders['alpha'].secret}",
    ]
    return chance.choice(makers)()


def _odd_filter(chance: random.Random) -> tuple[str, str]:
    name = chance.choice(list(_OTHERS))
    return name, chance.choice(_OTHERS[name])


def _odd_cursor(chance: random.Random, stage: Stage) -> str:
    """Return a cursor of this or another route or tenant, unchanged, with a flipped bit, or rewritten."""
    cursor = chance.choice(stage.cursors[chance.choice(list(stage.cursors))] or ["W10"])
    way = chance.randrange(8)
    if way <= 1:
        return cursor
    if way == 2:
        place = chance.randrange(len(cursor))
        return quote(
            cursor[:place]
            + chr(ord(cursor[place]) ^ (1 << chance.randrange(7)))
            + cursor[place + 1 :]
        )
    if way == 3:
        return cursor[: chance.randrange(len(cursor))]
    if way == 4:
        return chance.choice(_ODD_CURSORS)
    try:
        digest, key = orjson.loads(b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_"))
    except ValueError:
        return cursor
    key[chance.randrange(len(key))] = chance.choice(_ODD_KEYS)
    if chance.random() < 0.2:
        key = chance.choice((key[:-1], [*key, None], {}, None, [], 7))
    try:
        return urlsafe_b64encode(orjson.dumps([digest, key])).rstrip(b"=").decode()
    except orjson.JSONEncodeError:
        return cursor


_ODD_KEYS: tuple[object, ...] = (
    None, 0, -1, 2**63, 1.5, True, "", "\x00", "x", "0001-01-01", "9999-12-31", "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00",
    "2026-06-01", "2026-06-01T00:00:00Z", "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff", [], {}, [None],
    "a" * 1_200, "infinity", "-infinity", "USD", "\U0010ffff", "0000-00-00", "10000-01-01",
)  # fmt: skip


def attempt_path(chance: random.Random, number: int, stage: Stage) -> Attempt:  # noqa: ARG001 - one shape for all
    """Return a read of an unusual path."""
    holder = stage.holders[chance.choice(("alpha", "alpha", "bravo"))]
    path: str | bytes
    if chance.random() < 0.5:
        path = ORDERS.encode() + _odd_order(chance, stage)
    else:
        path = _bend(chance, chance.choice((*PATHS, ORDERS + "991", "/docs", "/openapi.json")))
    method = chance.choice(("GET", "GET", "GET", "GET", "HEAD", "POST", "OPTIONS"))
    body = b"[]" if method == "POST" else None
    return Attempt(
        "path",
        (write_request(method, path, bearer_of(holder), body),),
        tenants=holder.tenants,
        ending="odd",
    )


def _odd_order(chance: random.Random, stage: Stage) -> bytes:
    known = chance.choice(stage.order_ids)
    odd = chance.choice(
        ("%00", "%00" + known, known + "%00", "..", "../..", "%2e%2e", "%2E%2E%2F", "/", "//", "%2F", "a/b/c",
        "a" * 200, "a" * 201, "a" * 10_000,
         "a" * 60_000, "%C3%A9" * 200, "%F0%9F%92%A9" * 200, "%F0%9F%92%A9" * 201, "%FF", "%C0%AE",
         "%ED%A0%80", "%", "%zz", "%u0041", "%25", "%2525",
         "é", "💩", "%E2%80%AE", "+", "%20", "%0A", "%0D%0AX-Injected:%201", "?", "?limit=1", "#", ";a=b", "*",
         "~", "'", "%27%20OR%201=1--", "null",
         "", known, known, known, quote(known, safe=""), known + "/", known.upper(), "./" + known,
         known + "?cursor=x", "%EF%BC%8F", "\\", "%5C", "a%09b")
    )  # fmt: skip
    return odd.encode()


def _bend(chance: random.Random, path: str) -> bytes:
    place = chance.randrange(1, len(path))
    odd = chance.choice(
        (path + "/", "/" + path, path.upper(), path.replace("/", "//"), path.replace("/", "/./"),
        path.replace("/", "%2F"), path + "%00",
         path + "%20", path + ";x=1", path + "#f", path + "?", path + "??", path + ".json", "/.." + path,
         path + "/..", path + "/../../etc/passwd",
         path[:place] + quote(path[place]) + path[place + 1 :],
         path[:place] + f"%{ord(path[place]):02x}" + path[place + 1 :], path[:place],
         path[:place] + "%00" + path[place:], path[:place] + "é" + path[place:], path + "/" * 5_000,
         path + "a" * 100_000, path + "%ff", path + "*",
         "/docs/../" + path, "/v1/", "/v2/touches", "/", "/favicon.ico", "/.env", "/docs/%00",
         "/docs/../../etc/passwd", "/static/..%2f..%2fetc/passwd")
    )  # fmt: skip
    return odd.encode()
