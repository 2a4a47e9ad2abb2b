"""Snapshots of orders exported again: each sale once, and of refunds only what is new."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skeldir.db.pool import Database
from skeldir.ingest import NothingToRedo, NothingToUndo, list_imports, target_of_import
from skeldir.ingest.files import FileMapping, ImportReport, import_file, mapping_from_settings
from skeldir.revenue import ledger_totals, read_order_entries
from tests.support.taking_back import assert_sound, redo, undo

pytestmark = pytest.mark.shares_clone

MAPPING = mapping_from_settings(
    {
        "kind": "conversions",
        "currency": "EUR",
        "amount_unit": "major",
        "refund": {"amount": "back", "occurred_at": "back_at"},
        "columns": {
            "occurred_at": "time",
            "order_id": "order",
            "amount": "total",
            "state": "state",
        },
    }
)
DAY = "2026-03-{:02}T10:00:00Z"


def write(path: Path, rows: Sequence[str]) -> None:
    path.write_text("order,time,total,state,back,back_at\n" + "".join(f"{row}\n" for row in rows))


async def take(
    db: Database, tenant: UUID, path: Path, *rows: str, mapping: FileMapping = MAPPING
) -> ImportReport:
    write(path, rows)
    return await import_file(db, tenant, path, mapping, progress=lambda _: None, batch_rows=7)


def snapshot(back: str, day: int, *, order: str = "o1", state: str = "paid") -> str:
    return f"{order},{DAY.format(1)},50.00,{state},{back},{DAY.format(day)}"


async def amounts(db: Database, tenant: UUID, order: str = "o1") -> list[tuple[int, int]]:
    """Return the amount and the day of each entry of an order."""
    async with db.tenant(tenant) as connection:
        entries = await read_order_entries(connection, tenant, order, most=100)
    return [(entry["amount_cents"], entry["occurred_at"].day) for entry in entries]


async def test_a_larger_refund_in_a_later_export_posts_the_difference_at_its_time(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    await take(db, tenant, tmp_path / "1.csv", snapshot("15.00", 2))
    later = await take(db, tenant, tmp_path / "2.csv", snapshot("50.00", 4, state="refunded"))
    assert await amounts(db, tenant) == [(5000, 1), (-1500, 2), (-3500, 4)]
    assert (later.done.conversions_accepted, later.done.conversions_duplicate) == (1, 1)
    again = await take(db, tenant, tmp_path / "3.csv", snapshot("50.00", 5, state="refunded"))
    assert (again.done.conversions_accepted, again.done.conversions_duplicate) == (0, 2)
    assert len(await amounts(db, tenant)) == 3


async def test_a_refund_of_zero_after_a_larger_one_is_refused_and_no_other(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    first = (snapshot("15.00", 2), snapshot("0.00", 2, order="o2"))
    await take(db, tenant, tmp_path / "1.csv", *first)
    later = (snapshot("0.00", 2), snapshot("0", 2, order="o2"), snapshot("0", 2, order="o3"))
    report = await take(db, tenant, tmp_path / "2.csv", *later)
    assert dict(report.rejected_by_code) == {"refund_smaller": 1}
    assert "0.00 EUR here, but 15.00 are posted" in report.examples[0].detail
    assert (report.done.conversions_accepted, report.done.conversions_duplicate) == (1, 2)
    assert await amounts(db, tenant) == [(5000, 1), (-1500, 2)]


async def test_an_older_export_after_a_newer_one_is_refused_and_changes_nothing(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    await take(db, tenant, tmp_path / "1.csv", snapshot("50.00", 4))
    older = await take(db, tenant, tmp_path / "2.csv", snapshot("15.00", 2))
    assert dict(older.rejected_by_code) == {"refund_smaller": 1}
    assert "15.00 EUR" in older.examples[0].detail
    assert await amounts(db, tenant) == [(5000, 1), (-5000, 4)]


async def test_an_undone_import_takes_back_the_difference_that_it_posted_and_no_other(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    friday = snapshot("50.00", 4, state="refunded")
    await take(db, tenant, tmp_path / "monday.csv", snapshot("15.00", 2))
    await take(db, tenant, tmp_path / "friday.csv", friday, snapshot("", 1, order="o2"))
    async with db.tenant(tenant) as connection:
        known = {one.file_name: one.fingerprint for one in await list_imports(connection, tenant)}
        target = {
            name: await target_of_import(connection, tenant, fingerprint)
            for name, fingerprint in known.items()
        }
    assert (await undo(db, tenant, target["friday.csv"])).entries == 2
    assert await amounts(db, tenant) == [(5000, 1), (-1500, 2)]
    corrected = await take(db, tenant, tmp_path / "right.csv", snapshot("30.00", 5))
    assert (corrected.done.conversions_accepted, corrected.done.rejected) == (1, 0)
    assert await amounts(db, tenant) == [(5000, 1), (-1500, 2), (-1500, 5)]
    # What was corrected does not come back beside its correction.
    await redo(db, tenant, target["friday.csv"])
    assert await amounts(db, tenant) == [(5000, 1), (-1500, 2), (-1500, 5)]
    # A later export adds what is missing, also where an equal difference from the same sum stands already.
    await undo(db, tenant, target["monday.csv"])
    late = await take(db, tenant, tmp_path / "late.csv", snapshot("50.00", 6))
    assert late.done.rejected == 0
    assert sum(cents for cents, _ in await amounts(db, tenant)) == 0
    await assert_sound(db, tenant)


@settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.lists(st.integers(0, 50), min_size=1, max_size=6))
async def test_whatever_order_exports_come_in_the_largest_refund_is_what_went_back(
    db: Database, tenant: UUID, tmp_path: Path, backs: Sequence[int]
) -> None:
    order = "o" + "-".join(map(str, backs))
    for number, back in enumerate(backs):
        text = snapshot(f"{back}.00", 2, order=order)
        await take(db, tenant, tmp_path / f"{order}{number}.csv", text)
    entries = [cents for cents, _ in await amounts(db, tenant, order)]
    assert sum(entries) == 5000 - 100 * max(backs)


async def test_a_difference_that_a_later_export_has_made_good_is_not_put_back_beside_it(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    for name, back in (("monday", "15.00"), ("friday", "50.00")):
        await take(db, tenant, tmp_path / f"{name}.csv", snapshot(back, 2))
    async with db.tenant(tenant) as connection:
        known = {one.file_name: one.fingerprint for one in await list_imports(connection, tenant)}
        monday = await target_of_import(connection, tenant, known["monday.csv"])
    await undo(db, tenant, monday)
    await take(db, tenant, tmp_path / "late.csv", snapshot("40.00", 6))
    assert refunded(await amounts(db, tenant)) == 4_000
    # Friday's total says that 50 went back: of Monday's 15, the 10 that are missing are put back.
    await redo(db, tenant, monday)
    assert refunded(await amounts(db, tenant)) == 5_000
    await assert_sound(db, tenant)


def refunded(entries: Sequence[tuple[int, int]]) -> int:
    return -sum(cents for cents, _ in entries if cents < 0)


@settings(
    max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    backs=st.lists(st.integers(1, 50), min_size=2, max_size=3, unique=True),
    steps=st.lists(st.tuples(st.sampled_from("iur"), st.integers(0, 2)), min_size=3, max_size=9),
)
async def test_in_whatever_order_exports_are_taken_back_and_put_back_no_refund_counts_twice(
    db: Database,
    tenant: UUID,
    tmp_path: Path,
    backs: Sequence[int],
    steps: Sequence[tuple[str, int]],
) -> None:
    order = f"o-{uuid4()}"
    files = [tmp_path / f"{order}-{place}.csv" for place in range(len(backs))]
    for path, back in zip(files, backs, strict=True):
        await take(db, tenant, path, snapshot(f"{back}.00", 2, order=order))
    async with db.tenant(tenant) as connection:
        known = {one.file_name: one.fingerprint for one in await list_imports(connection, tenant)}
        targets = [await target_of_import(connection, tenant, known[path.name]) for path in files]
    for step, place in steps:
        path, target = files[place % len(files)], targets[place % len(files)]
        with suppress(NothingToUndo, NothingToRedo):
            if step == "u":
                await undo(db, tenant, target)
            elif step == "r":
                await redo(db, tenant, target)
            else:
                back = f"{backs[place % len(files)]}.00"
                await take(db, tenant, path, snapshot(back, 2, order=order))
        assert 0 <= refunded(await amounts(db, tenant, order)) <= 100 * max(backs)
    latest = tmp_path / f"{order}.csv"
    await take(db, tenant, latest, snapshot(f"{max(backs)}.00", 3, order=order))
    assert refunded(await amounts(db, tenant, order)) == 100 * max(backs)


async def test_two_imports_at_once_count_a_refund_once(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    orders = [f"o{number}" for number in range(20)]
    # The orders are posted already, so that no import waits for another at their keys.
    await take(db, tenant, tmp_path / "0.csv", *(snapshot("", 1, order=o) for o in orders))
    files = {
        tmp_path / f"{day}.csv": [snapshot(back, day, order=order) for order in orders]
        for day, back in enumerate(("20.00", "20.00", "35.00"), 2)
    }
    await asyncio.gather(*(take(db, tenant, path, *rows) for path, rows in files.items()))
    for order in orders:
        assert sum(cents for cents, _ in await amounts(db, tenant, order)) == 1500


async def test_a_confirmation_page_opened_again_is_no_second_sale(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    rows = [f"o1,{DAY.format(day)},50.00,paid,," for day in (1, 1, 3)]
    first = await take(db, tenant, tmp_path / "1.csv", *rows)
    later = await take(db, tenant, tmp_path / "2.csv", f"o1,{DAY.format(9)},50.00,paid,,")
    assert (first.done.conversions_accepted, first.done.conversions_duplicate) == (1, 2)
    assert (later.done.conversions_duplicate, later.done.rejected) == (1, 0)
    other = await take(db, tenant, tmp_path / "3.csv", f"o1,{DAY.format(9)},60.00,paid,,")
    assert dict(other.rejected_by_code) == {"idempotency_key_reused": 1}
    async with db.tenant(tenant) as connection:
        (total,) = await ledger_totals(connection, tenant)
    assert total.net_cents == 5000


@pytest.mark.parametrize("state", ["failed", "Storniert", "en attente", "checkout-draft", "voided"])
async def test_an_order_without_money_is_skipped_and_counted(
    db: Database, tenant: UUID, tmp_path: Path, state: str
) -> None:
    rows = [snapshot("", 1), snapshot("5.00", 1, order="o2", state=state)]
    report = await take(db, tenant, tmp_path / "1.csv", *rows)
    assert (report.done.conversions_accepted, report.done.rejected, report.done.skipped) == (
        1,
        0,
        1,
    )


async def test_an_order_that_a_later_export_calls_cancelled_is_named_with_its_money(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    """Not one that was refunded, nor one that has a paid row beside an attempt that failed, nor a new one."""
    path = tmp_path / "orders.csv"
    orders = ("gone", "back", "tried", "kept")
    await take(db, tenant, path, *(snapshot("", 1, order=order) for order in orders))
    rows = [
        snapshot("", 1, order="gone", state="cancelled"),
        snapshot("50.00", 3, order="back", state="refunded"),
        snapshot("", 1, order="tried", state="failed"),
        snapshot("", 1, order="tried"),
        snapshot("", 1, order="kept"),
        snapshot("", 1, order="never", state="cancelled"),
    ]
    for _ in range(2):  # also when the file was imported before
        report = await take(db, tenant, path, *rows)
        assert [(o.order_id, o.balance_cents) for o in report.left_out] == [("gone", 5000)]
        assert "1, with 50.00 EUR: gone." in str(report.describe_left_out())
    by_condition = mapping_from_settings(
        {
            "kind": "conversions",
            "currency": "EUR",
            "amount_unit": "major",
            "order_when": {"column": "state", "equals": ["paid"]},
            "columns": {"occurred_at": "time", "order_id": "order", "amount": "total"},
        }
    )
    report = await take(db, tenant, path, *rows, mapping=by_condition)
    assert [order.order_id for order in report.left_out] == ["gone"]
