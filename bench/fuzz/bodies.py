"""Hostile bodies: bombs, depth, width, broken text, wrong encodings, and items with one odd field."""

from __future__ import annotations

import gzip
import json
import random
import zlib
from collections.abc import Callable
from functools import lru_cache

from bench.fuzz.attempts import Attempt, Stage, bearer_of, write_request
from bench.fuzz.values import (
    CONVERSION_FIELDS,
    LONE,
    TOUCH_FIELDS,
    Item,
    make_conversion,
    make_touch,
    odd_value,
)

JSON = "application/json"
NDJSON = "application/x-ndjson"
MEBIBYTE = 1024 * 1024
MOST_BYTES = 5 * MEBIBYTE
PATHS = ("/v1/touches", "/v1/conversions")

Made = tuple[str, bytes, list[tuple[str, str]]]
"""The name of a body, its bytes, and its headers."""


def attempt_body(chance: random.Random, number: int, stage: Stage) -> Attempt:
    """Return a hostile body, sent with a good key."""
    path = chance.choice(PATHS)
    make = chance.choices(list(_MAKERS), weights=list(_MAKERS.values()))[0]
    name, body, headers = make(chance, number, path)
    if chance.random() < 0.1 and not any(name == "Content-Encoding" for name, _ in headers):
        body, headers = gzip.compress(body, 1), [*headers, ("Content-Encoding", "gzip")]
    holder = stage.holders[chance.choice(("alpha", "alpha", "alpha ingest", "bravo"))]
    request = write_request("POST", path, [*bearer_of(holder), *headers], body)
    return Attempt(f"body: {name}", (request,), tenants=holder.tenants)


def make_items(chance: random.Random, number: int, path: str, size: int) -> list[Item]:
    """Return valid items for `path`, new ones for each number."""
    make = make_touch if path.endswith("touches") else make_conversion
    return [make(chance, number * 100_000 + place) for place in range(size)]


