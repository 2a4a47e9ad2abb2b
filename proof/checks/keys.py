"""ISOLATION, by the key: every route asks for one, of the right scope, and its tenant is the only one there is."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from time import sleep
from typing import Any, Final, LiteralString

import httpx2
from psycopg import sql

from proof.checks.bounds import APP
from proof.checks.surface import UNKNOWN_KEY, Route, bearer, list_routes
from proof.contract import Check
from proof.stage.proving import Proof
from proof.stage.steps import equals, matches
from proof.stage.world import World

_TRIES: Final = 3

# What anybody may ask for: it says nothing of a tenant.
_KEYLESS: Final = """\
GET /docs
HEAD /docs
GET /health
GET /health/live
GET /health/ready
GET /health/worker
GET /metrics
GET /openapi.json
HEAD /openapi.json"""
# It tells of the views, which are everybody's, and not of what is in them.
_OF_NO_TENANT: Final = "/v1/views"
_REFUSALS: Final = frozenset({400, 404, 422})
_SOON_S: Final = 1.0
_MAKE_KEY: Final[LiteralString] = """
    INSERT INTO public.api_keys (tenant_id, id, name, prefix, secret_sha256, scopes)
    VALUES (public.current_tenant_id(), gen_random_uuid(), 'to be revoked', 'skd_revoked', sha256({secret}),
            '{{read}}')"""
_END_KEY: Final[LiteralString] = """
    UPDATE public.api_keys SET revoked_at = now() WHERE name = 'to be revoked' AND revoked_at IS NULL"""
_B_ROWS: Final = """
    SELECT (SELECT count(*) FROM public.attribution_events) AS touches,
           (SELECT count(*) FROM public.revenue_ledger) AS entries,
           (SELECT count(*) FROM public.dead_events) AS refused"""


def _prove_keyless(proof: Proof) -> None:
    world = proof.world
    routes = list_routes(proof)
    open_routes, lines = [], []
    with httpx2.Client(base_url=world.base, timeout=30) as client:
        for route in routes:
            without, unknown = (
                client.request(route.asked_by, route.url(), headers=headers).status_code
                for headers in ({}, bearer(UNKNOWN_KEY))
            )
            if without == unknown == httpx2.codes.UNAUTHORIZED:
                lines.append(f"{route}: no key 401, unknown key 401")
            else:
                open_routes.append(str(route))
    proof.read(
        "every route of the application asked without a key and with an unknown one: those that do not answer 401 "
        "to both",
        "\n".join(open_routes),
        expect=equals(_KEYLESS),
    )
    proof.read("and those that do", "\n".join(lines), expect=matches(r"(\w+ /v1/[^\n]*(\n|$)){9,}"))


def _prove_override(proof: Proof) -> None:
    world = proof.world
    routes = _of_tenants(list_routes(proof))
    reading = [route for route in routes if route.asked_by == "GET"]
    with httpx2.Client(base_url=world.base, timeout=30) as client:
        differing = [
            route.path
            for route in reading
            if _content(client.get(route.url(), headers=bearer(world.key_a)))
            != _content(client.get(route.url(), headers=bearer(world.key_b)))
        ]
        proof.read(
            "the reading routes that answer A and B each otherwise, so that one taken for the other would show",
            "\n".join(differing),
            expect=equals(
                "\n".join(route.path for route in reading if route.path != _OF_NO_TENANT)
            ),
        )
        lines = [f"{route}: {', '.join(_overrides(client, world, route))}" for route in reading]
        proof.read(
            "every reading route with A's key, naming B in headers, in ?tenant_id and ?tenant, and in each query "
            "parameter that it has: refused, or the same answer as without (but for ages in seconds)",
            "\n".join(lines),
            expect=matches(
                r"(GET /v1/[^\n:]*: plain 200(, [^\n,]* (4\d\d refused|200 the same)){3,}(\n|$)){7,}"
            ),
        )
        with proof.session(APP, world.database, tenant=world.b) as session:
            before = session.ask(_B_ROWS, expect=matches(r".*\(1 row\)"))
            answers = list(_sent(client, world, [one for one in routes if one not in reading]))
            proof.read(
                "every writing route with A's key and an item that cannot be taken, naming B in the same ways",
                "\n".join(answers),
                expect=matches(
                    r"((POST /v1/[^\n]* (200|422)|(DELETE|PUT) /v1/[^\n]* 422)(\n|$)){6,}"
                ),
            )
            session.ask(_B_ROWS, expect=equals(before))


def _overrides(client: httpx2.Client, world: World, route: Route) -> Iterator[str]:
    """Say of each way to name B whether A is refused or told the same as without it."""
    url, key = route.url(), bearer(world.key_a)
    yield f"plain {client.get(url, headers=key).status_code}"
    for name, query, headers in _namings(world, route):
        told = ""
        for _ in range(_TRIES):
            # What goes on by itself may change an answer between two requests, but not each time.
            answer = client.get(url, params=query, headers={**key, **headers})
            is_same = _content(answer) == _content(client.get(url, headers=key))
            is_refused = answer.status_code in _REFUSALS
            told = "refused" if is_refused else "the same" if is_same else "OTHER"
            told = f"{name} {answer.status_code} {told}"
            if is_refused or is_same:
                break
        yield told


def _namings(world: World, route: Route) -> list[tuple[str, dict[str, str], dict[str, str]]]:
    """Return each way to name B: what it is called, its query parameters and its headers."""
    b = str(world.b)
    named = {
        "X-Tenant-Id": b,
        "X-Tenant": b,
        "X-Forwarded-User": b,
        "Tenant-Id": b,
        "Cookie": f"tenant_id={b}; tenant={b}",
    }
    parameters = dict.fromkeys(("tenant_id", "tenant", *route.parameters))
    return [("headers", {}, named), *((f"?{name}", {name: b}, {}) for name in parameters)]


def _sent(client: httpx2.Client, world: World, routes: list[Route]) -> Iterator[str]:
    for route in routes:
        for name, query, headers in _namings(world, route):
            answer = client.request(
                route.asked_by,
                route.url(),
                params=query,
                headers={**bearer(world.key_a), **headers},
                json=[{"tenant_id": str(world.b), "idempotency_key": name}],
            )
            yield f"{route}: {name} {answer.status_code}"


def _content(answer: httpx2.Response) -> tuple[int, Any]:
    """Return status and body without ages, which are worked out anew for each answer."""
    return answer.status_code, _without_ages(_body(answer))


def _body(answer: httpx2.Response) -> Any:
    """Return what the answer's JSON says, or its text if it is none."""
    try:
        return answer.json()
    except ValueError:
        return answer.text


