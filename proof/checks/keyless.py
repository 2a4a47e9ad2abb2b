"""ISOLATION, without a key: whatever the application answers to refuses who has none, but for a list."""

from __future__ import annotations

from typing import Final

import httpx2

from proof.checks.surface import KEYLESS, PREFLIGHT, ask_without_key, list_routes, list_wires
from proof.contract import Check
from proof.stage.expectations import equals, every, rows
from proof.stage.proving import Proof


def _prove_keyless(proof: Proof) -> None:
    world = proof.world
    routes = sorted(
        [*list_routes(proof), *list_wires(proof)], key=lambda one: (one.path, one.method)
    )
    open_routes, lines = [], []
    with httpx2.Client(base_url=world.base, timeout=30) as client:
        for route in routes:
            without, unknown = ask_without_key(client, route)
            if without == unknown == httpx2.codes.UNAUTHORIZED:
                lines.append((route, without, unknown))
            elif (route.method, without, unknown) != PREFLIGHT:
                open_routes.append(str(route))
    proof.read(
        "every route of the application asked without a key and with an unknown one: those that do not answer 401 "
        "to both",
        "\n".join(open_routes),
        expect=equals(KEYLESS),
    )
    proof.tabulate(
        "and those that do",
        ("route", "no key", "unknown key"),
        lines,
        expect=(
            rows(at_least=9),
            every("route", "<word> /<text>"),
            every("no key", 401),
            every("unknown key", 401),
        ),
    )


CHECKS: Final = (
    Check(
        "ISOLATION/keyless",
        "Every route that the application has, described or hidden, refuses whoever has no valid key, except a "
        "list of those that show nothing of a tenant.",
        _prove_keyless,
    ),
)
