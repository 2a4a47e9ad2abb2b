"""`skeldir privacy`: what is old is deleted now, and what leads to a person is erased, with a receipt."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner

from skeldir.cli import app
from skeldir.clock import utc_now
from skeldir.db.pool import open_database
from skeldir.errors import SkeldirError
from tests.conftest import Clone
from tests.support.make import (
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)


def run(*words: object) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return " ".join(result.stdout.split())


@pytest.fixture
def shop(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> UUID:
    """A tenant with touches from 60, 50 and 30 days ago, on whose database commands work as app_user."""
    monkeypatch.setenv("DATABASE_URL", clone.app_url)

    async def visit() -> UUID:
        async with open_database(
            clone.app_url, pool_size=1, statement_timeout_ms=30_000
        ) as database:
            tenant = await make_tenant(database, "Shop")
            moments = (utc_now() - timedelta(days=days) for days in (60, 50, 30))
            touches = [make_touch(occurred_at=moment.isoformat()) for moment in moments]
            await send_touches(database, tenant, *touches)
            return tenant

    return asyncio.run(visit())


def test_touches_older_than_the_rule_are_deleted_at_once(shop: UUID) -> None:
    run("tenants", "retain", shop, "40")
    printed = run("privacy", "forget", shop)
    assert (
        "Deleted 2 touches, 0 rejected items and 0 claimed orders. Touches are kept for 40 days;"
        in printed
    )
    assert "Deleted 0 touches" in run("privacy", "forget", shop)


def test_without_a_rule_no_touch_is_deleted_and_the_command_shows_how_to_set_one(
    shop: UUID,
) -> None:
    printed = run("privacy", "forget", shop)
    assert (
        "Deleted 0 touches, 0 rejected items and 0 claimed orders. Touches are kept for ever;"
        in printed
    )
    assert "`skeldir tenants retain`" in printed


def buy(url: str, tenant: UUID) -> None:
    """Have the journey of the touches lead to an order."""

    async def work() -> None:
        async with open_database(url, pool_size=1, statement_timeout_ms=30_000) as database:
            bought = make_conversion(order_id="order-7", occurred_at=utc_now().isoformat())
            assert (await send_conversions(database, tenant, bought)).accepted == 1

    asyncio.run(work())


def test_an_erased_order_is_named_in_a_receipt_that_is_kept(clone: Clone, shop: UUID) -> None:
    buy(clone.app_url, shop)
    printed = run("privacy", "erase", shop, "--order", "order-7", "--reason", "request of 3 May")
    assert "request of 3 May" in printed
    assert "1 journey keys, 1 orders, 0 payments, 0 rejected items, 3 touches" in printed
    assert run("privacy", "erasures", shop) == printed


def test_a_preview_of_an_erasure_shows_its_counts_and_needs_no_reason(
    clone: Clone, shop: UUID
) -> None:
    buy(clone.app_url, shop)
    printed = run("privacy", "erase", shop, "--order", "order-7", "--dry-run")
    counts = "1 journey keys, 1 orders, 0 payments, 0 rejected items, 3 touches"
    assert printed == f"This would be erased: 0 deliveries, {counts}."
    assert run("privacy", "erasures", shop) == ""
    assert counts in run("privacy", "erase", shop, "--order", "order-7", "--reason", "a request")


def test_an_erasure_without_a_reason_or_of_an_unknown_order_is_refused(
    clone: Clone, shop: UUID
) -> None:
    buy(clone.app_url, shop)
    for words, code in (
        (("--order", "order-7"), "input_invalid"),
        (("--order", "no-such", "--reason", "a request"), "erasure_target_unknown"),
        (("--order", "no-such", "--dry-run"), "erasure_target_unknown"),
    ):
        fault = CliRunner().invoke(app, ["privacy", "erase", str(shop), *words]).exception
        assert isinstance(fault, SkeldirError)
        assert fault.code == code
    assert run("privacy", "erasures", shop) == ""


def test_an_erasure_names_an_order_or_a_journey_and_not_both(shop: UUID) -> None:
    for words in ((), ("--order", "1", "--journey", "a")):
        result = CliRunner().invoke(
            app, ["privacy", "erase", str(shop), "--reason", "a", *map(str, words)]
        )
        assert result.exit_code != 0
    assert "Deleted 0 touches" in run("privacy", "forget", shop)


def test_what_is_held_of_an_order_is_exported(clone: Clone, shop: UUID, tmp_path: Path) -> None:
    buy(clone.app_url, shop)
    file = tmp_path / "held.json"
    run("privacy", "export", shop, "--order", "order-7", "--file", file)
    held = json.loads(file.read_text("utf-8"))
    assert (len(held["entries"]), len(held["touches"])) == (1, 3)
    assert json.loads(run("privacy", "export", shop, "--order", "none"))["entries"] == []


def test_without_requests_the_list_is_empty(shop: UUID) -> None:
    assert "redact" not in run("privacy", "requests", shop)