def _without_ages(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_ages(one) for name, one in value.items() if name != "age_seconds"}
    return [_without_ages(one) for one in value] if isinstance(value, list) else value


def _prove_scopes(proof: Proof) -> None:
    world = proof.world
    routes = _of_tenants(list_routes(proof))
    lines = []
    with httpx2.Client(base_url=world.base, timeout=30) as client:
        for route in routes:
            reading, ingesting = (
                client.request(
                    route.asked_by,
                    route.url(),
                    headers=bearer(key),
                    json=None if route.asked_by == "GET" else [],
                )
                for key in (world.key_read, world.key_ingest)
            )
            lines.append(f"{route}: read {_told(reading)}, ingest {_told(ingesting)}")
    proof.read(
        "every route that needs a key, with a key of A of the scope `read` alone, and with one of `ingest` alone",
        "\n".join(lines),
        expect=matches(
            r"((GET [^\n]*: read 200, ingest 403 scope_missing|POST [^\n]*: read 403 scope_missing, ingest \d+ ?\w*"
            r"|(DELETE|PUT) [^\n]*: read 403 scope_missing, ingest 403 scope_missing"
            r"|POST /v1/models/\{model\}/preview: read 422 input_invalid, ingest 403 scope_missing)"
            r"(\n|$)){9,}"
        ),
    )


def _prove_ended_keys(proof: Proof) -> None:
    world = proof.world
    secret = "skd_" + secrets.token_urlsafe(32)
    proof.ground.keep_secret(secret)
    with (
        proof.session(APP, world.database, tenant=world.b) as session,
        httpx2.Client(base_url=world.base, timeout=30) as client,
    ):

        def ask() -> str:
            answers = [client.get("/v1/jobs", headers=bearer(secret)) for _ in range(_TRIES)]
            return ", ".join(_told(answer) for answer in answers)

        session.ask(
            sql.SQL(_MAKE_KEY).format(secret=sql.Literal(secret)), expect=equals("INSERT 0 1")
        )
        proof.read("GET /v1/jobs with it", ask(), expect=equals("200, 200, 200"))
        session.ask(_END_KEY, expect=equals("UPDATE 1"))
        sleep(_SOON_S)
        proof.read(
            "the same, a second after it was revoked",
            ask(),
            expect=equals("401 key_invalid, 401 key_invalid, 401 key_invalid"),
        )


def _told(answer: httpx2.Response) -> str:
    body = _body(answer)
    code = body.get("code", "") if isinstance(body, dict) and not answer.is_success else ""
    return f"{answer.status_code} {code}".rstrip()


def _of_tenants(routes: list[Route]) -> list[Route]:
    keyless = _KEYLESS.splitlines()
    return [route for route in routes if str(route) not in keyless]


CHECKS: Final = (
    Check(
        "ISOLATION/keyless",
        "Every route that the application has, described or hidden, refuses whoever has no valid key, but for a "
        "list of those that say nothing of a tenant.",
        _prove_keyless,
    ),
    Check(
        "ISOLATION/override",
        "Nothing that a request says beside its key makes A be taken for B: no header, cookie or query parameter.",
        _prove_override,
    ),
    Check(
        "ISOLATION/scopes",
        "A key that may only read writes nothing, a key that may only ingest reads nothing, and neither changes what a "
        "tenant's money is divided by.",
        _prove_scopes,
    ),
    Check(
        "ISOLATION/ended-keys",
        "A key that the service has accepted is refused a second after it was revoked.",
        _prove_ended_keys,
    ),
)
