"""Errors on pages: unknown addresses are shown as pages, and sentences are in the language of the page."""

from __future__ import annotations

import ast
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import httpx2
import psycopg
import pytest

import skeldir
from skeldir.db.pool import Database
from skeldir.users import Role
from skeldir.web import LOCALES, phrases_for, read_texts
from skeldir.web.faults import Wording, word
from tests.conftest import Clone
from tests.support.api import asking
from tests.support.people import sign_in
from tests.support.sites import FOREIGN

BROWSER = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
    "Sec-Fetch-Site": "none",
}
ROOMS = ("web", "users")
# Some of their errors are shown by a page.
SHOWN_TOO = ("notices", "tenants", "ingest", "fits", "collect")
# Errors of settings, which stop the program before there is a page; and what no browser shows.
ON_NO_PAGE = {"ConfigurationInvalid", "AssetUnknown", "send_page"}
# Sentences with what a text may not have.
LEFT_OUT = {'Write them as in a mapping, texts in double quotes: kinds."Sale" = "capture"'}


@pytest.fixture
async def browser(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with asking(clone.app_url) as (_, client):
        client.base_url = "http://localhost"
        yield client


async def test_an_unknown_address_is_a_page_in_a_browser_and_a_problem_elsewhere(
    browser: httpx2.AsyncClient,
) -> None:
    shown = await browser.get("/nowhere", headers=BROWSER)
    assert shown.status_code == 404
    assert shown.headers["Content-Type"] == "text/html; charset=utf-8"
    assert shown.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert 'href="/sign-in"' in shown.text
    assert "There is no page at this address." in shown.text
    assert "<code>not_found</code>" in shown.text
    for path, headers in (
        ("/nowhere", {}),
        ("/nowhere", {"Accept": "*/*"}),
        ("/nowhere", {"Accept": "text/html;q=0, application/json"}),
        ("/nowhere", BROWSER | {"Host": "evil.example"}),
        ("/v1", BROWSER),
        ("/v1/nowhere", BROWSER),
        ("http://localhost//v1/nowhere", BROWSER),
        ("/static/a/b", BROWSER),
    ):
        answer = await browser.get(path, headers=headers)
        assert answer.status_code == 404, path
        assert answer.json()["code"] == "not_found", (path, headers)
    for method in ("POST", "PUT", "DELETE"):
        answer = await browser.request(method, "/nowhere", headers=BROWSER)
        assert answer.json()["code"] == "not_found", method
    assert (await browser.head("/nowhere", headers=BROWSER)).status_code == 404


async def test_an_address_of_forms_says_so_and_which_methods_it_takes(
    browser: httpx2.AsyncClient,
) -> None:
    shown = await browser.get("/sign-out", headers=BROWSER)
    assert (shown.status_code, shown.headers["Allow"]) == (405, "POST")
    assert "<code>method_not_allowed</code>" in shown.text
    answer = await browser.get("/sign-out")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert answer.json()["code"] == "method_not_allowed"
    assert (await browser.put("/account", headers=BROWSER)).json()["status"] == 405


async def test_the_page_of_an_unknown_address_leads_to_no_other_site(
    browser: httpx2.AsyncClient,
) -> None:
    for path in (
        "http://localhost//evil.example/x",
        "/%5Cevil.example",
        "/x%22%3E%3Cscript%3Eevil",
        "/%0d%0aevil: x",
    ):
        shown = await browser.get(path, headers=BROWSER, follow_redirects=False)
        assert shown.status_code == 404, path
        assert "evil" not in shown.text.split("<main", 1)[1] + str(shown.headers), path


async def test_a_member_finds_the_pages_at_an_unknown_address_and_whoever_was_removed_does_not(
    browser: httpx2.AsyncClient, clone: Clone, db: Database, tenant: UUID
) -> None:
    member = await sign_in(clone, db, "anna@shop.example", tenant, Role.VIEWER)
    shown = await browser.get("/nowhere?lang=de", headers=BROWSER | member)
    assert 'href="/channels"' in shown.text
    assert "/settings/members" not in shown.text
    assert "Unter dieser Adresse gibt es keine Seite." in shown.text
    assert 'href="/sign-in"' not in shown.text
    with psycopg.connect(clone.superuser_url, autocommit=True) as operator:
        operator.execute("DELETE FROM memberships")
    shown = await browser.get("/nowhere?lang=fr", headers=BROWSER | member)
    assert 'href="/channels"' not in shown.text
    assert "pas de page à cette adresse." in shown.text


async def test_an_error_of_a_page_is_in_its_language_and_what_is_english_is_marked(
    browser: httpx2.AsyncClient,
) -> None:
    german = await browser.post("/sign-in?lang=de", headers=BROWSER | FOREIGN[1], data={})
    assert "Das Formular kam nicht von einer Seite dieser Website." in german.text
    assert "The form" not in german.text


def test_a_sentence_is_translated_with_what_it_names_and_else_marked_as_english() -> None:
    german = phrases_for(LOCALES["de"])
    assert word(german, "This is for members with the role admin, and yours is viewer.") == Wording(
        "Das ist für Mitglieder mit der Rolle admin, und Ihre ist viewer."
    )
    assert word(german, "The row has no amount.") == Wording("The row has no amount.", "en")
    assert word(phrases_for(LOCALES["en"]), "The row has no amount.").language is None


def test_every_sentence_that_pages_raise_is_translated() -> None:
    texts = read_texts("en").items()
    translated = {without_names(text) for name, text in texts if name.startswith("fault.")}
    nodes = list(nodes_of(ROOMS))
    raised = {text for node in nodes if isinstance(node, ast.Call) for text in sentences_of(node)}
    assert len(raised) > 100
    missing = sorted(raised - translated - LEFT_OUT)
    assert missing == [], "add these to errors.toml in texts/en, texts/de and texts/fr"
    in_source = {each for node in (*nodes, *nodes_of(SHOWN_TOO)) if (each := written_as(node))}
    stale = sorted(translated - in_source)
    assert stale == [], "nothing says this any more: remove it from errors.toml"


def nodes_of(rooms: tuple[str, ...]) -> Iterator[ast.AST]:
    for room in rooms:
        for file in sorted((Path(skeldir.__file__).parent / room).glob("*.py")):
            yield from ast.walk(ast.parse(file.read_text(encoding="utf-8")))


def sentences_of(call: ast.Call) -> Iterator[str]:
    """Yield what an error says, if the call makes one: the detail and the cure, as they are written in the program."""
    cures = [each.value for each in call.keywords if each.arg == "cure"]
    if cures and getattr(call.func, "id", "") not in ON_NO_PAGE:
        yield from filter(None, map(written_as, [*call.args[:1], *cures]))


def written_as(node: ast.AST) -> str | None:
    """Return the text of a string, with `{}` in the place of what is put into it."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        parts = node.values
        return "".join(str(p.value) if isinstance(p, ast.Constant) else "{}" for p in parts)
    return None


def without_names(text: str) -> str:
    return re.sub(r"\{\w+\}", "{}", text)
