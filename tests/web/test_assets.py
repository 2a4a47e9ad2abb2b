"""Files of pages: only those that are listed, under names that change with their content."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator
from hashlib import sha256

import httpx2
import pytest
from fastapi import FastAPI

from skeldir.http import Api
from skeldir.web import load_assets, path_of_asset
from skeldir.web.assets import Asset
from skeldir.web.routes import router
from tests.support.vendoring import STATIC, read_record


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    app: FastAPI = Api(title="pages")
    app.state.receive_timeout_s = 5.0
    app.include_router(router)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://pages") as opened:
        yield opened


@pytest.mark.parametrize("asset", load_assets().values(), ids=lambda asset: asset.name)
async def test_every_file_is_sent_as_it_is_and_kept_forever(
    client: httpx2.AsyncClient, asset: Asset
) -> None:
    name = asset.name
    content = (STATIC / name).read_bytes()
    path = path_of_asset(name)
    assert path == f"/static/{sha256(content).hexdigest()[:12]}-{name}"
    for accepted in ("gzip, br", "identity", "gzip;q=0"):
        answer = await client.get(path, headers={"Accept-Encoding": accepted})
        assert (answer.status_code, answer.content) == (200, content)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["x-content-type-options"] == "nosniff"
        is_compressed = answer.headers.get("content-encoding") == "gzip"
        assert is_compressed == (accepted == "gzip, br" and len(content) >= 512)
    assert (await client.head(path)).headers["content-type"] == answer.headers["content-type"]


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("skeldir.css", "text/css; charset=utf-8"),
        ("htmx.min.js", "text/javascript; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ],
)
async def test_a_file_has_the_type_that_a_browser_demands(
    client: httpx2.AsyncClient, name: str, media_type: str
) -> None:
    assert (await client.get(path_of_asset(name))).headers["content-type"] == media_type


@pytest.mark.parametrize(
    "path",
    [
        "/static/skeldir.css",
        "/static/000000000000-skeldir.css",
        "/static/vendor.toml",
        "/static/../rendering.py",
        "/static/..%2frendering.py",
        "/static/%2e%2e/%2e%2e/settings.py",
        "/static//etc/passwd",
        "/static/",
    ],
)
async def test_nothing_else_can_be_asked_for(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] in ("asset_unknown", "not_found")


async def test_a_file_cannot_be_written(client: httpx2.AsyncClient) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert (await client.request(method, path_of_asset("skeldir.css"))).status_code == 405


def test_every_file_of_the_folder_is_served_but_the_record() -> None:
    assert {path.name for path in STATIC.iterdir()} - {"vendor.toml"} == {
        asset.name for asset in load_assets().values()
    }


def test_what_is_served_of_others_is_what_was_recorded() -> None:
    packages = read_record()
    assert {package["name"]: package["version"] for package in packages} == {
        "htmx.org": "4.0.1",
        "uplot": "1.6.32",
    }
    for package in packages:
        assert package["licence"] in ("0BSD", "MIT")
        assert any("licence" in file["name"] for file in package["file"])
        for file in package["file"]:
            content = (STATIC / file["name"]).read_bytes()
            assert sha256(content).hexdigest() == file["sha256"], "run `make vendor`"


def test_a_first_page_loads_less_than_sixty_kilobytes() -> None:
    loaded = [
        asset
        for asset in load_assets().values()
        if asset.name in ("skeldir.css", "htmx.min.js", "icon.svg")
    ]
    assert sum(len(asset.compressed or asset.content) for asset in loaded) < 25_000
    assert all(
        gzip.decompress(asset.compressed) == asset.content for asset in loaded if asset.compressed
    )


def test_the_style_sheet_loads_nothing_and_uses_only_tokens_that_there_are() -> None:
    style = (STATIC / "skeldir.css").read_text(encoding="utf-8")
    assert not re.search(r"url\(|@import|https?:|!important|expression\(", style)
    used = set(re.findall(r"var\((--[\w-]+)\)", style))
    assert used <= set(re.findall(r"(--[\w-]+):", style))
    assert style.count("{") == style.count("}")
