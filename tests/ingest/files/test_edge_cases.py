"""Inputs that went wrong in other systems come to the right money, or ask before anything goes in."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from skeldir.db.pool import Database
from skeldir.ingest.files import FileKind, MappingInvalid, choose_mapping, import_file
from skeldir.revenue import ledger_totals

pytestmark = pytest.mark.shares_clone

ROOT = Path(__file__).parents[3]
CASES = ROOT.parent / "shared" / "data" / "edge_cases"
EXAMPLES = ROOT / "examples" / "mappings"
needs_the_folder = pytest.mark.skipif(not CASES.is_dir(), reason="the folder of cases is not here")


async def take(
    db: Database, tenant: UUID, name: str, kind: FileKind, **flags: object
) -> dict[str, int]:
    """Import a file of the folder and return the ledger's sums by currency."""
    map_file = flags.pop("map_file", None)
    chosen = choose_mapping(
        CASES / name,
        kind=kind,
        map_file=EXAMPLES / str(map_file) if map_file else None,
        flags=flags,
    )
    await import_file(db, tenant, CASES / name, chosen.mapping, progress=lambda _: None)
    async with db.tenant(tenant) as connection:
        return {t.currency: t.net_cents for t in await ledger_totals(connection, tenant)}


@needs_the_folder
async def test_only_paid_states_are_revenue(db: Database, tenant: UUID) -> None:
    assert await take(db, tenant, "order_status.csv", "conversions") == {"EUR": 10_000}


@needs_the_folder
async def test_shop_states_of_an_export_plug_in(db: Database, tenant: UUID) -> None:
    with pytest.raises(MappingInvalid, match="no offset"):
        await take(db, tenant, "woo_orders.csv", "conversions")
    total = await take(db, tenant, "woo_orders.csv", "conversions", time_zone="Europe/Berlin")
    assert total == {"EUR": 12_000}


@needs_the_folder
async def test_lines_of_an_order_are_asked_about_and_then_added_up(
    db: Database, tenant: UUID
) -> None:
    with pytest.raises(MappingInvalid, match=r'idempotency_key = \["order_id", "item", "amount"\]'):
        await take(db, tenant, "line_items.csv", "conversions")
    key = {"idempotency_key": ["order_id", "item", "amount"]}
    assert await take(db, tenant, "line_items.csv", "conversions", columns=key) == {"EUR": 5_000}


@needs_the_folder
@pytest.mark.parametrize("map_file", ["stripe_payments_export.toml", None])
async def test_a_larger_refund_of_friday_is_added_to_that_of_monday(
    db: Database, tenant: UUID, map_file: str | None
) -> None:
    for name in ("stripe_monday.csv", "stripe_friday.csv"):
        total = await take(db, tenant, name, "conversions", map_file=map_file)
    assert total == {"JPY": 3_125, "EUR": 123_456}


@needs_the_folder
@pytest.mark.parametrize("map_file", ["ga4_bigquery_export.toml", None])
async def test_a_reloaded_confirmation_page_is_one_sale(
    db: Database, tenant: UUID, map_file: str | None
) -> None:
    total = await take(db, tenant, "ga4_purchases.csv", "mixed", map_file=map_file)
    assert total == {"EUR": 4_990}


@needs_the_folder
@pytest.mark.parametrize(
    ("name", "total"),
    [
        ("sep.csv", {"EUR": 1_250}),
        # Both rows, which are what the line of totals says.
        ("preamble.csv", {"EUR": 2_000}),
        ("array.json", {"EUR": 1_500}),
        ("paypal.csv", {"USD": 152_500}),
        ("european.csv", {"EUR": 1_250 + 100_000 + 5 * 135_590}),
    ],
)
async def test_files_as_they_are_come_to_their_total(
    db: Database, tenant: UUID, name: str, total: dict[str, int]
) -> None:
    assert await take(db, tenant, name, "conversions", time_zone="Europe/Berlin") == total
