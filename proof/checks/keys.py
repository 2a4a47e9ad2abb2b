"""ISOLATION, by the key: every route asks for one, of the right scope, and its tenant is the only one there is."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from time import sleep
from typing import Any, Final, LiteralString
from urllib.parse import quote

import httpx2
from psycopg import sql

from proof.checks.adversary import needles_of
from proof.checks.surface import KEYLESS, Route, bearer, list_routes
from proof.contract import Check
from proof.stage.collecting import collect_from_a
from proof.stage.expectations import done, every, rows, same_as, shows
from proof.stage.fits import FIT, fit_request_of
from proof.stage.ground import APP_USER
from proof.stage.lifts import keep_lift_tests
from proof.stage.providers import pay_tenants
from proof.stage.proving import Proof
from proof.stage.world import World

_TRIES: Final = 3

# It lists the views, which are everybody's, and not what is in them.
_OF_NO_TENANT: Final = "/v1/views"
# They need an id or a moment; see `_prove_named`.
_NEED_MORE: Final = frozenset(
    {
        "/v1/attribution/changes",
        "/v1/fits/requests/{request_id}",
        "/v1/fits/{version}",
        "/v1/fits/{version}/compared-with/{other}",
        "/v1/reconciliations/{reconciliation_id}",
        "/v1/reconciliations/{reconciliation_id}/lines",
        "/v1/rules/versions/{version}",
    }
)
_OF_A_FIT: Final = ("/v1/fits/{version}/preview", "/v1/fits/{version}/activate")
_ID: Final = re.compile("[0-9a-f-]{36}|(?<=since=).*")
_EVERYWHERE: Final = ("headers", "?tenant_id", "?tenant")
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


def _prove_override(proof: Proof) -> None:
    world = proof.world
    routes = _of_tenants(list_routes(proof))
    reading = [route for route in routes if route.asked_by == "GET"]
    pay_tenants(world)
    keep_lift_tests(world)
    collect_from_a(world)
    with httpx2.Client(base_url=world.base, timeout=30) as client:
        differing = [
            (
                route.path,
                _content(client.get(route.url(), headers=bearer(world.key_a)))
                != _content(client.get(route.url(), headers=bearer(world.key_b))),
            )
            for route in reading
        ]
        proof.tabulate(
            "the reading routes: whether A and B get different answers, so that one taken for the other would show",
            ("route", "different"),
            differing,
            expect=shows(
                ("route", "different"),
                *((route.path, route.path != _OF_NO_TENANT) for route in reading),
            ),
        )
        _prove_reading(proof, client, reading)
        _prove_named(proof, client)
        with proof.session(APP_USER, world.database, tenant=world.b) as session:
            session.ask(_B_ROWS, expect=rows(exactly=1), name="how many rows B has")
            answers = list(_sent(client, world, [one for one in routes if one not in reading]))
            proof.tabulate(
                "every writing route with A's key and an item that cannot be taken, naming B in the same ways",
                ("method", "path", "B named in", "status"),
                answers,
                expect=(
                    rows(at_least=6),
                    every("method", "POST", "DELETE", "PUT"),
                    every("path", "/v1/<text>"),
                    every("status", 200, 404, 422, where={"method": "POST"}),
                    every("path", *_OF_A_FIT, where={"method": "POST", "status": 404}),
                    every("status", 422, where={"method": ("DELETE", "PUT")}),
                ),
            )
            session.ask(_B_ROWS, expect=same_as("how many rows B has"))


def _prove_reading(proof: Proof, client: httpx2.Client, reading: list[Route]) -> None:
    """Name B in every way to every reading route: those that every route has, and its own query parameters."""
    everywhere, own = [], []
    for route in reading:
        plain, *named = _overrides(client, proof.world, route)
        everywhere.append((route, plain, *(answer for _, answer in named[: len(_EVERYWHERE)])))
        own += [(route, name, answer) for name, answer in named[len(_EVERYWHERE) :]]
    # A filter that may be any text, such as an order's id, leaves nothing of A's if it names B.
    harmless = (
        *(f"{status} refused" for status in sorted(_REFUSALS)),
        "200 the same",
        "200 nothing",
    )
    with_a_key = "every reading route with A's key, naming B"
    complete = tuple(str(route) for route in reading if route.path not in _NEED_MORE)
    same = "refused, or the same answer as without (except ages in seconds)"
    proof.tabulate(
        f"{with_a_key} in headers, in ?tenant_id and in ?tenant: {same}",
        ("route", "plain", *_EVERYWHERE),
        everywhere,
        expect=(
            rows(at_least=7),
            every("route", "GET /v1/<text>"),
            every("plain", 200, where={"route": complete}),
            *(every(name, *harmless) for name in _EVERYWHERE),
        ),
    )
    proof.tabulate(
        f"{with_a_key} in each query parameter that it has: {same}",
        ("route", "parameter", "answer"),
        own,
        expect=every("answer", *harmless),
    )


def _prove_named(proof: Proof, client: httpx2.Client) -> None:
    """Ask the routes that need more than their path for what is B's, as A and as B."""
    world = proof.world
    a, b = bearer(world.key_a), bearer(world.key_b)
    theirs = client.get("/v1/reconciliations", headers=b).json()["data"][0]["id"]
    since = quote(world.noted[0].moment.isoformat())
    lines = []
    for url, as_a in (
        (f"/v1/reconciliations/{theirs}", 404),
        (f"/v1/reconciliations/{theirs}/lines", 404),
        (f"/v1/attribution/changes?since={since}", 200),
        ("/v1/rules/versions/1", 200),
        (f"/v1/fits/{FIT}", 200),
        (f"/v1/fits/{FIT}/compared-with/{FIT}", 200),
        (f"/v1/fits/requests/{fit_request_of(world.b)}", 404),
    ):
        mine, of_b = client.get(url, headers=a), client.get(url, headers=b)
        found = len(needles_of(world).found_in(mine.text, (theirs,)))
        is_other = _content(mine) != _content(of_b)
        route = _ID.sub("…", url)
        lines.append((route, mine.status_code == as_a, of_b.status_code, is_other, found))
    proof.tabulate(
        "the reading routes that need more than their path: B's comparisons, rules, changes and fits, as A and as B",
        ("route", "as A as it must be", "as B", "different", "found of B as A"),
        lines,
        expect=(
            rows(exactly=7),
            every("as A as it must be", True),
            every("as B", 200),
            every("different", True),
            every("found of B as A", 0),
        ),
    )


