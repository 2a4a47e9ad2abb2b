"""ISOLATION, of pages: none shows a tenant's data to whoever has no session in it, or takes a form of another site."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import httpx2

from proof.checks.adversary import needles_of
from proof.checks.surface import Route, bearer, list_pages
from proof.contract import Check
from proof.stage.expectations import equals, every, has_row, reads, rows, same_as
from proof.stage.people import OWN_FORM
from proof.stage.planting import PLAN_A, PLAN_B
from proof.stage.proving import Proof
from proof.stage.world import World

# How to sign in, an invitation and a shared report, by their token, which is unknown here. No provider is set.
_FOR_ANYBODY: Final = """\
GET /identity/callback
GET /invitations/{token}
GET /shared/{token}
GET /sign-in
GET /sign-in/{token}
POST /identity/sign-in
POST /invitations/{token}
POST /passkeys/sign-in
POST /passkeys/sign-in/options
POST /sign-in
POST /sign-in/{token}"""
_SIGN_IN: Final = "led to the sign-in"
_UNKNOWN: Final = "A" * 43
_FOREIGN: Final[tuple[dict[str, str], ...]] = (
    {},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
)


def _prove_pages(proof: Proof) -> None:
    world = proof.world
    pages = list_pages(proof)
    with httpx2.Client(base_url=world.base, timeout=30) as client:
        _prove_doors(proof, client, pages)
        _prove_reading(proof, client, [page for page in pages if page.method == "GET"])
        _prove_forms(proof, client, [page for page in pages if page.method != "GET"])
        _prove_switching(proof, client)


def _prove_doors(proof: Proof, client: httpx2.Client, pages: list[Route]) -> None:
    world = proof.world
    open_pages, lines = [], []
    for page in pages:
        outcomes = [
            _outcome(client.request(page.method, page.url(), headers=headers, data=_data(page)))
            for headers in (
                OWN_FORM,
                OWN_FORM | _cookie(_UNKNOWN),
                OWN_FORM | bearer(world.key_a),
                OWN_FORM | {"X-Forwarded-User": "admin", "Remote-User": "admin"},
            )
        ]
        if set(outcomes) == {_SIGN_IN}:
            lines.append((page, *outcomes))
        else:
            open_pages.append(str(page))
    proof.read(
        "every page asked without a session, with an unknown one, with an API key and with a user named in headers: "
        "those that do not lead each of them to the sign-in",
        "\n".join(open_pages),
        expect=equals(_FOR_ANYBODY),
    )
    proof.tabulate(
        "and those that do",
        ("page", "no session", "unknown session", "API key", "user in headers"),
        lines,
        expect=(
            rows(at_least=15),
            *(
                every(name, _SIGN_IN)
                for name in ("no session", "unknown session", "API key", "user in headers")
            ),
        ),
    )


def _prove_reading(proof: Proof, client: httpx2.Client, pages: list[Route]) -> None:
    world = proof.world
    needles = needles_of(world)
    own = _cookie(world.cookies[1])
    proof.tabulate(
        "every page that is read, with the session of B's admin: those that show what is B's",
        ("page",),
        [(page,) for page in pages if needles.found_in(client.get(page.url(), headers=own).text)],
        expect=(
            rows(at_least=5),
            has_row(page="GET /overview"),
            has_row(page="GET /settings/members"),
        ),
    )
    lines = []
    for page in pages:
        for name, url, headers, sent in _namings(world, page):
            answer = client.get(url, headers=headers)
            found = needles.found_in(f"{answer.text}\n{answer.headers}", sent)
            lines.append((page, name, answer.status_code, len(found)))
    proof.tabulate(
        "the same with the session of A's admin: plain, naming B in parameters, in headers and cookies, and in the "
        "path. Bodies and headers are searched for B's markers, ids, hashes and key",
        ("page", "request", "status", "found of B"),
        lines,
        expect=(
            rows(at_least=40),
            every("status", at_least=200, at_most=499),
            every("found of B", 0),
        ),
    )


def _namings(
    world: World, page: Route
) -> Iterator[tuple[str, str, dict[str, str], tuple[str, ...]]]:
    b, session = str(world.b), _cookie(world.cookies[0])
    named = {
        "X-Tenant-Id": b,
        "X-Tenant": b,
        "X-Forwarded-User": f"admin@{PLAN_B.word}.example.com",
    }
    cookies = {"Cookie": f"{session['Cookie']}; tenant={b}; tenant_id={b}"}
    yield "plain", page.url(), session, ()
    yield "?tenant=B", f"{page.url()}?tenant={b}&tenant_id={b}", session, (b,)
    yield "B in headers", page.url(), {**named, **cookies}, (b,)
    order = f"{PLAN_B.word}-order"
    yield "B's order in the path", page.url(order).replace("/any", f"/{order}"), session, (order,)


def _prove_forms(proof: Proof, client: httpx2.Client, pages: list[Route]) -> None:
    session = _cookie(proof.world.cookies[0])
    with proof.world.connect(proof.world.a) as connection:
        before = connection.execute(_PEOPLE).fetchall()
        lines = [
            (
                page,
                number,
                _outcome(
                    client.post(page.url(), headers=session | foreign, data={"role": "admin"})
                ),
            )
            for page in pages
            for number, foreign in enumerate(_FOREIGN)
        ]
        after = connection.execute(_PEOPLE).fetchall()
    proof.tabulate(
        "every form of a page, with the session of A's admin, as another site or an unknown one would send it",
        ("page", "headers", "answer"),
        lines,
        expect=(rows(at_least=40), every("answer", "403 form_foreign")),
    )
    proof.read("what the forms have changed of A", str(before != after), expect=equals("False"))


def _prove_switching(proof: Proof, client: httpx2.Client) -> None:
    world = proof.world
    session = _cookie(world.cookies[0])
    seen = "the members that A's admin sees"
    for name, expected in (
        (seen, reads(f"<text>admin@{PLAN_A.word}.example.com<text>")),
        ("", same_as(seen)),
    ):
        page = client.get("/settings/members", headers=session).text
        proof.read(
            "as A's admin: /settings/members" + ("" if name else " after B was chosen"),
            " ".join(line for line in page.splitlines() if "@" in line),
            expect=expected,
            name=name,
        )
        if name:
            answer = client.post(
                "/tenants", headers=session | OWN_FORM, data={"tenant": str(world.b)}
            )
            proof.read(
                "as A's admin: POST /tenants with B's id, its status and where it leads, and whether it gives a cookie",
                f"{answer.status_code} {answer.headers.get('location')} {'set-cookie' in answer.headers}",
                expect=equals("303 /tenants False"),
            )


_PEOPLE: Final = """
    SELECT (SELECT array_agg(m::text ORDER BY m) FROM public.memberships m),
           (SELECT array_agg(i::text ORDER BY i) FROM public.invitations i),
           (SELECT array_agg(l::text ORDER BY l) FROM public.audit_log l)"""


def _cookie(token: str) -> dict[str, str]:
    return {"Cookie": f"skeldir={token}"}


def _data(page: Route) -> dict[str, str] | None:
    return None if page.method == "GET" else {}


def _outcome(answer: httpx2.Response) -> str:
    where = answer.headers.get("location", "").partition("?")[0]
    if answer.status_code == httpx2.codes.SEE_OTHER:
        return _SIGN_IN if where == "/sign-in" else f"led to {where}"
    _, _, rest = answer.text.partition("<code>")
    return f"{answer.status_code} {rest.partition('</code>')[0]}".rstrip()


CHECKS: Final = (
    Check(
        "ISOLATION/pages",
        "Every page leads whoever has no session to the sign-in, except a list of those that show nothing of a tenant; "
        "a session shows its tenant alone, and no form of another site is taken.",
        _prove_pages,
    ),
)
