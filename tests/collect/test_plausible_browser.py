"""Plausible's two libraries in Chromium: the page's own key and journey, and one touch for a landing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from uuid import UUID

import pytest

from skeldir.db.pool import Database
from skeldir.tenants import KeyTerms, issue_key
from tests.conftest import Clone
from tests.support.browsing import CHROMIUM, open_chromium
from tests.support.sdks import MODULES, MortalService, missing_package

pytestmark = pytest.mark.slow

TOUCHES = "SELECT source, campaign, landing_path FROM standing_touches ORDER BY source"
OLD = """
import Plausible from "/plausible-tracker/build/module/index.js";
const { trackPageview } = Plausible({ domain: "KEY", apiHost: "ADDRESS", trackLocalhost: true });
const options = { callback: () => { document.title = "sent"; }, props: { journey: "old" } };
trackPageview({}, options);
"""
NEW = """
import { init, track } from "/@plausible-analytics/tracker/plausible.js";
init({ domain: "KEY", endpoint: "ADDRESS/api/event", captureOnLocalhost: true, autoCapturePageviews: false,
       customProperties: { journey: "new" } });
track("pageview", { callback: (done) => { document.title = done.status === 202 ? "sent" : "refused"; } });
"""


@contextmanager
def shop() -> Iterator[tuple[str, Callable[[str], None]]]:
    """Serve the libraries, and one page at any other path; yield the origin, and how to set the page."""
    pages = [""]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0].lstrip("/")
            name = path if path.endswith(".js") else f"{path}.js"
            is_script = path.startswith(("plausible-tracker", "@plausible"))
            body = (MODULES / name).read_bytes() if is_script else pages[-1].encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript" if is_script else "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", pages.append
    finally:
        server.shutdown()
        server.server_close()


async def test_both_libraries_report_a_landing_with_the_journey_of_the_page(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    if reason := missing_package("plausible-tracker", "@plausible-analytics/tracker"):
        pytest.skip(reason)
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed")
    with MortalService(clone.app_url) as service:
        address = f"http://127.0.0.1:{service.port}"
        async with open_chromium() as browser:
            for source, script in (("old", OLD), ("new", NEW)):
                with shop() as (origin, show):
                    async with db.tenant(tenant) as connection:
                        key = await issue_key(
                            connection, tenant, name=source, scopes=["collect"], expires_at=None,
                            terms=KeyTerms(origins=frozenset({origin})),
                        )  # fmt: skip
                    code = script.replace("KEY", key.secret).replace("ADDRESS", address)
                    show(f"<title>shop</title><script type=module>{code}</script>")
                    page = await browser.new_page()
                    await page.goto(f"{origin}/shoes?utm_source={source}&utm_campaign=autumn")
                    await page.wait_for_function("document.title === 'sent'")
                    await page.close()
    async with db.tenant(tenant) as connection:
        rows = await connection.fetch(TOUCHES)
    assert [tuple(row) for row in rows] == [
        ("new", "autumn", "/shoes"),
        ("old", "autumn", "/shoes"),
    ]
