"""The page that shows the API's description, as a browser receives it."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import sha256
from html.parser import HTMLParser

import httpx2
import pytest

from skeldir.http.pages import render_description
from tests.conftest import Clone
from tests.http.test_edge import SAFE
from tests.http.test_openapi import CONTRACT, OPERATIONS
from tests.support.api import asking

pytestmark = pytest.mark.shares_clone

VOID = {"meta", "br"}


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with asking(clone.app_url) as (_, client):
        yield client


class Page(HTMLParser):
    """The content of a page: elements, attributes, texts, and whether each element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.ids: set[str] = set()
        self.words = ""
        self.style = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.ids |= {value or "" for name, value in attrs if name == "id"}
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] == ["style"]:
            self.style += data
        else:
            self.words += data


async def test_the_page_names_every_operation_and_every_schema(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/docs")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    page = Page(answer.text)
    for method, path in OPERATIONS:
        assert f"{method.upper()} {path}" in page.words
    assert set(CONTRACT["components"]["schemas"]) <= page.ids
    for operation in OPERATIONS.values():
        assert operation["summary"] in page.words
        assert all(parameter["name"] in page.words for parameter in operation["parameters"])
    assert "visitor-5532" in page.words, "the examples are shown"


async def test_no_page_runs_anything_or_names_a_foreign_host(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/docs")
    page = Page(answer.text)
    assert page.tags.isdisjoint(
        {"script", "link", "iframe", "img", "object", "embed", "form", "base"}
    )
    for name, value in page.attributes:
        assert not name.startswith("on")
        if name in ("href", "src", "action"):
            assert re.fullmatch(r"/openapi\.json|#\w+", value), value
            assert value == "/openapi.json" or value[1:] in page.ids
    assert "url(" not in page.style
    assert "@import" not in page.style


async def test_the_policy_of_the_page_lets_its_own_style_through_and_nothing_else(
    client: httpx2.AsyncClient,
) -> None:
    answer = await client.get("/docs")
    (policy,) = answer.headers.get_list("content-security-policy")
    digest = b64encode(sha256(Page(answer.text).style.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    others = {name: value for name, value in SAFE.items() if name != "content-security-policy"}
    assert others.items() <= dict(answer.headers).items()


@pytest.mark.parametrize("path", ["/redoc", "/docs/oauth2-redirect", "/docs/"])
async def test_the_pages_of_the_framework_are_gone(client: httpx2.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_the_description_is_made_once(client: httpx2.AsyncClient) -> None:
    first, second = [await client.get("/openapi.json") for _ in range(2)]
    assert first.content == second.content
    assert (await client.head("/openapi.json")).headers["content-length"] == str(len(first.content))


def test_a_description_is_shown_as_text_and_not_as_markup() -> None:
    nasty = "</td><script>alert('x')</script>\"&"
    document = {
        "info": {"title": nasty, "version": nasty, "summary": nasty},
        "paths": {
            f"/{nasty}": {
                "get": {
                    "operationId": nasty,
                    "summary": nasty,
                    "description": nasty,
                    "parameters": [
                        {"name": nasty, "in": nasty, "schema": {"enum": [nasty]}, "description": nasty}
                    ],
                    "responses": {"200": {"description": nasty, "content": {nasty: {"schema": {"const": nasty}}}}},
                }
            }
        },
        "components": {
            "schemas": {
                nasty: {
                    "description": nasty,
                    "properties": {nasty: {"type": nasty, "format": nasty, "description": nasty}},
                    "examples": [{nasty: nasty}],
                }
            }
        },
    }  # fmt: skip
    page = Page(render_description(document))
    assert "script" not in page.tags
    assert page.words.count(nasty) >= 15
