"""`webhooks send`, `listen` and `backfill`: samples are signed, sent and shown with what they booked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from typer.testing import CliRunner, Result

from skeldir.cli import app as commands
from skeldir.db.pool import Database
from skeldir.errors import InputInvalid
from skeldir.inbox.endpoints import EndpointOptions, EndpointUnknown, NewEndpoint
from skeldir.inbox.export_files import ExportForeign
from skeldir.inbox.saying import EndpointProvider
from skeldir.inbox.signing import SigningImpossible
from skeldir.inbox.trying import DeliveryNotSent
from tests.conftest import Clone
from tests.support.api import serving_on_loopback
from tests.support.command import run
from tests.support.inbox import inbox_of, make_endpoint
from tests.support.webhook_commands import standing
from tests.support.webhooks import SECRETS


@dataclass(frozen=True)
class Served:
    """The API on a port of the loopback, and the tenant whose endpoints are made."""

    port: int
    clone: Clone
    db: Database
    tenant: UUID

    async def make(self, provider: EndpointProvider, *, is_live: bool = False) -> NewEndpoint:
        shop = "sample.myshopify.com" if provider == "shopify" else ""
        options = EndpointOptions(provider, is_live, shop)
        return await make_endpoint(self.db, self.tenant, options, SECRETS[provider][0])

    async def address(self, provider: EndpointProvider, *, is_live: bool = False) -> str:
        made = await self.make(provider, is_live=is_live)
        return f"http://127.0.0.1:{self.port}/v1/webhooks/{provider}/{made.token}"

    async def run(self, *words: object) -> Result:
        return await asyncio.to_thread(
            CliRunner().invoke, commands, ["webhooks", *map(str, words)], env={"COLUMNS": "200"}
        )

    async def send(self, *words: object) -> Result:
        return await self.run("send", self.tenant, *words)


@pytest.fixture
async def served(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Served]:
    monkeypatch.setenv("DATABASE_URL", clone.app_url)
    async with inbox_of(clone, monkeypatch) as (app, _), serving_on_loopback(app) as port:
        yield Served(port, clone, db, tenant)


@pytest.mark.parametrize("provider", ["stripe", "shopify", "woocommerce", "standard"])
async def test_a_capture_and_its_refund_are_booked_and_shown(
    served: Served, provider: EndpointProvider
) -> None:
    address = await served.address(provider)
    for sample, shown in (("capture", "booked capture 12.40"), ("refund", "booked refund -3.10")):
        result = await served.send(address, sample, "--order", 7001, "--amount", "12.40")
        assert result.exit_code == 0, (result.output, result.exception)
        assert "answered 200" in result.output
        assert shown in result.output
    assert standing(served.clone, served.tenant) == [
        ("7001", "capture", 1240, "EUR"),
        ("7001", "refund", -310, "EUR"),
    ]


async def test_what_is_not_understood_is_said_in_words(served: Served) -> None:
    result = await served.send(await served.address("stripe"), "thin")
    assert "dead" in result.output
    assert "thin_event: " in result.output
    assert standing(served.clone, served.tenant) == []


async def test_a_live_endpoint_needs_a_yes_and_gets_a_live_sample(served: Served) -> None:
    address = await served.address("stripe", is_live=True)
    refused = await served.send(address, "capture")
    assert isinstance(refused.exception, InputInvalid)
    assert "real money" in str(refused.exception)
    assert standing(served.clone, served.tenant) == []
    result = await served.send(address, "capture", "--yes", "--order", "L1")
    assert "booked capture 40.00 EUR" in result.output
    assert standing(served.clone, served.tenant) == [("L1", "capture", 4000, "EUR")]


async def test_a_body_of_a_file_is_sent_as_it_is(served: Served, tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    data = {"payment_id": "p", "order_id": "F1", "amount": "1.00", "currency": "USD"}
    text = {"type": "payment.captured", "timestamp": "2026-11-02T10:00:00Z", "data": data}
    body.write_text(json.dumps(text, indent=3), encoding="utf-8")
    result = await served.send(await served.address("standard"), body)
    assert "booked capture 1.00 USD" in result.output


async def test_options_that_a_file_would_ignore_are_refused(served: Served, tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text('{"type": "payment.captured"}', encoding="utf-8")
    address = await served.address("standard")
    for name, value in (("order", "1"), ("journey", "j"), ("amount", "40"), ("currency", "EUR")):
        refused = (await served.send(address, body, f"--{name}", value)).exception
        assert isinstance(refused, InputInvalid), name
        assert f"--{name} would change nothing" in str(refused)
    with psycopg.connect(served.clone.superuser_url) as admin:
        assert admin.execute("SELECT count(*) FROM webhook_deliveries").fetchone() == (0,)


async def test_an_address_of_another_tenant_and_one_where_nothing_answers_are_refused(
    served: Served, other_tenant: UUID
) -> None:
    address = await served.address("standard")
    foreign = await served.run("send", other_tenant, address, "capture")
    assert isinstance(foreign.exception, EndpointUnknown)
    dead = address.replace(f":{served.port}/", ":9/")
    assert isinstance((await served.send(dead, "capture")).exception, DeliveryNotSent)
    no_address = await served.send("http://127.0.0.1/", "capture")
    assert isinstance(no_address.exception, InputInvalid)
    assert standing(served.clone, served.tenant) == []


async def test_only_paypal_can_sign_as_paypal(served: Served) -> None:
    result = await served.send(await served.address("paypal"), "capture")
    assert isinstance(result.exception, SigningImpossible)
    listed = await served.run("send", "--list", "paypal")
    assert "capture" in listed.output
    assert "sandbox" in listed.output


async def test_listen_shows_deliveries_as_they_come_and_ends_after_a_number(
    served: Served,
) -> None:
    shop = await served.address("woocommerce")
    address = await served.address("standard")
    words = ("webhooks", "listen", str(served.tenant), "--provider", "standard", "--once", "2")
    listening = asyncio.create_task(asyncio.to_thread(run, served.clone.app_url, *words))
    number = 0
    while not listening.done():
        number += 1
        await served.send(shop, "capture", "--order", 9000 + number)
        await served.send(address, "capture", "--order", number, "--amount", "9.99")
    shown = await listening
    assert shown.count("standard  payment.captured  recorded") == 2
    assert shown.count("booked capture 9.99 EUR") == 2
    assert "woocommerce" not in shown


async def test_backfill_reports_what_a_file_closed_and_what_was_not_understood(
    served: Served, tmp_path: Path
) -> None:
    endpoint = await served.make("standard")
    address = f"http://127.0.0.1:{served.port}/v1/webhooks/standard/{endpoint.token}"
    await served.send(address, "capture", "--order", "B1", "--amount", "5")
    at = "2026-11-02T10:00:00Z"
    known = {"payment_id": "pay_B1", "order_id": "B1", "amount": "5.00", "currency": "EUR"}
    lost = {**known, "payment_id": "pay_B2", "order_id": "B2"}
    bodies = [
        {"type": "payment.captured", "timestamp": at, "data": data}
        for data in (known, lost, {**lost, "payment_id": "pay_B3", "currency": "?"})
    ]
    file = tmp_path / "bodies.ndjson"
    file.write_text("\n".join(map(json.dumps, bodies)), encoding="utf-8")
    result = await served.run("backfill", served.tenant, endpoint.id, file)
    assert result.exit_code == 3, (result.output, result.exception)
    assert "3 objects read" in result.output
    assert "2 recorded, 0 repeated, 0 ignored, 1 dead." in result.output
    assert "1 times currency_unknown: " in result.output
    again = await served.run("backfill", served.tenant, endpoint.id, file)
    assert "0 recorded, 3 repeated" in again.output
    assert standing(served.clone, served.tenant) == [
        ("B1", "capture", 500, "EUR"),
        ("B2", "capture", 500, "EUR"),
    ]


async def test_a_file_that_closes_no_gap_is_refused_or_reported_with_what_to_do(
    served: Served, tmp_path: Path
) -> None:
    file = tmp_path / "orders.json"
    order = {"id": 5, "financial_status": "paid", "total_price": "2.00", "currency": "EUR"}
    file.write_text(json.dumps({"orders": [order]}), encoding="utf-8")
    shop = await served.make("shopify")
    lacking = await served.run("backfill", served.tenant, shop.id, file)
    assert lacking.exit_code == 3, (lacking.output, lacking.exception)
    assert "transactions_missing (1): Paid orders came without their transactions" in lacking.output
    assert "orders/ID/transactions.json" in lacking.output
    gateway = await served.make("stripe")
    foreign = await served.run("backfill", served.tenant, gateway.id, file)
    assert isinstance(foreign.exception, ExportForeign)
    assert foreign.exception.code == "export_foreign"
