"""Hostile headers and framing, which client libraries refuse to send, but proxies and attackers send."""

from __future__ import annotations

import random
from collections.abc import Callable
from uuid import NAMESPACE_URL, uuid5

from bench.fuzz.attempts import ANYBODY, NOBODY, Attempt, Holder, Stage, bearer_of, write_request
from bench.fuzz.bodies import JSON, dump, make_items
from bench.fuzz.targets import PATHS, READS

TOUCHES = "/v1/touches"
Pair = tuple[str | bytes, str | bytes]


def attempt_headers(chance: random.Random, number: int, stage: Stage) -> Attempt:
    """Return a good request with hostile headers."""
    name = chance.choice(list(_HEADERS))
    holder = stage.holders["alpha"]
    headers, tenants = _HEADERS[name](chance, stage, holder)
    if chance.random() < 0.5:
        request = write_request("GET", chance.choice(PATHS[:6]), headers)
    else:
        body = dump(make_items(chance, number, TOUCHES, 2))
        request = write_request("POST", TOUCHES, [*headers, ("Content-Type", JSON)], body)
    return Attempt(f"headers: {name}", (request,), tenants=tenants, ending="odd")


Headed = tuple[list[Pair], frozenset[str]]


def _keys(chance: random.Random, stage: Stage, holder: Holder) -> Headed:
    good, secret = f"Bearer {holder.secret}", holder.secret
    other = chance.choice(list(stage.holders.values()))
    ways: list[tuple[list[Pair], frozenset[str]]] = [
        ([], NOBODY),
        ([("Authorization", f"Bearer {other.secret}")], other.tenants),
        ([("Authorization", good), ("Authorization", f"Bearer {other.secret}")], ANYBODY),
        ([("Authorization", good), ("Authorization", good)], holder.tenants),
        ([("Authorization", f"{good}, Bearer {other.secret}")], NOBODY),
        ([("AUTHORIZATION", good.replace("Bearer", "bEARER"))], holder.tenants),
        ([("Authorization", f"Bearer  {secret} ")], holder.tenants),
        ([("Authorization", f"Bearer\t{secret}")], holder.tenants),
        ([("Proxy-Authorization", good), ("X-Api-Key", secret)], NOBODY),
    ]
    odd: list[str | bytes] = [
        "", "Bearer", "Bearer ", "Basic YTpi", secret, f"Token {secret}", f"Bearer {secret[:-1]}",
        f"Bearer {secret}x", f"Bearer {secret[:12]}",
        f"Bearer {secret.upper()}", "Bearer skd_", "Bearer " + "a" * 10_000, "Bearer " + "a" * 60_000,
        b"Bearer \xff\xfe", "Bearer é", b"Bearer a\x00b",
        "Bearer ' OR 1=1 --", f"Bearer {secret}\x7f", f'Bearer "{secret}"', "Bearer null",
        "Negotiate " + "YII" * 3_000, "Bearer \ud800",
        f"Bearer skd_{chance.randrange(10**40):040d}",
    ]  # fmt: skip
    if chance.random() < 0.5:
        return [("Authorization", chance.choice(odd))], NOBODY
    return chance.choice(ways)


def _ids(chance: random.Random, stage: Stage, holder: Holder) -> Headed:  # noqa: ARG001 - one shape for all
    known = str(uuid5(NAMESPACE_URL, str(chance.random())))
    odd: list[str | bytes] = [
        known, known.upper(), f"{{{known}}}", known.replace("-", ""), "", "x" * 60_000, b"\xff" * 36, "é" * 18,
        b"a\x00b", f"{known}\t", f" {known} ",
        f"urn:uuid:{known}", "0" * 36, "00000000-0000-0000-0000-000000000000", f"{known}, {known}",
        f"{known};x", "\x7f", "%0d%0aX: y",
    ]  # fmt: skip
    pairs: list[Pair] = [
        ("X-Correlation-ID", chance.choice(odd)) for _ in range(chance.choice((1, 1, 2)))
    ]
    return [*bearer_of(holder), *pairs], holder.tenants


