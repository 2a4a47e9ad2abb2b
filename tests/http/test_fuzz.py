"""Hundreds of unusual requests, generated from the committed description, sent to a real server.

Every answer must have a declared status, media type, headers and schema, and none may be a fault of ours.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from skeldir.db.pool import Database
from skeldir.tenants import issue_key
from tests.conftest import Clone
from tests.e2e.test_server import serving
from tests.http.test_openapi import DOCUMENT, OPERATIONS
from tests.support.command import SKELDIR
from tests.support.make import make_conversion, send_conversions
from tests.support.reading import settle
from tests.support.two_tenants import fill_two_tenants

SEED = "20260601"
EXAMPLES = "8"
ORDER_OF_THE_EXAMPLES = "991"
SETTINGS = """
warnings = false
[generation]
database = "none"
[[operations]]  # no worker runs, and the 503 that says so is declared
include-path = "/health/worker"
checks.not_a_server_error.expected-statuses = ["2xx", "4xx", "503"]
[[operations]]  # a bad item never sinks its batch, it is reported in a 200; too many items are a 413
include-path-regex = "/(touches|conversions|spend|claims)$"
checks.negative_data_rejection.expected-statuses = ["200", "400", "401", "413", "415"]
[[operations]]  # no schema says which currencies and days there are, and that rates do not contradict each other
include-path-regex = "/rates$"
checks.positive_data_acceptance.expected-statuses = ["200", "409", "422"]
[[operations]]  # no schema says which cursors were given out
include-path-regex = "/(rules(/turns)?|corrections(/[^/]+/revoke)?)$"
checks.positive_data_acceptance.expected-statuses = ["200", "403", "404", "422"]
[[operations]]  # no schema says which texts can be read as rules
include-path-regex = "/rules/(check|dry-run)$"
checks.positive_data_acceptance.expected-statuses = ["200", "422"]
[[operations]]  # no schema says that a range ends after it begins, which cursors were given out, or what is to come
include-path-regex = "/(changes|channels|kinds|origins|daily|dead-events|jobs|coverage|payments|realtime|lines)$"
checks.positive_data_acceptance.expected-statuses = ["200", "404", "422"]
[[operations]]  # nor which model versions, snapshots and pairs of options there are
include-path-regex = "/exports/[^/]+(/sums)?$"
checks.positive_data_acceptance.expected-statuses = ["200", "404", "422"]
[[operations]]  # links are signed, and made by a key of scope manage, which this one lacks
include-path-regex = "/(export-links/|exports/[^/]+/links)"
checks.positive_data_acceptance.expected-statuses = ["403", "422"]
[[operations]]  # one at a time, of what the tenant has, by a key of scope manage, which this one lacks
include-path-regex = "/(reconciliations|fits/requests)"
checks.positive_data_acceptance.expected-statuses = ["200", "403", "404", "409", "422"]
"""


def fuzz(base: str, secret: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Let schemathesis send the server at `base` all requests that it derives from the description."""
    settings = folder / "schemathesis.toml"
    settings.write_text(SETTINGS, encoding="utf-8")
    return subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings), "run", str(DOCUMENT),
            "--url", base, "--header", f"Authorization: Bearer {secret}", "--seed", SEED,
            "--max-examples", EXAMPLES, "--phases", "examples,coverage,fuzzing", "--no-shrink", "--no-color",
            "--continue-on-failure", "--checks", "all", "--request-timeout", "20",
        ],
        cwd=folder,
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.begins_early
async def test_no_request_gets_a_response_that_is_not_described(
    clone: Clone, db: Database, tmp_path: Path
) -> None:
    tenant, _ = await fill_two_tenants(db)
    await send_conversions(db, tenant, make_conversion(order_id=ORDER_OF_THE_EXAMPLES))
    await settle(db)
    async with db.tenant(tenant) as connection:
        key = await issue_key(
            connection, tenant, name="fuzz", scopes=["ingest", "read"], expires_at=None
        )
    environment = {"DATABASE_URL": clone.app_url, "SKELDIR_LOG_LEVEL": "warning"}
    with serving([*SKELDIR, "serve"], environment) as (_, base):
        done = await asyncio.to_thread(fuzz, base, key.secret, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    generated = re.search(r"(\d+) generated", done.stdout)
    assert generated is not None
    assert int(generated[1]) > 500, done.stdout
    assert f"Tested: {len(OPERATIONS)}\n" in done.stdout
