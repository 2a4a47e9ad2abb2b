"""Files are taken back and imported again, whatever runs at the same time and in whatever order."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skeldir.attribution import credit_dirty_orders
from skeldir.db.pool import Database
from skeldir.ingest import (
    NothingToRedo,
    NothingToUndo,
    TargetUnknown,
    list_imports,
    list_undoings,
    preview_undo,
    request_undo,
    run_undoing,
    target_of_import,
    target_of_key,
    target_of_origin,
    whole_import,
)
from skeldir.ingest.files import ImportBeingTakenBack, import_file, mapping_from_settings
from skeldir.ingest.tasks import UNDO_KIND
from skeldir.jobs import do_jobs
from skeldir.revenue import ledger_totals
from tests.conftest import Clone
from tests.support.make import (
    at,
    make_conversion,
    send_conversions,
    send_touches,
)
from tests.support.mistakes import (
    MISTAKE,
    WRONG_ORDERS,
    WRONG_TOUCHES,
    make_shop,
    send_mistake,
)
from tests.support.recompute import read_facts, revenue_totals
from tests.support.refreshing import superuser_of
from tests.support.taking_back import assert_sound, outcome, redo, undo


async def test_two_processes_share_an_undoing_while_credit_runs_and_facts_arrive(
    db: Database,
) -> None:
    shop, twin = await make_shop(db, "shop"), await make_shop(db, "twin")
    await send_mistake(db, shop)
    async with db.tenant(shop) as connection:
        undoing = await request_undo(
            connection,
            shop,
            target_of_origin(MISTAKE),
            reason="wrong",
            requested_by="command:tester",
        )
    others = [make_conversion(order_id=f"late-{n}", occurred_at=at(n)) for n in range(8)]

    async def send_others() -> None:
        for other in others:
            await send_conversions(db, shop, other, origin=f"api:{other['order_id']}")

    async def credit() -> None:
        for _ in range(8):
            await credit_dirty_orders(db, tenant_id=shop)

    await asyncio.gather(
        run_undoing(db, shop, undoing, most=1),
        run_undoing(db, shop, undoing, most=1),
        send_others(),
        credit(),
    )
    for other in others:
        await send_conversions(db, twin, other, origin="api:others")
    assert await outcome(db, shop) == await outcome(db, twin)
    await assert_sound(db, shop)


async def test_a_worker_finishes_what_a_killed_command_began_turn_by_turn(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skeldir.ingest.undoing.LONGEST_TURN_S", 0.0)
    shop, twin = await make_shop(db, "shop"), await make_shop(db, "twin")
    await send_mistake(db, shop)
    async with db.tenant(shop) as connection:
        undoing = await request_undo(
            connection,
            shop,
            target_of_origin(MISTAKE),
            reason="wrong",
            requested_by="command:tester",
        )

    class Killed(Exception):
        pass

    def die(_progress: object) -> None:
        raise Killed

    with pytest.raises(Killed):
        await run_undoing(db, shop, undoing, most=1, progress=die)
    await do_jobs(db, {UNDO_KIND.name: UNDO_KIND})
    async with db.tenant(shop) as connection:
        (one,) = await list_undoings(connection, shop)
        turns = await connection.fetchval("SELECT count(*) FROM jobs WHERE kind = 'ingest.undo'")
    assert turns > 1
    assert (one.phase, one.entries, one.touches) == ("done", 4, 3)
    assert await outcome(db, shop) == await outcome(db, twin)


MAPPING = mapping_from_settings(
    {
        "kind": "conversions",
        "currency": "USD",
        "amount_unit": "major",
        "columns": {
            "idempotency_key": "order",
            "order_id": "order",
            "occurred_at": "at",
            "amount": "total",
        },
    }
)


def write(path: Path, totals: list[str]) -> Path:
    lines = [f"F-{n},2026-03-0{n + 1}T10:00:00Z,{total}\n" for n, total in enumerate(totals)]
    path.write_text("order,at,total\n" + "".join(lines), encoding="utf-8")
    return path


async def test_an_import_is_taken_back_imported_again_and_put_back(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    wrong = write(tmp_path / "wrong.csv", ["10.00", "20.00", "30.00"])
    right = write(tmp_path / "right.csv", ["1.00", "2.00", "3.00"])

    async def take(path: Path) -> int:
        report = await import_file(
            db, tenant, path, MAPPING, progress=lambda _done: None, batch_rows=2
        )
        return report.done.conversions_accepted

    assert await take(wrong) == 3
    async with db.tenant(tenant) as connection:
        (known,) = await list_imports(connection, tenant)
        target = await target_of_import(connection, tenant, known.fingerprint[:12])
        with pytest.raises(TargetUnknown):
            await target_of_import(connection, tenant, "nothing")
    assert (await undo(db, tenant, target)).entries == 3
    with pytest.raises(NothingToUndo, match="a wrong file"):
        await undo(db, tenant, target)
    assert (await redo(db, tenant, target)).entries == 3
    assert (await undo(db, tenant, target)).entries == 3
    assert await take(right) == 3
    async with db.tenant(tenant) as connection:
        (total,) = await ledger_totals(connection, tenant)
    assert total.net_cents == 600
    assert await take(wrong) == 0
    with pytest.raises(NothingToRedo):
        await redo(db, tenant, target)
    await assert_sound(db, tenant)


async def test_a_file_cannot_be_imported_while_it_is_taken_back(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    path = write(tmp_path / "x.csv", ["10.00", "20.00"])
    await import_file(db, tenant, path, MAPPING, progress=lambda _done: None)
    async with db.tenant(tenant) as connection:
        (known,) = await list_imports(connection, tenant)
        target = await target_of_import(connection, tenant, known.fingerprint)
        undoing = await request_undo(
            connection, tenant, target, reason="wrong", requested_by="command:tester"
        )
    with pytest.raises(ImportBeingTakenBack):
        await import_file(db, tenant, path, MAPPING, progress=lambda _done: None)
    await run_undoing(db, tenant, undoing)
    report = await import_file(db, tenant, path, MAPPING, progress=lambda _done: None)
    assert report.done.conversions_accepted == 2
    await assert_sound(db, tenant)


async def test_a_file_goes_in_once_the_facts_that_it_repeats_are_taken_back(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    async def take(path: Path) -> int:
        report = await import_file(db, tenant, path, MAPPING, progress=lambda _done: None)
        return report.done.conversions_accepted

    assert await take(write(tmp_path / "wrong.csv", ["10.00", "20.00"])) == 2
    async with db.tenant(tenant) as connection:
        (known,) = await list_imports(connection, tenant)
        target = await target_of_import(connection, tenant, known.fingerprint)
        undoing = await request_undo(
            connection, tenant, target, reason="wrong", requested_by="command:tester"
        )
    longer = write(tmp_path / "longer.csv", ["10.00", "20.00", "30.00"])
    corrected = write(tmp_path / "corrected.csv", ["1.00", "2.00"])
    for path in (longer, corrected):
        with pytest.raises(ImportBeingTakenBack):
            await take(path)
    other = tmp_path / "other.csv"
    other.write_text("order,at,total\nG-1,2026-03-01T10:00:00Z,5.00\n", encoding="utf-8")
    assert await take(other) == 1
    await run_undoing(db, tenant, undoing)
    assert await take(longer) == 3
    await assert_sound(db, tenant)


async def test_an_import_is_known_to_be_taken_back_also_when_a_key_or_its_origin_named_it(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    path = write(tmp_path / "x.csv", ["10.00", "20.00"])
    await import_file(db, tenant, path, MAPPING, progress=lambda _done: None)
    async with db.tenant(tenant) as connection:
        (known,) = await list_imports(connection, tenant)
        key = await connection.fetchval("SELECT business_key FROM revenue_ledger LIMIT 1")
        target = await target_of_key(connection, tenant, key)
        assert target == await target_of_import(connection, tenant, known.fingerprint)
        origin = target_of_origin(f"file:{known.fingerprint[:16]}")
        assert await whole_import(connection, tenant, origin) == target
    assert (await undo(db, tenant, target)).entries == 2
    report = await import_file(db, tenant, path, MAPPING, progress=lambda _done: None)
    assert report.done.conversions_accepted == 2


async def test_rows_that_a_file_repeated_go_in_with_it_again_when_the_other_file_was_taken_back(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    async def take(path: Path) -> tuple[int, int]:
        done = (await import_file(db, tenant, path, MAPPING, progress=lambda _done: None)).done
        return done.conversions_accepted, done.conversions_duplicate

    apart = tmp_path / "apart.csv"
    apart.write_text("order,at,total\nG-1,2026-03-01T10:00:00Z,5.00\n", encoding="utf-8")
    first = write(tmp_path / "first.csv", ["10.00", "20.00"])
    second = write(tmp_path / "second.csv", ["10.00", "20.00", "30.00"])
    assert [await take(path) for path in (first, apart, second)] == [(2, 0), (1, 0), (1, 2)]
    async with db.tenant(tenant) as connection:
        known = {one.file_name: one for one in await list_imports(connection, tenant)}
        target = await target_of_import(connection, tenant, known["first.csv"].fingerprint)
        preview = await preview_undo(connection, tenant, target)
    assert [one.file_name for one in preview.repeating] == ["second.csv"]
    assert (await undo(db, tenant, target)).entries == 2
    async with db.tenant(tenant) as connection:
        marked = [
            one.file_name for one in await list_imports(connection, tenant) if one.repeats_undone
        ]
    assert marked == ["second.csv"]
    assert [await take(path) for path in (second, apart, second)] == [(2, 1), (1, 0), (2, 1)]
    assert await take(first) == (0, 2)
    async with db.tenant(tenant) as connection:
        (total,) = await ledger_totals(connection, tenant)
    assert (total.net_cents, total.entries) == (6_500, 4)
    await assert_sound(db, tenant)


async def test_an_import_under_way_that_repeated_what_is_taken_back_stops_and_begins_again(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    first = write(tmp_path / "first.csv", ["10.00"])
    second = write(tmp_path / "second.csv", ["10.00", "20.00"])
    await import_file(db, tenant, first, MAPPING, progress=lambda _done: None)
    async with db.tenant(tenant) as connection:
        (known,) = await list_imports(connection, tenant)
        target = await target_of_import(connection, tenant, known.fingerprint)

    class Stopped(Exception):
        pass

    def stop(_done: object) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        await import_file(db, tenant, second, MAPPING, progress=stop, batch_rows=1)
    await undo(db, tenant, target)
    report = await import_file(db, tenant, second, MAPPING, progress=lambda _done: None)
    assert report.done.conversions_accepted == 2


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(st.sampled_from("stuurc"), min_size=4, max_size=12), data=st.data())
async def test_any_order_of_sending_undoing_and_redoing_agrees_with_a_recomputation(
    clone: Clone, db: Database, steps: list[str], data: st.DataObject
) -> None:
    shop = await make_shop(db, f"shop-{data.draw(st.uuids())}")
    for step in steps:
        origin = f"api:{data.draw(st.integers(0, 2))}"
        number = data.draw(st.integers(0, 3))
        if step == "s":
            item = WRONG_ORDERS[number] | {"amount_cents": data.draw(st.integers(1, 50))}
            await send_conversions(db, shop, item, origin=origin)
        elif step == "t":
            await send_touches(db, shop, WRONG_TOUCHES[number % 3], origin=origin)
        elif step == "u":
            await undo(db, shop, target_of_origin(origin))
        elif step == "c":
            await credit_dirty_orders(db, tenant_id=shop)
        else:
            try:
                await redo(db, shop, target_of_origin(origin))
            except NothingToRedo:
                continue
    await assert_sound(db, shop)
    async with superuser_of(clone) as superuser:
        facts = await read_facts(superuser, shop)
    expected = {row[:3] for row in revenue_totals(facts)}
    assert {tuple(row[:3]) for row in (await outcome(db, shop))["totals"]} == expected