def dump(value: object) -> bytes:
    """Return JSON with raw characters where UTF-8 can encode them, and escapes otherwise."""
    text = json.dumps(value, ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")


def _odd_fields(chance: random.Random, number: int, path: str) -> Made:
    items = make_items(chance, number, path, chance.choice((1, 1, 2, 20)))
    fields = TOUCH_FIELDS if path.endswith("touches") else CONVERSION_FIELDS
    for item in items:
        for field in chance.sample(fields, chance.choice((1, 1, 1, 2, 3))):
            item[field] = odd_value(chance, field)
        if chance.random() < 0.1:
            item.pop(chance.choice(fields), None)
        if chance.random() < 0.1:
            item[chance.choice(("", "x" * 1_000, "__class__", "tenant_id", "id"))] = odd_value(
                chance, ""
            )
    if chance.random() < 0.3:
        return "odd fields", b"\n".join(map(dump, items)), [("Content-Type", NDJSON)]
    return "odd fields", dump(items), [("Content-Type", JSON)]


def _odd_text(chance: random.Random, number: int, path: str) -> Made:
    item = make_items(chance, number, path, 1)[0]
    good = dump(item)
    key = chance.choice([key for key in item if isinstance(item[key], str)])
    value = dump(item[key])
    odd = chance.choice(_ODD_TEXTS)
    if chance.random() < 0.5:
        body = good.replace(value, odd, 1)
    else:
        body = chance.choice(
            (odd, b"[" + odd + b"]", b"[" + good + b"," + odd + b"]", odd + good, good + odd)
        )
    kind = chance.choice((JSON, NDJSON))
    return "odd text", body, [("Content-Type", kind)]


def _wild(chance: random.Random, number: int, path: str) -> Made:  # noqa: ARG001 - one shape for all makers
    def grow(depth: int) -> object:
        if depth == 0 or chance.random() < 0.3:
            return odd_value(chance, "")
        if chance.random() < 0.5:
            return [grow(depth - 1) for _ in range(chance.randrange(5))]
        names = [*TOUCH_FIELDS, *CONVERSION_FIELDS, "x"]
        return {chance.choice(names): grow(depth - 1) for _ in range(chance.randrange(5))}

    return "wild document", dump(grow(4)), [("Content-Type", chance.choice((JSON, NDJSON)))]


def _lines(chance: random.Random, number: int, path: str) -> Made:
    items = list(map(dump, make_items(chance, number, path, chance.choice((1, 10, 100)))))
    for _ in range(chance.randrange(5)):
        items.insert(chance.randrange(len(items) + 1), chance.choice(_ODD_TEXTS))
    ends = (
        b"\n",
        b"\r\n",
        b"\r",
        b"\n\n",
        b"\x0b",
        b"\x0c",
        b"\x1e",
        "\u2028".encode(),
        b"\x00",
        b" \n\t",
    )
    return "lines", chance.choice(ends).join(items), [("Content-Type", NDJSON)]


def _encoded(chance: random.Random, number: int, path: str) -> Made:
    plain = dump(make_items(chance, number, path, chance.choice((1, 50))))
    packed = gzip.compress(plain)
    ways: list[tuple[str, bytes]] = [
        ("gzip", packed), ("GZIP", packed), (" gzip ", packed), ("gzip", packed[:-1]), ("gzip", packed[:12]),
        ("gzip", b""),
        ("gzip", packed + b"x"), ("gzip", packed + packed), ("gzip", plain), ("gzip", zlib.compress(plain)),
        ("deflate", zlib.compress(plain)), ("br", plain), ("zstd", packed), ("x-gzip", packed),
        ("gzip, gzip", gzip.compress(packed)),
        ("gzip,identity", packed), ("identity", plain), ("", plain), ("nonsense" * 500, plain),
        ("gzip\t", packed), ("*", plain),
        ("gzip", packed[:4] + b"\xff" + packed[5:]), ("gzip", packed[:-8] + b"\x00" * 8), ("aws-chunked", plain),
        ("gzip", gzip.compress(b"")), ("gzip;q=1", packed), ("gz\u0131p", packed),
    ]  # fmt: skip
    encoding, body = chance.choice(ways)
    return "encoding", body, [("Content-Type", JSON), ("Content-Encoding", encoding)]


def _typed(chance: random.Random, number: int, path: str) -> Made:
    body = dump(make_items(chance, number, path, 2))
    types = (
        "", "text/plain", "application/xml", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded",
        "application/json; charset=utf-16", "APPLICATION/JSON", "application/ndjson", "application/jsonl",
        "x/ndjson", "a" * 10_000,
        "application/json, application/x-ndjson", "application/\u00e9", "*/*", ";", "application/json;;;",
    )  # fmt: skip
    return "content type", body, [("Content-Type", chance.choice(types))]


def _large(chance: random.Random, number: int, path: str) -> Made:
    """Full batches: the most that the limits allow."""
    size = chance.choice((9_999, 10_000, 10_000, 10_001))
    way = chance.randrange(4)
    items: list[Item] = make_items(chance, number, path, size)
    if way == 1:
        for item in items:
            item["journey_key"] = f"one journey of {number}"
    elif way == 2:
        for item in items:
            item["occurred_at"] = chance.choice(("yesterday", None, 7, "9999-12-31T23:59:59Z"))
    elif way == 3:
        for item in items:
            item["campaign"] = "x" * 300 + "@" * 60
    body = dump(items)[: MOST_BYTES + 10]
    return (
        f"large batch {way}",
        gzip.compress(body, 1),
        [("Content-Type", JSON), ("Content-Encoding", "gzip")],
    )


def _bomb(chance: random.Random, number: int, path: str) -> Made:  # noqa: ARG001 - one shape for all makers
    name, kind, is_packed = chance.choice(_BOMBS)
    body = make_bomb(name, is_packed=is_packed)
    headers = [("Content-Type", kind)] + [("Content-Encoding", "gzip")] * is_packed
    return f"bomb {name}{' gzip' if is_packed else ''} {kind[-6:]}", body, headers


@lru_cache(maxsize=64)
def make_bomb(name: str, *, is_packed: bool) -> bytes:
    """Return a body that is far larger for the reader than for the sender, as gzip or uncompressed."""
    body = _CONTENTS[name]()
    return gzip.compress(body, 9) if is_packed else body


def _repeat(
    unit: bytes, size: int = MOST_BYTES, *, before: bytes = b"", after: bytes = b""
) -> bytes:
    return before + unit * ((size - len(before) - len(after)) // len(unit)) + after


_FULL = b'{"idempotency_key":"k","occurred_at":"2026-06-01T12:00:00Z","journey_key":"j","campaign":"%s"}'
_CONTENTS: dict[str, Callable[[], bytes]] = {
    "zeros of 100 MB": lambda: bytes(100 * MEBIBYTE),
    "zeros": lambda: bytes(MOST_BYTES),
    "blank lines": lambda: _repeat(b"\n"),
    "blanks": lambda: _repeat(b" "),
    "short bad lines": lambda: _repeat(b"x\n"),
    "short objects": lambda: _repeat(b"{}\n"),
    "10,000 bad lines": lambda: b"x\n" * 10_000,
    "10,000 long bad lines": lambda: (b"x" * 500 + b"\n") * 10_000,
    "carriage returns": lambda: _repeat(b"\r"),
    "empty objects": lambda: _repeat(b"{},", before=b"[", after=b"{}]"),
    "numbers": lambda: _repeat(b"1,", before=b"[", after=b"1]"),
    "nulls in an item": lambda: _repeat(b"null,", before=b'[{"click_ids":[', after=b"null]}]"),
    "fields": lambda: b"[{" + b",".join(b'"%x":0' % n for n in range(400_000)) + b"}]",
    "the same field": lambda: _repeat(b'"a":0,', before=b"[{", after=b'"a":0}]'),
    "brackets": lambda: _repeat(b"["),
    "closed brackets": lambda: b"[" * 100_000 + b"]" * 100_000,
    "braces": lambda: _repeat(b'{"a":'),
    "1,000 brackets": lambda: b"[" * 1_000 + b"]" * 1_000,
    "deep field": lambda: b'[{"campaign":' + b"[" * 900 + b"]" * 900 + b"}]",
    "long text": lambda: b'["' + b"a" * (MOST_BYTES - 4) + b'"]',
    "long escapes": lambda: _repeat(b"\\u0041", before=b'["', after=b'"]'),
    "long surrogates": lambda: _repeat(b"\\ud83d", before=b'["', after=b'"]'),
    "long number": lambda: b"[" + b"9" * (MOST_BYTES - 2) + b"]",
    "number of a million digits": lambda: b'[{"amount_cents":' + b"9" * MEBIBYTE + b"}]",
    "numbers of 4,000 digits": lambda: _repeat(b"9" * 4_000 + b",", before=b"[", after=b"1]"),
    "long fraction": lambda: b"[0." + b"1" * (MOST_BYTES - 5) + b"]",
    "NaNs": lambda: _repeat(b"NaN,", before=b"[", after=b"NaN]"),
    "long key": lambda: b'[{"' + b"k" * (MOST_BYTES - 9) + b'":1}]',
    "at signs": lambda: b"[" + b",".join([_FULL % (b"@" * 300)] * 9_000) + b"]",
    "words": lambda: b"[" + b",".join([_FULL.replace(b"2026", b"xxxx") % (b"a a@" * 75)] * 9_000) + b"]",
    "invalid UTF-8": lambda: _repeat(b"\xff"),
    "lines of invalid UTF-8": lambda: b"\xff\xfe\n" * 10_000,
    "one byte too many": lambda: b"[" + b" " * (MOST_BYTES - 1) + b"]",
    "the most bytes": lambda: b"[" + b" " * (MOST_BYTES - 2) + b"]",
}  # fmt: skip
_BOMBS = [
    (name, kind, is_packed)
    for name in _CONTENTS
    for kind in (JSON, NDJSON)
    for is_packed in ((True, True, False) if name != "zeros of 100 MB" else (True,))
]

_ODD_TEXTS: tuple[bytes, ...] = (
    b"", b" ", b"NaN", b"Infinity", b"-Infinity", b"nan", b"-0", b"1e400", b"-1e400", b"1e-400", b"01", b"+1",
    b".5", b"1.", b"0x10",
    b"9" * 400, b"9" * 4_299, b"9" * 4_301, b"1" + b"0" * 20_000, b"null", b"true", b"True", b"None",
    b"undefined", b'"x"', b"'x'",
    b'"\\ud800"', b'"\\udc00\\ud800"', b'{"\\ud800":"\\udfff"}', b'"\\u0000"', b'"a\x00b"', b'"\xff"',
    b'"\xc0\x80"', b'"\xed\xa0\x80"',
    b'"\xf4\x90\x80\x80"', b"\xef\xbb\xbf", b"\xff\xfe[\x00]\x00", b"\xfe\xff\x00[\x00]",
    "[]".encode("utf-16"), "[]".encode("utf-32"),
    b"[]", b"{}", b"[[]]", b"[{}]", b"[null]", b"[1]", b'["a"]', b"[[[[[[[[]]]]]]]]", b"{", b"[", b"]", b"[,]",
    b"[1,]", b"{,}", b'{"a"}',
    b'{"a":}', b'{a:1}', b"[] []", b"{}{}", b"[]x", b"// c", b"/* c */[]", b"# c", b"\x00", b"\x00\x00",
    b"\x1f\x8b", b"\x1f\x8b\x08",
    b'{"idempotency_key":"a","idempotency_key":"b"}', b'{"amount_cents":1,"amount_cents":-1}',
    b'{"__proto__":{"x":1}}',
    b'"\\x"', b'"\\u12"', b'"\n"', b'"\t"', b'"\x7f"', b"<xml/>", b"a=b&c=d", b"--x\r\n\r\n", b"\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    LONE.encode(), b"[" * 500, b"[" * 1_100, b'{"a":' * 1_100, b"[" * 1_024 + b"]" * 1_024,
    b"[" * 5_000 + b"]" * 5_000,
)  # fmt: skip

_MAKERS: dict[Callable[[random.Random, int, str], Made], int] = {
    _odd_fields: 40,
    _odd_text: 20,
    _wild: 10,
    _lines: 10,
    _encoded: 12,
    _typed: 5,
    _bomb: 5,
    _large: 1,
}
