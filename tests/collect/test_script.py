"""The collector's script as it is served: small, current, and for pages of any origin."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator
from hashlib import sha256

import httpx2
import pytest
from fastapi import FastAPI

from skeldir.collect.script_routes import router
from skeldir.collect.scripts import FOLDER, SOURCE, current_script, load_scripts, read_record
from skeldir.http import Api
from skeldir.ingest.channels import CLICK_ID_KINDS
from tests.support.minifying import GUIDE, MOST_BYTES, with_current_script


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    app: FastAPI = Api(title="scripts")
    app.state.receive_timeout_s = 5.0
    app.include_router(router)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://collector") as opened:
        yield opened


def test_the_script_is_small_and_made_of_its_source() -> None:
    content = current_script().content
    assert len(gzip.compress(content, 9)) <= MOST_BYTES
    source = sha256(SOURCE.read_bytes()).hexdigest()
    assert read_record()[-1].source == source, "run `make collector`"
    files = {file.name for file in FOLDER.glob("v1.*.js")}
    assert files == load_scripts().keys() - {"v1.js"}
    for one in read_record():
        name = f"v1.{one.digest[:12]}.js"
        assert sha256(load_scripts()[name].content).hexdigest() == one.digest


def test_the_script_finds_every_kind_of_click_id_that_the_server_knows() -> None:
    (pattern,) = re.findall(r"^    /(\^.*)/;$", SOURCE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {kind for kind in CLICK_ID_KINDS if not re.search(pattern, kind)} == set()
    assert [name for name in ("email", "order_id", "uid") if re.search(pattern, name)] == []


def test_the_guide_names_the_current_script_with_its_digest() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    assert current_script().integrity in guide
    assert guide == with_current_script(guide), "run `make collector`"


async def test_any_page_may_load_the_script_and_check_it(client: httpx2.AsyncClient) -> None:
    script = current_script()
    for path, lasts in (("/c/v1.js", "max-age=3600"), (script.path, "immutable")):
        for accepted, encoding in (("gzip", "gzip"), ("identity", None)):
            answer = await client.get(
                path, headers={"Accept-Encoding": accepted, "Origin": "https://shop.example"}
            )
            assert (answer.status_code, answer.content) == (200, script.content)
            headers = answer.headers
            assert headers.get("content-encoding") == encoding
            assert headers["content-type"] == "text/javascript; charset=utf-8"
            assert headers["access-control-allow-origin"] == "*"
            assert headers["cross-origin-resource-policy"] == "cross-origin"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["vary"] == "Accept-Encoding"
            assert lasts in headers["cache-control"]
            assert "set-cookie" not in headers
            known = {"Accept-Encoding": accepted, "If-None-Match": f'"other", {headers["etag"]}'}
            again = await client.get(path, headers=known)
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == headers["etag"]
    assert (await client.head("/c/v1.js")).status_code == 200


async def test_a_script_that_never_was_is_not_found(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/c/v1.000000000000.js")
    assert (answer.status_code, answer.json()["code"]) == (404, "script_unknown")
