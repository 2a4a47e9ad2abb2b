"""A shop's pages with the collector's script, on hosts of their own, and a collector that notes what it gets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response

from skeldir.http import Api
from tests.support.api import serving_on_loopback

KEY = "skd_" + "A" * 43
# Browsers find every host below localhost on this machine.
SHOP, ADS, COLLECTOR = "shop.localhost", "www.ads.localhost", "collector.localhost"
# The policy of the API forbids scripts.
_POLICY = "default-src * 'unsafe-inline'"


@dataclass
class Site:
    """The pages on SHOP and ADS, and what came to the collector: a method, headers and the body."""

    script: bytes
    port: int = 0
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def page(self, path: str, consent: str = "", host: str = SHOP) -> str:
        """Return a page's address; `consent` is the attribute of the script in it."""
        before, hash_, fragment = path.partition("#")
        mark = "&" if "?" in before else "?"
        return f"http://{host}:{self.port}{before}{mark}attribute={consent}{hash_}{fragment}"

    def take(self) -> list[dict[str, Any]]:
        """Return the reports that came since the last call."""
        bodies = [orjson.loads(body) for _, _, body in self.requests]
        self.requests.clear()
        return bodies


@asynccontextmanager
async def open_site(script: bytes) -> AsyncIterator[Site]:
    """Serve the pages and the collector until the block ends."""
    site = Site(script)
    app = _make_app(site)
    async with serving_on_loopback(app) as site.port:
        yield site


def _make_app(site: Site) -> FastAPI:
    app = Api(title="shop")
    app.state.receive_timeout_s = 5.0

    @app.get("/c/v1.js")
    async def send_script() -> Response:
        return Response(site.script, media_type="text/javascript")

    @app.api_route("/c/v1", methods=["POST", "OPTIONS", "GET"])
    async def note(request: Request) -> Response:
        site.requests.append((request.method, dict(request.headers), await request.body()))
        origin = request.headers.get("origin", "")
        return Response(status_code=202, headers={"Access-Control-Allow-Origin": origin})

    @app.get("/{path:path}")
    async def show(request: Request, path: str) -> Response:
        consent = request.query_params.get("attribute", "")
        source = f"http://{COLLECTOR}:{site.port}/c/v1.js"
        tag = f'<script async src="{source}" data-key="{KEY}" data-consent="{consent}"></script>'
        shown = "" if path.startswith("ad") else tag
        # As a single-page app that tidies its address before anything else.
        tidying = "<script>history.replaceState({}, '', '/tidy')</script>" if path == "app" else ""
        page = f"<!doctype html><title>{path}</title>{tidying}{shown}"
        # One page gives no referrer away; its origin must be stated anyway.
        referrer = "no-referrer" if path == "shoes" else "strict-origin-when-cross-origin"
        headers = {"Content-Security-Policy": _POLICY, "Referrer-Policy": referrer}
        return Response(page, media_type="text/html", headers=headers)

    return app