def _traces(chance: random.Random, stage: Stage, holder: Holder) -> Headed:  # noqa: ARG001 - one shape for all
    trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    odd: list[str | bytes] = [
        f"00-{trace}-{span}-01", f"ff-{trace}-{span}-01", f"00-{'0' * 32}-{span}-01",
        f"00-{trace}-{'0' * 16}-01", f"00-{trace.upper()}-{span}-01",
        "00", "", "-" * 60_000, b"00-\xff", f"00-{trace}-{span}-zz", f"00-{trace}-{span}",
        f"00-{trace}-{span}-01-more",
    ]  # fmt: skip
    pairs: list[Pair] = [("traceparent", chance.choice(odd)) for _ in range(chance.choice((1, 2)))]
    pairs += [("tracestate", "a=" + "b" * 10_000), ("baggage", "k=v," * 5_000)] * (
        chance.random() < 0.2
    )
    return [*bearer_of(holder), *pairs], holder.tenants


def _conditions(chance: random.Random, stage: Stage, holder: Holder) -> Headed:  # noqa: ARG001 - one shape for all
    odd: list[str | bytes] = [
        "*",
        '"x"',
        'W/"x"',
        '"' * 30_000,
        "",
        '"a",' * 9_000,
        b'"\xff"',
        "\\",
        '"\x7f"',
        "*, *",
        'w/"x"',
    ]
    name = chance.choice(("If-None-Match", "If-Match", "If-Range", "If-Modified-Since"))
    return [*bearer_of(holder), (name, chance.choice(odd))], holder.tenants


def _others(chance: random.Random, stage: Stage, holder: Holder) -> Headed:  # noqa: ARG001 - one shape for all
    odd: list[Pair] = [
        ("Host", ""), ("Host", "a" * 10_000), ("Host", "evil.example"), ("Host", b"\xff"), ("Host", "a\tb"),
        ("Host", "[::1"), ("Host", "x@y:99999"),
        ("Accept", "text/html"), ("Accept", "application/xml;q=1,*/*;q=0"),
        ("Accept-Encoding", "gzip, br;q=0, *"), ("Range", "bytes=0-0"),
        ("Range", "bytes=" + "0-," * 9_000), ("Cookie", "a=b; " * 9_000), ("Origin", "null"),
        ("Origin", "https://evil.example"),
        ("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-For", "a, " * 5_000),
        ("X-Forwarded-Proto", "javascript"), ("Forwarded", "for=_x;proto=x"),
        ("X-HTTP-Method-Override", "DELETE"), ("X-Original-URL", "/metrics"), ("Connection", "close"),
        ("Connection", "keep-alive, Authorization"),
        ("Connection", "upgrade"), ("Upgrade", "websocket"), ("Upgrade", "h2c"),
        ("HTTP2-Settings", "AAMAAABkAAQAAP__"), ("TE", "trailers"),
        ("Expect", "200-ok"), ("Expect", "100-continue"), ("Max-Forwards", "0"), ("Via", "x" * 9_000),
        ("Content-Range", "bytes 0-1/2"),
        ("Date", "x"), ("X" * 9_000, "y"), (b"X-\xc3\xa9", "y"), ("X-Odd", b"\x01"), ("", "y"), ("X Y", "z"),
        ("X:", "z"), ("Digest", "sha-256=x"),
        ("Access-Control-Request-Method", "DELETE"), ("Sec-Fetch-Site", "cross-site"),
        ("Transfer-Encoding", "identity"), ("Trailer", "Authorization"),
        ("Accept-Language", "*" * 5_000), ("User-Agent", "() { :; }; echo"), ("User-Agent", "a" * 50_000),
        ("Content-Language", "\x7f"),
    ]  # fmt: skip
    pairs = [chance.choice(odd) for _ in range(chance.choice((1, 1, 3)))]
    if chance.random() < 0.05:
        pairs = [(f"X-{n}", "y") for n in range(chance.choice((100, 1_000, 4_000)))]
    if any(str(name).lower() == "upgrade" for name, _ in pairs):
        pairs.append(("Connection", "Upgrade"))
    return [*bearer_of(holder), *pairs], holder.tenants


_HEADERS: dict[str, Callable[[random.Random, Stage, Holder], Headed]] = {
    "keys": _keys, "ids": _ids, "traces": _traces, "conditions": _conditions, "others": _others,
}  # fmt: skip


def attempt_framing(chance: random.Random, number: int, stage: Stage) -> Attempt:
    """Return bytes that are a little less or more than one request."""
    name = chance.choices(list(_FRAMINGS), weights=[weight for weight, _ in _FRAMINGS.values()])[0]
    return _FRAMINGS[name][1](chance, number, stage)


