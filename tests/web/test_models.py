"""Models: what the API says of them, previewed by anybody in the tenant and changed by managers only."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from uuid import UUID

import httpx2
import psycopg
import pytest

from skeldir.db.pool import Database
from skeldir.users import Role
from skeldir.web import DASH, LANGUAGES
from tests.conftest import Clone
from tests.support.api import bearer
from tests.support.audited import settle
from tests.support.make import at, make_conversion, make_touch, send_conversions, send_touches
from tests.support.pages import read_tables, sign_in, signed_in
from tests.support.sites import OWN


@pytest.fixture
async def manager(clone: Clone, db: Database, tenant: UUID) -> AsyncIterator[httpx2.AsyncClient]:
    """A manager of a tenant with orders in currencies of two and no decimals, and touches 2 and 20 days before."""
    for days, channel in ((0, "email"), (18, "display")):
        await send_touches(
            db, tenant, make_touch(channel=channel, occurred_at=at(days)), origin=channel
        )
    await send_conversions(
        db,
        tenant,
        make_conversion(order_id="a", amount_cents=10_001, occurred_at=at(20)),
        make_conversion(order_id="b", amount_cents=26_401, currency="JPY", occurred_at=at(20)),
    )
    await settle(db, tenant)
    async with signed_in(clone, tenant, Role.MANAGER, "mia@shop.example") as client:
        yield client


async def send(client: httpx2.AsyncClient, model: str, **fields: str) -> httpx2.Response:
    return await client.post(f"/models/{model}", headers=OWN, data=fields)


async def test_a_preview_shows_what_the_api_says(
    manager: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    key = await bearer(db, tenant, "read")
    answer = await manager.post("/v1/models/linear/preview", headers=key, json={"lookback_days": 7})
    page = await manager.get("/models/linear?lookback_days=7")
    shown = read_tables(page.text)
    names = {"email": "E-mail", "display": "Display"}
    for row in answer.json()["channels"]:
        table = shown[f"preview-{row['currency']}"]
        (cells,) = [cells for cells in table.rows if cells[0] == names[row["channel"]]]
        numbers = [int(cell.replace(",", "").replace(".", "")) for cell in cells[1:4]]
        assert numbers == [
            row["credited_cents_now"], row["credited_cents_then"], row["difference_cents"],
        ]  # fmt: skip
    assert shown["preview-USD"].totals == ["Total", "100.01", "100.01", "0.00"]
    assert shown["preview-JPY"].totals == ["Total", "26,401", "26,401", "0"]
    file = await manager.get("/models/linear?lookback_days=7&download=preview-USD")
    rows = list(csv.reader(io.StringIO(file.text.removeprefix("\ufeff"))))
    assert rows[1:] == [*shown["preview-USD"].rows, shown["preview-USD"].totals]
    retiring = read_tables((await manager.get("/models/linear?do=retire")).text)
    assert retiring["preview-USD"].totals == ["Total", "100.01", "0.00", "-100.01"]
    same = await manager.get("/models/linear?lookback_days=30")
    assert "in force with these parameters already" in same.text


async def test_a_manager_sets_and_retires_a_model_and_the_log_says_who(
    manager: httpx2.AsyncClient, clone: Clone, db: Database, tenant: UUID
) -> None:
    done = await send(manager, "linear", lookback_days="7", after_conversion="reset")
    assert done.headers["location"] == "/models?done=set"
    again = await send(manager, "linear", lookback_days="7", after_conversion="reset")
    assert again.headers["location"] == "/models?done=nothing"
    done = await send(manager, "time_decay", do="retire")
    assert done.headers["location"] == "/models?done=retired"
    page = await manager.get("/models?done=retired")
    assert "orders await credit" in page.text
    shown = read_tables(page.text)
    models = {row[0]: row[1:] for row in shown["models"].rows}
    assert models["Linear"][0] == "linear@2"
    assert "up to 7 days" in models["Linear"][1]
    assert models["Linear"][3] == "mia@shop.example"
    assert models["Time decay"][0].startswith(DASH)
    answer = await manager.get("/v1/models", headers=await bearer(db, tenant, "read"))
    changes = answer.json()["changes"]
    assert [row[2] for row in shown["changes"].rows] == [one["changed_by"] for one in changes]
    assert [row[3:] for row in shown["changes"].rows[:2]] == [
        ["time_decay@1", "retired"],
        ["linear@1", "linear@2"],
    ]
    with psycopg.connect(clone.superuser_url) as admin:
        log = admin.execute(
            "SELECT actor, action, subject FROM audit_log WHERE action LIKE 'models.%' ORDER BY at"
        ).fetchall()
    assert log == [
        ("mia@shop.example", "models.set", "linear@2"),
        ("mia@shop.example", "models.retire", "time_decay"),
    ]


async def test_what_cannot_be_is_said_on_the_page(manager: httpx2.AsyncClient) -> None:
    for days in ("0", "4000", "x", "-1", "٣", "9" * 40):
        page = await manager.get("/models/linear", params={"lookback_days": days})
        assert "<code>model_version_invalid</code>" in page.text or (
            "<code>input_invalid</code>" in page.text
        ), days
        refused = await send(manager, "linear", lookback_days=days)
        assert refused.status_code == 422, days
    for model in ("<script>", "linear%00", "LINEAR", "linear@1"):
        page = await manager.get(f"/models/{model}")
        assert (page.status_code, "model_unknown" in page.text) == (422, True)
        assert "<script>&" not in page.text
    table = await manager.get("/models/linear?download=nothing")
    assert table.status_code == 404
    await send(manager, "linear", do="retire")
    retired = await manager.get("/models/linear?do=retire")
    assert "model_not_in_force" in retired.text


async def test_a_viewer_previews_and_another_tenant_sees_nothing(
    manager: httpx2.AsyncClient, clone: Clone, tenant: UUID, other_tenant: UUID
) -> None:
    await sign_in(manager, clone, tenant, Role.VIEWER, "ada@shop.example")
    page = await manager.get("/models/linear?lookback_days=7")
    assert "preview-USD" in read_tables(page.text)
    assert 'method="post" action="/models' not in page.text
    assert "role_missing" in (await send(manager, "linear", lookback_days="7")).text
    await sign_in(manager, clone, other_tenant, Role.MANAGER, "eve@other.example")
    theirs = await manager.get("/models/linear?lookback_days=7")
    assert [key for key in read_tables(theirs.text) if key.startswith("preview")] == []
    assert "No order is stored" in theirs.text
    foreign = await manager.post(
        "/models/linear", headers=OWN | {"Sec-Fetch-Site": "cross-site"}, data={"do": "retire"}
    )
    assert (foreign.status_code, "form_foreign" in foreign.text) == (403, True)
    manager.cookies.clear()
    led = await manager.get("/models/linear?lookback_days=7")
    assert led.headers["location"].startswith("/sign-in?next=%2Fmodels%2Flinear")


async def test_each_language_has_both_pages(manager: httpx2.AsyncClient) -> None:
    for tag in LANGUAGES:
        for path in (
            "/models?done=set",
            "/models/time_decay?half_life_days=1",
            "/models/linear?do=retire",
        ):
            page = await manager.get(f"{path}&lang={tag}")
            assert page.status_code == 200, page.text
            assert f'<html lang="{tag}"' in page.text
