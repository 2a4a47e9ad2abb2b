"""What happened on the days of a chart stands below it, on the day that it was in the tenant's zone, with a line."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from html import unescape
from uuid import UUID

import asyncpg
import httpx2
import pytest

from skeldir.attribution import ModelParameters, set_models
from skeldir.db.pool import Database
from skeldir.rollups import roll_up_dirty_days
from skeldir.users import Role
from tests.conftest import Clone
from tests.support.credit import credit_until_complete
from tests.support.make import at, make_conversion, make_tenant, send_conversions
from tests.support.pages import sign_in, signed_in
from tests.support.sites import OWN
from tests.support.zones import set_zone

DAYS = "from=2026-03-01&to=2026-03-10&currency=USD"
FACTS = """
WITH moved AS (
    UPDATE model_changes SET changed_at = '2026-03-02 23:30Z' WHERE tenant_id = $1 AND model = 'linear'
), before AS (
    UPDATE model_changes SET changed_at = '2026-02-01 12:00Z' WHERE tenant_id = $1 AND model <> 'linear'
), rules AS (
    INSERT INTO channel_rules (tenant_id, version, document, reason, written_by)
    VALUES ($1, 3, '', 'test', 'test') RETURNING version
), turns AS (
    INSERT INTO channel_rule_turns (tenant_id, turn, version, undoing_id, reason, requested_by, requested_at)
    SELECT $1, t.turn, t.version, gen_random_uuid(), 'test', 'test', t.at::timestamptz
    FROM (SELECT 1 AS turn, version, '2026-03-05 08:00Z' AS at FROM rules
          UNION ALL SELECT 2, NULL, '2026-03-05 09:00Z') t
)
INSERT INTO imports (tenant_id, fingerprint, file_name, rows_done, touches_accepted, touches_duplicate,
                     conversions_accepted, conversions_duplicate, rejected, is_complete, started_at)
SELECT $1, i.name, i.name || ' <b>.csv', 1, 0, 0, 1, 0, 0, true, i.at::timestamptz
FROM (VALUES ('aa', '2026-03-07 10:00Z'), ('bb', '2026-03-09 10:00Z'), ('cc', '2026-03-09 11:00Z'),
             ('dd', '2026-03-10 23:30Z')) i (name, at)
"""


@pytest.fixture
async def browser(clone: Clone, db: Database, tenant: UUID) -> AsyncIterator[httpx2.AsyncClient]:
    await send_conversions(
        db,
        tenant,
        *(make_conversion(order_id=f"o-{n}", occurred_at=at(n)) for n in range(9)),
    )
    async with db.tenant(tenant) as connection:
        await set_models(
            connection, tenant, {"linear": ModelParameters(20, None, None)}, changed_by="test"
        )
    await set_zone(db, tenant, "Europe/Berlin")
    await credit_until_complete(db, tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)
    operator = await asyncpg.connect(clone.superuser_url)
    try:
        await operator.execute("SET search_path = public")
        await operator.execute(FACTS, tenant)
    finally:
        await operator.close()
    async with signed_in(clone, tenant, Role.MANAGER) as client:
        yield client


def listed(page: str) -> list[tuple[str, str, str]]:
    found = re.findall(
        r'<li><time datetime="([\d-]+)">[^<]+</time> <a href="([^"]+)">(.*?)</a>', page
    )
    return [(day, href, unescape(text)) for day, href, text in found]


EXPECTED = [
    ("2026-03-09", "/imports", "2 imports"),
    ("2026-03-07", "/imports/aa", "Import of aa <b>.csv"),
    ("2026-03-05", "/rules", "Rules of channels: the common ones alone came into force"),
    ("2026-03-03", "/models", "Models changed: Linear"),
]


@pytest.mark.parametrize("path", ["/overview", "/channels/days"])
async def test_each_day_has_what_happened_on_it_and_a_line(
    browser: httpx2.AsyncClient, path: str
) -> None:
    page = await browser.get(f"{path}?{DAYS}")
    assert listed(page.text) == EXPECTED
    # Of the wide and of the narrow picture: a line for each of the days, and no other.
    lines = re.findall(r'<path d="([^"]+)" class="marked"/>', page.text)
    assert [line.count("M") for line in lines] == [4, 4]
    for data in re.findall(r'data-zoom="([^"]+)"', page.text):
        assert json.loads(unescape(data))["marked"] == sorted(day for day, _, _ in EXPECTED)
    other = await browser.get(f"{path}?from=2026-03-04&to=2026-03-06&currency=USD")
    assert [day for day, _, _ in listed(other.text)] == ["2026-03-05"]
    quiet = await browser.get(f"{path}?from=2026-03-04&to=2026-03-04&currency=USD")
    assert 'class="marked"' not in quiet.text
    assert listed(quiet.text) == []


@pytest.mark.parametrize(("language", "text"), [("de", "2 Importe"), ("fr", "2 imports")])
async def test_the_list_is_written_in_the_browsers_language(
    browser: httpx2.AsyncClient, language: str, text: str
) -> None:
    page = await browser.get(f"/overview?{DAYS}", headers={"Accept-Language": language})
    assert listed(page.text)[0][2] == text


async def test_nobody_else_learns_of_files_and_rules(
    browser: httpx2.AsyncClient, clone: Clone, db: Database
) -> None:
    fields = {"report": f"/overview?{DAYS}", "days": "7"}
    made = await browser.post("/shares", headers=OWN, data=fields)
    link = re.search(r"<code>http://localhost(/shared/[\w.-]+)</code>", made.text)
    assert link is not None
    shared = await browser.get(link[1])
    assert shared.status_code == 200
    other = await make_tenant(db, "B")
    await send_conversions(db, other, make_conversion())
    await roll_up_dirty_days(db, tenant_id=other)
    await sign_in(browser, clone, other, Role.ADMIN, "eve@other.example")
    foreign = await browser.get(f"/overview?{DAYS}")
    for page in (shared, foreign):
        assert "aa &lt;b&gt;.csv" not in page.text
        assert listed(page.text) == []
