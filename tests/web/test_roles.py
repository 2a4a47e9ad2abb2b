"""Who may see which page: every page of the application states its need, and each kind of person is held to it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

import httpx2
import psycopg
import pytest
from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from skeldir.app import create_app
from skeldir.db.pool import Database
from skeldir.ingest import add_channels, add_hosts
from skeldir.tenants import issue_key
from skeldir.users import Role, invite, list_invitations, list_members, use_link
from skeldir.web.access import (
    NEEDS,
    Needs,
    SignedIn,
    ViewerPage,
    require_session,
    require_session_of_form,
)
from skeldir.web.answers import PageRoute
from skeldir.web.forms import read_form
from skeldir.web.routes import routers
from tests.conftest import Clone
from tests.support.api import asking
from tests.support.make import make_tenant
from tests.support.people import begin, cookie_of, make_link, sign_in
from tests.support.sites import FOREIGN, OWN

# Whoever is not signed in may see these: how to sign in, and an invitation or a report by its token.
FOR_ANYBODY = {
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/sign-in/{token}"),
    ("POST", "/sign-in/{token}"),
    ("GET", "/invitations/{token}"),
    ("POST", "/invitations/{token}"),
    ("GET", "/shared/{token}"),
    ("POST", "/identity/sign-in"),
    ("GET", "/identity/callback"),
    ("POST", "/passkeys/sign-in"),
    ("POST", "/passkeys/sign-in/options"),
}
# What is no page: the way to the first one, and files with nothing of a tenant.
NO_PAGE = {"/", "/static/{name}"}
# What stands in the place of a parameter of a path; `x` for any other.
PLACES = {"token": "x" * 43}
OTHER_METHODS = ("HEAD", "PUT", "DELETE")
# Where these lead whoever may send them, with nothing in them.
LEAD_THERE = {("POST", "/sign-out"): "led to /sign-in", ("POST", "/tenants"): "led to /tenants"}
MARKER = "of-a-alone"
# What the tables of people, and of tenants' members, say of A and its admin.
WRITTEN = """
    SELECT (SELECT array_agg(m::text ORDER BY m) FROM memberships m WHERE tenant_id = %(a)s),
           (SELECT array_agg(i::text ORDER BY i) FROM invitations i WHERE tenant_id = %(a)s),
           (SELECT array_agg(l::text ORDER BY l) FROM audit_log l WHERE tenant_id = %(a)s),
           (SELECT array_agg(k::text ORDER BY k) FROM api_keys k WHERE tenant_id = %(a)s),
           (SELECT array_agg(h::text ORDER BY h) FROM tenant_hosts h WHERE tenant_id = %(a)s),
           (SELECT array_agg(c::text ORDER BY c) FROM channels c WHERE tenant_id = %(a)s),
           (SELECT array_agg(u::text) FROM users u WHERE email LIKE %(whose)s),
           (SELECT array_agg((s.id, s.in_tenant, s.ended_at, s.token_sha256)::text ORDER BY s.id)
            FROM user_sessions s JOIN users u ON u.id = s.user_id WHERE u.email LIKE %(whose)s)"""


@dataclass(frozen=True)
class Page:
    """A method of a page, with what it needs of whoever asks: a role, being signed in, or nothing."""

    method: str
    path: str
    role: Role | None
    needs_session: bool
    checks_form: bool
    faults: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return re.sub(r"\{(\w+)[^}]*\}", lambda found: PLACES.get(found[1], "x"), self.path)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def calls_of(dependant: Dependant) -> Iterator[Callable[..., object]]:
    for inner in dependant.dependencies:
        if inner.call is not None:
            yield inner.call
        yield from calls_of(inner)


def pages_of(route: APIRoute) -> Iterator[Page]:
    calls = list(calls_of(route.dependant))
    needs = [NEEDS[call] for call in calls if call in NEEDS]
    for method in sorted(route.methods or ()):
        page = Page(
            method=method,
            path=route.path,
            role=max((each.role for each in needs), key=list(Role).index, default=None),
            needs_session=require_session in calls or require_session_of_form in calls,
            checks_form=require_session_of_form in calls or read_form in calls,
        )
        page.faults.extend(faults_of(page, needs))
        yield page


def faults_of(page: Page, needs: list[Needs]) -> Iterator[str]:
    if not page.needs_session and (page.method, page.path) not in FOR_ANYBODY:
        yield "it states no need: take ViewerPage, SignedIn or another of web/access.py"
    if page.method not in ("GET", "POST"):
        yield "pages are read by GET and changed by POST"
    if page.method == "POST" and not page.checks_form:
        yield "a form of another site could be sent to it: take Fields or a …Form"
    if page.method == "GET" and any(each.writes or each.tries for each in needs):
        yield "a page that is read opens a transaction that may write"
    if page.method == "POST" and any(not each.writes and not each.tries for each in needs):
        yield "a form opens a transaction that may not write"


def pages_of_the_app() -> list[Page]:
    return [
        page
        for context in iter_route_contexts(create_app().routes)
        if isinstance(context.original_route, PageRoute)
        for page in pages_of(context.original_route)
    ]


PAGES = pages_of_the_app()
IN_A_TENANT = [page for page in PAGES if page.role is not None]
FORMS = [page for page in PAGES if page.method == "POST"]


@pytest.fixture
async def browser(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with asking(clone.app_url) as (_, client):
        client.base_url = "http://localhost"
        yield client


def outcome_of(page: Page, answer: httpx2.Response) -> str:
    """Return what became of a request: where it was led, why it was refused, or `allowed`."""
    # A token that is unknown and a form that is empty are refused for what they are.
    assert answer.status_code < 500, (str(page), answer.text)
    path = answer.headers.get("location", "").partition("?")[0]
    if answer.status_code == 303 and path in ("/sign-in", "/tenants"):
        return f"led to {path}"
    refused = re.search(r"<code>(role_missing|form_foreign)</code>", answer.text)
    return refused[1] if refused is not None and answer.status_code == 403 else "allowed"


def expected(page: Page, who: Role | str) -> str:
    if not page.needs_session:
        return "allowed"
    if who == "nobody":
        return "led to /sign-in"
    if page.role is not None and who == "removed":
        return "led to /tenants"
    if page.role is not None and not Role(who).covers(page.role):
        return "role_missing"
    return LEAD_THERE.get((page.method, page.path), "allowed")


async def ask(
    browser: httpx2.AsyncClient,
    page: Page,
    session: dict[str, str],
    *,
    url: str | None = None,
    fields: dict[str, str] | None = None,
) -> httpx2.Response:
    """Send a request as a page of the site would, with the cookie of this session alone."""
    browser.cookies.clear()
    headers, data = session, None
    if page.method == "POST":
        headers, data = session | OWN, fields or {}
    return await browser.request(page.method, url or page.url, headers=headers, data=data)


def written(clone: Clone, tenant: UUID) -> object:
    with psycopg.connect(clone.superuser_url) as admin:
        return admin.execute(WRITTEN, {"a": tenant, "whose": f"%{MARKER}%"}).fetchone()


def test_every_page_states_what_it_needs() -> None:
    assert {str(page): page.faults for page in PAGES if page.faults} == {}
    assert len(PAGES) >= 14
    assert {(page.method, page.path) for page in PAGES} >= FOR_ANYBODY
    assert {page.role for page in PAGES} >= {None, Role.ADMIN}


def test_every_route_of_the_pages_is_a_page_or_one_of_two_that_show_nothing() -> None:
    of_web = {route.path for router in routers for route in router.routes}  # type: ignore[attr-defined]
    assert of_web - {page.path for page in PAGES} == NO_PAGE


@pytest.mark.parametrize(
    ("method", "takes", "fault"),
    [
        ("GET", "nothing", "states no need"),
        ("POST", "session", "form of another site"),
        ("POST", "reader", "may not write"),
        ("PUT", "session", "read by GET"),
    ],
)
def test_a_page_without_a_need_would_be_found(method: str, takes: str, fault: str) -> None:
    router = APIRouter(route_class=PageRoute)

    async def nothing(request: Request) -> Response:
        return Response(request.url.path)

    async def session(request: Request, signed_in: SignedIn) -> Response:
        return Response(f"{request.url.path}{signed_in}")

    async def reader(request: Request, page: ViewerPage) -> Response:
        return Response(f"{request.url.path}{page}")

    endpoints: dict[str, Callable[..., Awaitable[Response]]] = {
        "nothing": nothing,
        "session": session,
        "reader": reader,
    }
    router.add_api_route("/new", endpoints[takes], methods=[method])
    (route,) = router.routes
    assert isinstance(route, PageRoute)
    (page,) = pages_of(route)
    assert any(fault in each for each in page.faults)


@pytest.mark.parametrize("who", ["nobody", "removed", *Role])
async def test_each_page_is_for_whom_its_need_says(
    browser: httpx2.AsyncClient, clone: Clone, db: Database, tenant: UUID, who: Role | str
) -> None:
    role = who if isinstance(who, Role) else Role.ADMIN
    link = await make_link(clone, "ben@shop.example", tenant, role)
    async with db.unbound() as connection:
        user_id, _ = await use_link(connection, link.token)
    outcomes = {}
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        if who == "removed":
            admin.execute("DELETE FROM memberships")
        for page in PAGES:
            # One of its own for each page, since some forms end sessions.
            begun = await begin(db, user_id, tenant)
            assert begun is not None
            if who == "removed":
                # As one that was begun while its user was a member.
                admin.execute("UPDATE user_sessions SET in_tenant = %s", (tenant,))
            session = {} if who == "nobody" else cookie_of(begun.token)
            outcomes[str(page)] = outcome_of(page, await ask(browser, page, session))
    assert outcomes == {str(page): expected(page, who) for page in PAGES}


async def test_a_page_has_no_other_method(
    browser: httpx2.AsyncClient, clone: Clone, db: Database, tenant: UUID
) -> None:
    session = await sign_in(clone, db, "anna@shop.example", tenant, Role.ADMIN)
    known = {(page.method, page.path) for page in PAGES}
    for url, path in {page.url: page.path for page in PAGES}.items():
        for method in OTHER_METHODS:
            assert (method, path) not in known
            answer = await browser.request(method, url, headers=session | OWN)
            assert answer.status_code == 405, (method, path)


async def test_no_form_of_another_site_is_taken(
    browser: httpx2.AsyncClient, clone: Clone, db: Database, tenant: UUID
) -> None:
    session = await sign_in(clone, db, f"anna@{MARKER}.example", tenant, Role.ADMIN)
    before = written(clone, tenant)
    fields = {"email": "eve@evil.example", "role": "admin", "new": "x", "again": "x"}
    for page in FORMS:
        # Each form is tried by what browsers say of most attacks, and one by all there is.
        for foreign in FOREIGN if page.path == "/settings/members" else FOREIGN[:2]:
            answer = await browser.post(page.url, headers=session | foreign, data=fields)
            assert outcome_of(page, answer) == "form_foreign", (str(page), foreign)
    assert written(clone, tenant) == before


async def test_a_member_of_another_tenant_sees_nothing_and_changes_nothing(
    browser: httpx2.AsyncClient, clone: Clone, db: Database, other_tenant: UUID
) -> None:
    tenant = await make_tenant(db, f"Shop {MARKER}")
    anna = await sign_in(clone, db, f"anna@{MARKER}.example", tenant, Role.ADMIN)
    link = await make_link(clone, "eve@evil.example", other_tenant, Role.ADMIN)
    async with db.unbound() as connection:
        eve, _ = await use_link(connection, link.token)
    async with db.tenant(tenant) as connection:
        await invite(connection, tenant, f"ben@{MARKER}.example", Role.ADMIN, by=MARKER)
        key = await issue_key(connection, tenant, name=MARKER, scopes=["read"], expires_at=None)
        await add_channels(connection, tenant, {MARKER.replace("-", "_"): f"Channel {MARKER}"})
        await add_hosts(connection, tenant, [f"{MARKER}.example"], "own")
        (member,) = await list_members(connection, tenant)
        (invitation,) = await list_invitations(connection, tenant)
    ids = [str(each) for each in (tenant, member.user_id, invitation.invitation_id, key.key_id)]
    before = written(clone, tenant)
    # Whoever may see it finds it, so the same search would find it if it were shown to others.
    seen = [
        page
        for page in IN_A_TENANT
        if page.method == "GET" and MARKER in (await ask(browser, page, anna)).text
    ]
    assert "/settings/members" in {page.path for page in seen}
    assert len(seen) >= len({page.path for page in IN_A_TENANT if page.method == "GET"}) // 2
    assert written(clone, tenant) == before
    of_tenant, of_member, of_invitation, of_key = ids
    fields = {
        **dict.fromkeys(("tenant", "order", "host"), of_tenant),
        **dict.fromkeys(("user", "session"), of_member),
        **dict.fromkeys(("revoke", "invitation"), of_invitation),
        "key": of_key,
        "role": "viewer",
        "do": "remove",
    }
    for page in PAGES:
        begun = await begin(db, eve, other_tenant)
        assert begun is not None
        session = cookie_of(begun.token)
        session["Cookie"] += f"; tenant={tenant}; tenant_id={tenant}"
        # Most pages name nothing in their path.
        for one in ids if "{" in page.path else ids[:1]:
            url = page.url.replace("/x", f"/{one}") + f"?tenant={tenant}&tenant_id={tenant}"
            answer = await ask(browser, page, session, url=url, fields=fields)
            assert answer.status_code < 500, str(page)
            shown = answer.text.replace(one, "").replace(of_tenant, "")
            assert MARKER not in shown, str(page)
            assert [each for each in ids if each in shown] == [], str(page)
    assert written(clone, tenant) == before