def _post(chance: random.Random, number: int, stage: Stage, *headers: Pair) -> tuple[bytes, bytes]:
    """Return head and body of a good POST, with a length only if it is in `headers`."""
    body = dump(make_items(chance, number, TOUCHES, chance.choice((1, 50))))
    pairs = [*bearer_of(stage.holders["alpha"]), ("Content-Type", JSON), *headers]
    return write_request("POST", TOUCHES, pairs), body


def _lengths(chance: random.Random, number: int, stage: Stage) -> Attempt:
    _, body = _post(chance, number, stage)
    size = len(body)
    values: list[Pair] = [
        ("Content-Length", str(value))
        for value in (size, size - 1, 1, 0, "", "-1", "+5", "0x10", "1e1", " 5", "5 5", "5,5", "5, 6", "٣", 2**31,
                      2**63, 2**64, "9" * 400, "5;", "\x00")
    ]  # fmt: skip
    pairs = [chance.choice(values) for _ in range(chance.choice((1, 1, 1, 2)))]
    head, _ = _post(chance, number, stage, *pairs)
    return Attempt("framing: lengths", (head + body,), tenants=frozenset({"alpha"}), ending="odd")


def _codings(chance: random.Random, number: int, stage: Stage) -> Attempt:
    _, body = _post(chance, number, stage)
    odd: list[str | bytes] = [
        "chunked", "Chunked", "chunked, chunked", "gzip, chunked", "chunked, gzip", "identity", "xchunked",
        " chunked", "chunked\t", b"\x0bchunked", "",
        "chunked;x=1", "chunk ed", b"chunked\x00", "deflate",
    ]  # fmt: skip
    pairs: list[Pair] = [
        ("Transfer-Encoding", chance.choice(odd)) for _ in range(chance.choice((1, 1, 2)))
    ]
    if chance.random() < 0.4:
        pairs.append(("Content-Length", str(chance.choice((len(body), 0, 5)))))
        chance.shuffle(pairs)
    head, _ = _post(chance, number, stage, *pairs)
    size = f"{len(body):x}".encode()
    chunked = chance.choice(
        (size + b"\r\n" + body + b"\r\n0\r\n\r\n",
        size + b";x=" + b"y" * 9_000 + b"\r\n" + body + b"\r\n0\r\n\r\n", b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n",
         b"0\r\n" + b"X: y\r\n" * 5_000 + b"\r\n", b"-1\r\n\r\n", b"ffffffffffffffff\r\n" + body,
         b"fffffffffffffffffff\r\n", b"zz\r\n", b"\r\n\r\n",
         size + b"\n" + body + b"\n0\n\n", b"0" * 5_000 + size + b"\r\n" + body + b"\r\n0\r\n\r\n",
         size + b"\r\n" + body + b"xx\r\n0\r\n\r\n",
         b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n", body, b"",
         size + b"\r\n" + body + b"\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    )  # fmt: skip
    return Attempt(
        "framing: codings", (head + chunked,), tenants=frozenset({"alpha"}), ending="odd"
    )


def _expected(chance: random.Random, number: int, stage: Stage) -> Attempt:
    _, body = _post(chance, number, stage)
    pairs: list[Pair] = [("Expect", "100-continue"), ("Content-Length", str(len(body)))]
    head, _ = _post(chance, number, stage, *pairs)
    return Attempt("framing: expect", (head, body), tenants=frozenset({"alpha"}), pause_s=0.05)


def _versions(chance: random.Random, number: int, stage: Stage) -> Attempt:
    version = chance.choice(
        (b"HTTP/1.0", b"HTTP/0.9", b"HTTP/1.2", b"HTTP/2.0", b"HTTP/3", b"HTTP/11.1", b"http/1.1",
        b"HTTP/1.1 ", b"HTTPS/1.1", b"", b"RTSP/1.0", b"HTTP/1.\xff",
         b"ICE/1.0", b"HTTP/")
    )  # fmt: skip
    head, _ = _post(chance, number, stage)
    path = chance.choice(READS)
    request = write_request("GET", path, bearer_of(stage.holders["alpha"]), version=version)
    if chance.random() < 0.3:
        request = head.replace(b"HTTP/1.1", version, 1)
    return Attempt("framing: versions", (request,), tenants=frozenset({"alpha"}), ending="odd")


def _methods(chance: random.Random, number: int, stage: Stage) -> Attempt:  # noqa: ARG001 - one shape for all
    method = chance.choice(
        ("HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "Get", "POST", "PROPFIND",
        "M-SEARCH", "PURGE", "PRI", "NONSENSE", "G",
         "A" * 9_000, "GE T", "GET\x00", "", "é", "SOURCE", "QUERY", "_", "UPGRADE")
    )  # fmt: skip
    target = chance.choice(
        (*PATHS, "*", "http://fuzz/health", "fuzz:80", "https://u:p@fuzz:1/v1/views?x#y", "/nowhere",
         "//fuzz/health", "", "health", "http://")
    )  # fmt: skip
    request = write_request(method, target, bearer_of(stage.holders["alpha"]))
    return Attempt("framing: methods", (request,), tenants=frozenset({"alpha"}), ending="odd")


def _rubbish(chance: random.Random, number: int, stage: Stage) -> Attempt:  # noqa: ARG001 - one shape for all
    good = write_request("GET", chance.choice(READS), bearer_of(stage.holders["alpha"]))
    sent = chance.choice(
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\r\n" * 20_000 + good, b"\x00" * 100, b"\xff" * 9_000,
         good.replace(b"\r\n", b"\n"), good.replace(b"\r\n", b"\r"), good.replace(b": ", b" : "),
         good.replace(b"Host: fuzz", b"Host: fuzz\r\n x"),
         good.replace(b"Host: fuzz\r\n", b""), good.replace(b"Host", b"\x00Host"),
         good.replace(b" HTTP", b"\tHTTP"), good.replace(b" /", b"  /"), b" " + good,
         b"GET", b"A" * 70_000, b"GET /" + b"a" * 70_000, good[:-2] + b"X: " + b"a" * 70_000 + b"\r\n\r\n",
         good[:-2] + b"X-Y: z\r\n" * 9_000 + b"\r\n",
         b"EHLO x\r\n", b"*1\r\n$4\r\nPING\r\n", b"SSH-2.0-x\r\n", b"{}\n",
         b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"\r\n\r\n", b"GET / HTTP/1.1\r\n: x\r\n\r\n",
         good[:-2] + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", good[:-2] + b"Content-Length: 3\r\n\r\nabc")
    )  # fmt: skip
    return Attempt("framing: rubbish", (sent,), tenants=frozenset({"alpha"}), ending="odd")


def _pipelined(chance: random.Random, number: int, stage: Stage) -> Attempt:
    requests, lines = [], []
    for place in range(chance.choice((2, 3, 10, 50))):
        holder = stage.holders[chance.choice(("alpha", "bravo", "alpha revoked"))]
        if chance.random() < 0.3:
            body = dump(make_items(chance, number * 64 + place, TOUCHES, 1))
            request = write_request(
                "POST", TOUCHES, [*bearer_of(holder), ("Content-Type", JSON)], body
            )
        else:
            request = write_request("GET", chance.choice(READS), bearer_of(holder))
        requests.append(request)
        lines.append(request.split(b"\r\n", 1)[0])
    sent = b"".join(requests)
    return Attempt(
        "framing: pipelined", (sent,), tenants=ANYBODY, answers=len(lines), first_lines=tuple(lines)
    )


def _cut(chance: random.Random, number: int, stage: Stage) -> Attempt:
    head, body = _post(chance, number, stage, ("Content-Length", "4000"))
    whole = head + body
    return Attempt(
        "framing: cut",
        (whole[: chance.randrange(1, len(whole))],),
        tenants=frozenset({"alpha"}),
        ending="cut",
    )


def _slow(chance: random.Random, number: int, stage: Stage) -> Attempt:
    """Send a request slowly, sometimes slower than the server permits, sometimes only just fast enough."""
    _, body = _post(chance, number, stage)
    head, _ = _post(chance, number, stage, ("Content-Length", str(len(body))))
    whole = head + body
    cut = chance.choice((1, 20, len(head) - 2, len(head), len(head) + 1, len(whole) - 1))
    pause_s = chance.choice((0.2, 0.5, 1.6)) * stage.receive_timeout_s
    return Attempt(
        "framing: slow",
        (whole[:cut], whole[cut:]),
        tenants=frozenset({"alpha"}),
        ending="odd",
        pause_s=pause_s,
    )


_FRAMINGS: dict[str, tuple[int, Callable[[random.Random, int, Stage], Attempt]]] = {
    "lengths": (20, _lengths),
    "codings": (20, _codings),
    "expect": (4, _expected),
    "versions": (10, _versions),
    "methods": (16, _methods),
    "rubbish": (14, _rubbish),
    "pipelined": (8, _pipelined),
    "cut": (5, _cut),
    "slow": (3, _slow),
}
