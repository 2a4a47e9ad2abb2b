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
from proof.stage.planting import MARKER_B, PLAN_B
from proof.stage.proving import Proof
from proof.stage.steps import matches
from proof.stage.world import World

_ORDER_OF_B: Final = f"{PLAN_B.word}-order"
_OTHER_METHODS: Final = ("PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Try:
    """A request that somebody makes who is, or says to be, A. What was sent may come back: it tells nothing new."""

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
        proof.read(
            "every GET route of the application with B's key: those whose answers show what is B's",
            "\n".join(seen),
            expect=matches(r".*/v1/attribution/channels\b.*/v1/dead-events\b.*"),
        )
        lines, tries, foreign = [], 0, 0
        for route in routes:
            told = []
            for each in _tries(client, world, route):
                answer = client.request(each.method, each.url, headers=each.headers, json=each.json)
                text = f"{answer.text}\n{answer.headers}"
                found = needles.found_in(text, each.sent)
                tries, foreign = tries + 1, foreign + bool(found)
                told.append(f"{each.name} {answer.status_code}" + (" FOREIGN" if found else ""))
            lines.append(f"{route}: {', '.join(told)}")
        unknown, theirs = _oracle(client, world)
    proof.read(
        "every route of the application with A's key: plain, naming B in a parameter and in headers, with a cursor of "
        "B's list, by other methods; and without a key and with an unknown one. Bodies and headers of all answers are "
        "searched for B's markers, ids, hashes and key",
        "\n".join([*lines, f"{len(routes)} routes, {tries} requests: {foreign} foreign"]),
        expect=matches(r".*\n\d{2,} routes, \d{3,} requests: 0 foreign"),
    )
    proof.read(
        "as A: the answer about an order that only B has, and the answer about one that nobody has, with each order's "
        "name taken out",
        f"{theirs}\n{'the same' if unknown == theirs else unknown}",
        expect=matches(r"404 order_unknown [^\n]*\nthe same"),
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
    """Return what A is told of an order that nobody has, and of one that only B has."""
    told = []
    for order_id in (MARKER_B[::-1] + "-order", f"{MARKER_B}-order"):
        answer = client.get(f"/v1/attribution/orders/{order_id}", headers=bearer(world.key_a))
        problem = answer.json()
        words = [str(problem.get(field, "")) for field in ("code", "detail", "cure")]
        told.append(" ".join([str(answer.status_code), *words]).replace(order_id, "…"))
    return told[0], told[1]


CHECKS: Final = (
    Check(
        "ISOLATION/routes",
        "No route tells A anything of B, nor anybody anything without a key; B's orders are unknown to A.",
        _prove_routes,
    ),
)