def _overrides(client: httpx2.Client, world: World, route: Route) -> list[Any]:
    """Return the status without a name of B, and for each way to name B what A is answered."""
    url, key = route.url(), bearer(world.key_a)
    found: list[Any] = [client.get(url, headers=key).status_code]
    for name, query, headers in _namings(world, route):
        answered = ""
        for _ in range(_TRIES):
            # What changes by itself may change an answer between two requests, but not each time.
            answer = client.get(url, params=query, headers={**key, **headers})
            is_same = _content(answer) == _content(client.get(url, headers=key))
            is_refused = answer.status_code in _REFUSALS
            body = _body(answer)
            is_empty = isinstance(body, dict) and body.get("data") == [] and answer.is_success
            how = (
                "refused"
                if is_refused
                else "the same"
                if is_same
                else "nothing"
                if is_empty
                else "OTHER"
            )
            answered = f"{answer.status_code} {how}"
            if is_refused or is_same:
                break
        found.append((name, answered))
    return found


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
    return [(_EVERYWHERE[0], {}, named), *((f"?{name}", {name: b}, {}) for name in parameters)]


def _sent(
    client: httpx2.Client, world: World, routes: list[Route]
) -> Iterator[tuple[str, str, str, int]]:
    for route in routes:
        for name, query, headers in _namings(world, route):
            answer = client.request(
                route.asked_by,
                route.url(),
                params=query,
                headers={**bearer(world.key_a), **headers},
                json=[{"tenant_id": str(world.b), "idempotency_key": name}],
            )
            yield route.method, route.path, name, answer.status_code


