"""Valid requests with some bytes flipped, cut out, doubled or moved."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from bench.fuzz.attempts import ANYBODY, Attempt, Stage, bearer_of, write_request
from bench.fuzz.bodies import JSON, NDJSON, attempt_body, dump, make_items
from bench.fuzz.targets import ORDERS, READS, attempt_path, attempt_query
from bench.fuzz.wire import attempt_framing, attempt_headers


def mutate(chance: random.Random, data: bytes) -> bytes:
    """Return `data` with one to eight changes."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 8))):
        place, size = chance.randrange(len(changed)), chance.choice((1, 1, 4, 30))
        way = chance.randrange(6)
        part = changed[place : place + size]
        if way == 0:
            changed[place] ^= 1 << chance.randrange(8)
        elif way == 1:
            changed[place] = chance.choice(b'\x00\r\n \t\x7f\xff:%/"\\{}[],0')
        elif way == 2 and len(changed) > size:
            del changed[place : place + size]
        elif way == 3:
            changed[place:place] = part
        elif way == 4:
            changed[place:place] = chance.randbytes(size)
        else:
            to = chance.randrange(len(changed))
            changed[to : to + len(part)] = part
    return bytes(changed)


def attempt_mutant(chance: random.Random, number: int, stage: Stage) -> Attempt:
    """Return a mutated good request; half the time head and length stay unchanged, so that the body is read."""
    holder = stage.holders["alpha"]
    path = chance.choice(("/v1/touches", "/v1/conversions"))
    items = make_items(chance, number, path, chance.choice((1, 3, 30)))
    kind = chance.choice((JSON, NDJSON))
    body = dump(items) if kind == JSON else b"\n".join(map(dump, items))
    if chance.random() < 0.5:
        request = write_request(
            "POST", path, [*bearer_of(holder), ("Content-Type", kind)], mutate(chance, body)
        )
        return Attempt("mutant body", (request,), tenants=holder.tenants)
    target = chance.choice((*READS, ORDERS + stage.order_ids[0], "/v1/jobs?limit=1&state=done"))
    good = chance.choice(
        (
            write_request("GET", target, bearer_of(holder)),
            write_request("POST", path, [*bearer_of(holder), ("Content-Type", kind)], body),
        )
    )
    return Attempt("mutant request", (mutate(chance, good),), tenants=ANYBODY, ending="odd")


_FAMILIES: dict[Callable[[random.Random, int, Stage], Attempt], int] = {
    attempt_body: 36,
    attempt_query: 18,
    attempt_path: 12,
    attempt_headers: 12,
    attempt_framing: 12,
    attempt_mutant: 10,
}


def attempt_own(chance: random.Random, number: int, stage: Stage) -> Attempt:
    """Return one of this package's own requests; `number` makes the keys of its items new."""
    make = chance.choices(list(_FAMILIES), weights=list(_FAMILIES.values()))[0]
    attempt = make(chance, number, stage)
    return replace(attempt, private=stage.secrets)
