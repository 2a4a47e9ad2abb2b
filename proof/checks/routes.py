"""ISOLATION, from outside: no answer to a request of A, or of somebody without a key, has anything of B."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import httpx2

from proof.checks.adversary import needles_of
from proof.checks.surface import UNKNOWN_KEY, Route, bearer, list_routes
from proof.contract import Check
from proof.stage.expectations import every, has_row, reads, rows, same_as
from proof.stage.planting import MARKER_B, PLAN_B
from proof.stage.proving import Proof
from proof.stage.world import World
from proof.words import FOUND_BY_ROUTES

_ORDER_OF_B: Final = f"{PLAN_B.word}-order"
_OTHER_METHODS: Final = ("PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Try:
    """A request of somebody who is, or claims to be, A. What was sent may come back: that gives nothing away."""

    name: str
    method: str
    url: str
    headers: dict[str, str]
    sent: tuple[str, ...] = ()
    json: Any = None


def _prove_routes(proof: Proof) -> None:
    world = proof.world
    needles = needles_of(world)
    routes = list_routes(proof)
    with httpx2.Client(base_url=world.base, timeout=30) as client:
        seen = [
            str(route)
            for route in routes
            if route.method == "GET"
            and needles.found_in(
                client.get(route.url(_ORDER_OF_B), headers=bearer(world.key_b)).text
            )
        ]
        proof.tabulate(
            "every GET route of the application with B's key: those whose answers show what is B's",
            ("route",),
            [(route,) for route in seen],
            expect=(
                has_row(route="GET /v1/attribution/channels"),
                has_row(route="GET /v1/dead-events"),
            ),
        )
        lines = []
        for route in routes:
            for each in _tries(client, world, route):
                answer = client.request(each.method, each.url, headers=each.headers, json=each.json)
                found = needles.found_in(f"{answer.text}\n{answer.headers}", each.sent)
                lines.append((route, each.name, answer.status_code, len(found)))
        unknown, theirs = _oracle(client, world)
    proof.tabulate(
        "every route of the application with A's key: plain, naming B in a parameter and in headers, with a cursor of "
        "B's list, by other methods; and without a key and with an unknown one. Bodies and headers of all answers are "
        "searched for B's markers, ids, hashes and key",
        ("route", "request", "status", "found of B"),
        lines,
        name=FOUND_BY_ROUTES,
        expect=(
            rows(at_least=100),
            rows(at_least=10, where={"request": "plain"}),
            every("found of B", 0),
        ),
    )
    proof.read(
        "as A: the answer about an order that nobody has, without the order's name",
        unknown,
        expect=reads("404 order_unknown <text>"),
        name="the answer about nobody's order",
    )
    proof.read(
        "as A: the answer about an order that only B has, without the order's name",
        theirs,
        expect=same_as("the answer about nobody's order"),
    )


def _tries(client: httpx2.Client, world: World, route: Route) -> Iterator[Try]:
    key, method, url = bearer(world.key_a), route.asked_by, route.url()
    b = str(world.b)
    body = [{"tenant_id": b}] if method == "POST" else None
    yield Try("plain", method, url, key, (b,), body)
    yield Try("?tenant_id=B", method, f"{url}?tenant_id={b}", key, (b,), body)
    named = {"X-Tenant-Id": b, "X-Tenant": b, "X-Forwarded-User": b, "Cookie": f"tenant_id={b}"}
    yield Try("B in headers", method, url, {**key, **named}, (b,), body)
    if "cursor" in route.parameters:
        page = client.get(f"{url}?limit=1", headers=bearer(world.key_b)).json()
        cursor = page.get("next_cursor") or ""
        yield Try("B's cursor", method, f"{url}?limit=1&cursor={quote(cursor)}", key, (cursor,))
    for other in _OTHER_METHODS:
        yield Try(other, other, url, key)
    yield Try("no key", method, url, {}, (b,), body)
    yield Try("unknown key", method, url, bearer(UNKNOWN_KEY), (b,), body)


def _oracle(client: httpx2.Client, world: World) -> tuple[str, str]:
    """Return A's answers about an order that nobody has, and about one that only B has."""
    answers = []
    for order_id in (MARKER_B[::-1] + "-order", f"{MARKER_B}-order"):
        answer = client.get(f"/v1/attribution/orders/{order_id}", headers=bearer(world.key_a))
        problem = answer.json()
        words = [str(problem.get(field, "")) for field in ("code", "detail", "cure")]
        answers.append(" ".join([str(answer.status_code), *words]).replace(order_id, "…"))
    return answers[0], answers[1]


CHECKS: Final = (
    Check(
        "ISOLATION/routes",
        "No route gives A anything of B, nor anybody anything without a key; B's orders are unknown to A.",
        _prove_routes,
    ),
)