def _content(answer: httpx2.Response) -> tuple[int, Any]:
    """Return status and body without ages, which are computed for each answer."""
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
            lines.append((route.method, route.path, _answer(reading), _answer(ingesting)))
    complete = tuple(route.path for route in routes if route.path not in _NEED_MORE)
    denied, changing = "403 scope_missing", {"method": ("DELETE", "PUT")}
    # A preview and a check write nothing, and yet only a reader may ask for one.
    preview = {"method": "POST", "read": "422 input_invalid"}
    of_a_fit = {"method": "POST", "read": "404 fit_unknown"}
    proof.tabulate(
        "every route that needs a key, with a key of A of the scope `read` alone, and with one of `ingest` alone",
        ("method", "path", "read", "ingest"),
        lines,
        expect=(
            rows(at_least=9),
            every("method", "GET", "POST", "DELETE", "PUT"),
            every("read", 200, where={"method": "GET", "path": complete}),
            every("ingest", denied, where={"method": "GET"}),
            every("read", denied, "422 input_invalid", "404 fit_unknown", where={"method": "POST"}),
            every("path", _OF_A_FIT[0], where=of_a_fit),
            every("ingest", denied, where=of_a_fit),
            every("ingest", "<count>", "<count> <word>", where={"method": "POST"}),
            every(
                "path",
                "/v1/models/{model}/preview",
                "/v1/rules/check",
                "/v1/rules/dry-run",
                where=preview,
            ),
            every("ingest", denied, where=preview),
            every("read", denied, where=changing),
            every("ingest", denied, where=changing),
        ),
    )


def _prove_ended_keys(proof: Proof) -> None:
    world = proof.world
    secret = "skd_" + secrets.token_urlsafe(32)
    proof.ground.keep_secret(secret)
    with (
        proof.session(APP_USER, world.database, tenant=world.b) as session,
        httpx2.Client(base_url=world.base, timeout=30) as client,
    ):

        def ask() -> list[tuple[str]]:
            answers = [client.get("/v1/jobs", headers=bearer(secret)) for _ in range(_TRIES)]
            return [(_answer(answer),) for answer in answers]

        session.ask(
            sql.SQL(_MAKE_KEY).format(secret=sql.Literal(secret)), expect=done("INSERT 0 1")
        )
        proof.tabulate(
            "GET /v1/jobs with it",
            ("answer",),
            ask(),
            expect=(rows(exactly=_TRIES), every("answer", 200)),
        )
        session.ask(_END_KEY, expect=done("UPDATE 1"))
        sleep(_SOON_S)
        proof.tabulate(
            "the same, a second after it was revoked",
            ("answer",),
            ask(),
            expect=(rows(exactly=_TRIES), every("answer", "401 key_invalid")),
        )


def _answer(answer: httpx2.Response) -> str:
    body = _body(answer)
    code = body.get("code", "") if isinstance(body, dict) and not answer.is_success else ""
    return f"{answer.status_code} {code}".rstrip()


def _of_tenants(routes: list[Route]) -> list[Route]:
    keyless = KEYLESS.splitlines()
    return [route for route in routes if str(route) not in keyless]


CHECKS: Final = (
    Check(
        "ISOLATION/override",
        "Nothing in a request but its key decides whose it is: no header, cookie or query parameter makes A look "
        "like B.",
        _prove_override,
    ),
    Check(
        "ISOLATION/scopes",
        "A key that may only read writes nothing, a key that may only ingest reads nothing, and neither changes the "
        "models that a tenant's money is divided by.",
        _prove_scopes,
    ),
    Check(
        "ISOLATION/ended-keys",
        "A key that the service has accepted is refused a second after it was revoked.",
        _prove_ended_keys,
    ),
)
