"""The Python client and its examples, against a running service with two tenants."""

from __future__ import annotations

import asyncio
import csv
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime
from io import StringIO

import pytest

from skeldir.attribution import credit_dirty_orders
from skeldir.db.embedded import EmbeddedServer
from skeldir.db.pool import open_database
from skeldir.rollups import roll_up_dirty_days
from skeldir_client import Refused, connect, rows
from skeldir_client.api.attribution import get_channels, get_order
from skeldir_client.api.ingest import get_dead_events, post_conversions, post_touches
from skeldir_client.models.conversion_item import ConversionItem
from skeldir_client.models.touch_item import TouchItem
from tests.conftest import TEMPLATE, scratch_database
from tests.e2e.test_serving import Serving, serving
from tests.support.api import bearer
from tests.support.client_package import FOLDER
from tests.support.house import ROOT
from tests.support.make import make_tenant

sys.path.append(str(FOLDER / "examples"))


pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("client")]

DAY = datetime(2026, 6, 1, tzinfo=UTC)
# What each tenant's orders are worth; both have the same ids.
AMOUNTS = {"A": 10_000, "B": 3_333}


class Shop:
    """The running service, and a key of each tenant."""

    def __init__(self, running: Serving) -> None:
        self.url = f"http://127.0.0.1:{running.port}"
        self.database_url = running.clone.app_url
        self.keys: dict[str, str] = {}

    async def make_keys(self) -> None:
        async with open_database(self.database_url, pool_size=1, statement_timeout_ms=30_000) as db:
            for name in AMOUNTS:
                tenant = await make_tenant(db, name)
                header = await bearer(db, tenant, "ingest", "read")
                self.keys[name] = header["Authorization"].removeprefix("Bearer ")

    async def credit(self) -> None:
        async with open_database(self.database_url, pool_size=1, statement_timeout_ms=30_000) as db:
            await credit_dirty_orders(db)
            await roll_up_dirty_days(db)


@pytest.fixture(scope="module")
def shop(server: EmbeddedServer) -> Iterator[Shop]:
    """Two tenants, for each of whom the client sent two touches and two orders, one item of which was refused."""
    with scratch_database(server, template=TEMPLATE) as database, serving(database) as running:
        made = Shop(running)
        asyncio.run(made.make_keys())
        for name, cents in AMOUNTS.items():
            with connect(made.url, made.keys[name]) as client:
                receipt = post_touches.sync(client=client, body=touches())
                assert (receipt.accepted, receipt.rejected) == (2, [])
                receipt = post_conversions.sync(client=client, body=orders(cents))
                assert (receipt.accepted, receipt.rejected[0].code) == (2, "currency_unknown")
        asyncio.run(made.credit())
        yield made


def touches() -> list[TouchItem]:
    return [
        TouchItem(idempotency_key=f"t{n}", occurred_at=DAY, journey_key=f"v{n}", channel=channel)
        for n, channel in enumerate(("email", "paid_search"))
    ]


def orders(cents: int) -> list[ConversionItem]:
    return [
        ConversionItem(
            idempotency_key=f"c{n}",
            order_id=f"o{n}",
            kind="capture",
            amount_cents=cents + n,
            currency="EUR" if n < 2 else "XXQ",
            occurred_at=DAY.replace(hour=8),
            journey_key=f"v{n}",
        )
        for n in range(3)
    ]


@pytest.mark.parametrize("name", list(AMOUNTS))
def test_each_tenant_reads_its_own_money_page_by_page(shop: Shop, name: str) -> None:
    with connect(shop.url, shop.keys[name]) as client:
        read = [
            (row.currency, row.channel, row.models["linear"].credited_cents)
            for row in rows(get_channels.sync, client=client, limit=1, model=["linear"])
            if row.models["linear"].credited_cents
        ]
        assert read == [
            ("EUR", "email", AMOUNTS[name]),
            ("EUR", "paid_search", AMOUNTS[name] + 1),
        ]
        assert [one.code for one in rows(get_dead_events.sync, client=client, limit=1)] == [
            "currency_unknown"
        ]
        order = get_order.sync("o1", client=client)
        assert [entry.amount_cents for entry in order.entries] == [AMOUNTS[name] + 1]


def test_what_is_refused_has_the_code_and_the_cure_of_the_service(shop: Shop) -> None:
    with connect(shop.url, shop.keys["A"]) as client, pytest.raises(Refused) as caught:
        get_order.sync("o9", client=client)
    assert (caught.value.status, caught.value.code) == (404, "order_unknown")
    assert caught.value.cure
    assert caught.value.correlation_id
    with connect(shop.url, "skd_wrong_key") as client, pytest.raises(Refused) as caught:
        get_channels.sync(client=client)
    assert (caught.value.status, caught.value.code) == (401, "key_invalid")


async def test_coroutines_read_the_same(shop: Shop) -> None:
    async with connect(shop.url, shop.keys["B"]) as client:
        page = await get_channels.asyncio(client=client, model=["linear"])
    assert sum(row.models["linear"].credited_cents for row in page.data) == 2 * AMOUNTS["B"] + 1


def run_example(shop: Shop, name: str, example: str) -> list[dict[str, str]]:
    """Run an example as its user does; return the rows of the CSV that it prints."""
    done = subprocess.run(
        [sys.executable, FOLDER / "examples" / example],
        env=os.environ
        | {
            "SKELDIR_URL": shop.url,
            "SKELDIR_KEY": shop.keys[name],
            "PYTHONPATH": str(FOLDER / "src"),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return list(csv.DictReader(StringIO(done.stdout)))


@pytest.mark.parametrize("name", list(AMOUNTS))
def test_the_examples_show_the_money_of_the_tenant_to_the_cent(shop: Shop, name: str) -> None:
    total = 2 * AMOUNTS[name] + 1
    wide = {row.pop("channel"): row for row in run_example(shop, name, "pandas_channels.py")}
    assert wide["email"]["last_touch"] == str(AMOUNTS[name])
    models = set(wide["total"]) - {"currency"}
    assert {wide["total"][model] for model in models} == {str(total)}
    by_version: Counter[str] = Counter()
    for row in run_example(shop, name, "polars_channels.py"):
        assert (row["month"], row["currency"]) == ("2026-06-01", "EUR")
        by_version[row["model_version"]] += int(row["credited_cents"])
    assert dict(by_version) == {f"{model}@1": total for model in models}


def test_the_guide_does_what_it_shows(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKELDIR_URL", shop.url)
    monkeypatch.setenv("SKELDIR_KEY", shop.keys["A"])
    guide = (ROOT / "docs" / "client.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    printed = StringIO()
    with redirect_stdout(printed):
        for block in blocks:
            exec(block, {})  # noqa: S102 - our own document
    assert printed.getvalue().splitlines() == [
        f"2026-06-01 EUR email {AMOUNTS['A']}",
        f"2026-06-01 EUR paid_search {AMOUNTS['A'] + 1}",
        "1 []",
    ]
