"""What members did: names where the log keeps ids, each linked to what it names."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from uuid import UUID

import httpx2
import pytest

from skeldir.db.pool import Database
from skeldir.notices import add_destination, remove_destination
from skeldir.spend import list_loads
from skeldir.users import Role, note_action
from tests.conftest import Clone
from tests.support.pages import signed_in
from tests.support.reconciling import ask, claim, claims

MEMBERS = "/settings/members"
FILE = "ab" * 32


@pytest.fixture
async def browser(clone: Clone, tenant: UUID) -> AsyncIterator[httpx2.AsyncClient]:
    async with signed_in(clone, tenant, Role.ADMIN) as client:
        yield client


async def read_log(browser: httpx2.AsyncClient) -> list[tuple[str, str, str]]:
    """Return each action with its text and where it leads, the newest first."""
    text = (await browser.get(MEMBERS)).text.partition("What members did")[2]
    rows = re.findall(r"<td><code>([^<]*)</code></td><td>(?:<a href=\"([^\"]*)\">)?([^<]*)", text)
    return [
        (action, unescape(what).replace("\N{NO-BREAK SPACE}", " "), href)
        for action, href, what in rows
    ]


async def note(db: Database, tenant: UUID, action: str, subject: str) -> None:
    async with db.tenant(tenant) as connection:
        await note_action(connection, tenant, "mia@shop.example", action, subject)


async def import_file(db: Database, tenant: UUID, name: str) -> None:
    async with db.tenant(tenant) as connection:
        await connection.execute(
            """INSERT INTO imports (tenant_id, fingerprint, file_name, rows_done, touches_accepted, touches_duplicate,
                                    conversions_accepted, conversions_duplicate, rejected, is_complete)
               VALUES ($1, $2, $3, 1, 1, 0, 0, 0, 0, true)""",
            tenant,
            FILE,
            name,
        )


async def test_the_log_names_files_comparisons_loads_and_destinations(
    browser: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    await import_file(db, tenant, "june <orders>.csv")
    await claims(db, tenant, claim("meta", "1", 7))
    compared = await ask(db, tenant, platform="meta")
    async with db.tenant(tenant) as connection:
        (load,) = await list_loads(connection, tenant)
        made = await add_destination(
            connection, tenant, kind="email", address="cfo@shop.example", language="en",
            gets_digest=True, gets_alerts=False, made_by="mia@shop.example",
        )  # fmt: skip
    await note(db, tenant, "import.begun", FILE)
    await note(db, tenant, "reconciliation.request", str(compared))
    await note(db, tenant, "spend.withdraw", f"{load.id}: 3 days")
    await note(db, tenant, "models.set", "linear@2")
    log = await read_log(browser)
    assert log[:5] == [
        ("models.set", "linear@2", ""),
        ("spend.withdraw", f"{load.source}: 3 days", "/spend/recorded"),
        (
            "reconciliation.request",
            "1 Mar 2026 to 10 Mar 2026",
            f"/spend/comparisons/{compared}",
        ),
        ("import.begun", "june <orders>.csv", f"/imports/{FILE}"),
        ("notices.add", "email cfo@shop.example", "/settings/notices"),
    ]
    async with db.tenant(tenant) as connection:
        await remove_destination(connection, tenant, made.id, by="mia@shop.example")
    # The address of a destination that was removed is forgotten.
    assert (await read_log(browser))[0] == ("notices.remove", f"email {made.id}", "")


async def test_the_log_names_nothing_of_another_tenant(
    browser: httpx2.AsyncClient, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await import_file(db, other_tenant, "theirs.csv")
    await claims(db, other_tenant, claim("meta", "1", 7))
    compared = await ask(db, other_tenant, platform="meta")
    await note(db, tenant, "import.begun", FILE)
    await note(db, tenant, "reconciliation.request", str(compared))
    assert (await read_log(browser))[:2] == [
        ("reconciliation.request", str(compared), ""),
        ("import.begun", FILE, ""),
    ]
