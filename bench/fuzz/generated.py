"""Requests that schemathesis generates from the API's description: valid, invalid, and corner cases."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from itertools import islice
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, SerializationContext
from schemathesis.errors import SerializationNotPossible

from bench.fuzz.attempts import Attempt, Stage, write_request

_BASE = "http://fuzz"
_MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
# Operations without parameters soon repeat themselves.
_WEIGHTS = {"/health": 1, "/metrics": 1, "/v1/views": 2, "/v1/revenue/realtime": 3}
_MANY = 6
_OWN_HEADERS = (
    "User-Agent",
    "Accept-Encoding",
    "Accept",
    "Connection",
    "X-Schemathesis-TestCaseId",
)


Prepared = requests.PreparedRequest


@schemathesis.serializer("application/x-ndjson")
def write_lines(_context: SerializationContext, value: object) -> bytes:
    """Write a value as one object per line; a text unchanged."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    items = value if isinstance(value, list) else [value]
    return b"\n".join(json.dumps(item).encode() for item in items)


def generate_cases(description: dict[str, Any], how_many: int, of_seed: int) -> list[Prepared]:
    """Return about `how_many` requests over all operations, the same for the same seed, in mixed order."""
    schema = schemathesis.openapi.from_dict(description)
    operations = [result.ok() for result in schema.get_all_operations()]
    weights = [
        next((w for path, w in _WEIGHTS.items() if o.path.startswith(path)), _MANY)
        for o in operations
    ]
    cases: list[Prepared] = []
    for operation, weight in zip(operations, weights, strict=True):
        share = how_many * weight // sum(weights)
        corners = list(islice(_corners(schema, operation), share // 2))
        cases += filter(None, map(_prepare, corners))
        cases += filter(None, map(_prepare, _draw(operation, share - len(corners), of_seed)))
    random.Random(of_seed).shuffle(cases)  # noqa: S311 - repeatable, nothing secret
    return cases


def _prepare(case: Case) -> Prepared | None:
    """Return the request of a case; None if its body is of a kind that cannot be written."""
    try:
        sending = case.as_transport_kwargs(base_url=_BASE)
    except SerializationNotPossible:
        return None
    parts = {name: value for name, value in sending.items() if name in _PARTS}
    return requests.Request(**parts).prepare()


def _corners(schema: Any, operation: Any) -> Iterator[Case]:
    config = schema.config.generation_for(operation=operation, phase="coverage")
    found: Iterator[Case] = schema.iter_coverage_cases(
        operation, generation_modes=list(_MODES), generation_config=config
    )
    return found


def _draw(operation: Any, how_many: int, of_seed: int) -> list[Case]:
    cases: list[Case] = []
    ways = [operation.as_strategy(generation_mode=mode) for mode in _MODES]

    @seed(of_seed)
    @settings(
        max_examples=max(1, how_many),
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(ways))
    def keep(case: Case) -> None:
        cases.append(case)

    keep()
    return cases[:how_many]


def attempt_case(chance: random.Random, prepared: Prepared, stage: Stage) -> Attempt:
    """Return a request as bytes; nine in ten with a good key in place of the generated one."""
    headers = {n: v for n, v in prepared.headers.items() if n not in _OWN_HEADERS}
    headers.pop("Content-Length", None)
    tenants: frozenset[str] = frozenset()
    if chance.random() < 0.9:
        holder = stage.holders[chance.choice(("alpha", "alpha", "bravo"))]
        headers = {n: v for n, v in headers.items() if n.lower() != "authorization"}
        headers["Authorization"] = f"Bearer {holder.secret}"
        tenants = holder.tenants
    pairs = [(_latin(name), _latin(value)) for name, value in headers.items()]
    body = prepared.body
    data = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    target = (prepared.url or _BASE).removeprefix(_BASE) or "/"
    request = write_request(prepared.method or "GET", target, pairs, data)
    return Attempt("generated", (request,), tenants=tenants, private=stage.secrets)


_PARTS = frozenset({"method", "url", "headers", "params", "data", "json", "cookies", "files"})


def _latin(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1", "replace")
