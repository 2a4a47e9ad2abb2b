"""Exports: all parts of one moment, whose sums are those of the reports, and the same after a kill as without one."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow.parquet as pq
import pytest

from skeldir.attribution import channel_totals, credit_dirty_orders, set_models
from skeldir.attribution.parameters import ModelParameters, ModelVersionUnknown
from skeldir.db.pool import Database
from skeldir.errors import InputInvalid
from skeldir.exports import (
    FORMATS,
    MANIFEST,
    PART_NAMES,
    PARTS,
    Asked,
    ExportFolderTaken,
    ExportNotResumable,
    WrittenFile,
    read_parts,
    write_export,
)
from skeldir.ingest import target_of_order
from skeldir.money import minor_units
from skeldir.revenue import ledger_totals
from skeldir.rollups import roll_up_dirty_days
from tests.support.make import at, make_conversion, make_touch, send_conversions, send_touches
from tests.support.reconciling import claim, claims
from tests.support.taking_back import undo
from tests.support.two_tenants import fill_tenant
from tests.support.zones import set_zone

pytestmark = pytest.mark.shares_clone

STATE = ".export-state.json"


async def export(
    db: Database, tenant: UUID, folder: Path, *, resume: bool = False, **asked: Any
) -> list[WrittenFile]:
    wanted = Asked(tenant, asked.pop("parts", PART_NAMES), **asked)
    async with db.tenant(tenant, is_read_only=True) as connection:
        return await write_export(connection, folder, wanted, is_resumed=resume, rows_at_once=3)


async def shop(db: Database, tenant: UUID) -> None:
    """Have orders in three currencies, one refunded, one taken back, credited by all models."""
    for number in range(6):
        await send_touches(
            db,
            tenant,
            make_touch(journey_key=f"v{number}", channel="email", occurred_at=at(-3)),
            make_touch(journey_key=f"v{number}", channel="paid_search", occurred_at=at(-1)),
        )
        currency = ("EUR", "JPY", "KWD")[number % 3]
        order = {"order_id": f"o{number}", "journey_key": f"v{number}", "currency": currency}
        await send_conversions(
            db,
            tenant,
            make_conversion(**order, amount_cents=1_001 + number, occurred_at=at(number)),
        )
    await send_conversions(
        db,
        tenant,
        make_conversion(
            order_id="o0", kind="refund", currency="EUR", amount_cents=334, occurred_at=at(7)
        ),
    )
    await undo(db, tenant, target_of_order("o3"))
    await credit_dirty_orders(db, tenant_id=tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)


def rows_of(folder: Path, part: str) -> list[dict[str, str]]:
    with (folder / f"{part}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def sums_of(folder: Path, part: str, column: str) -> dict[tuple[str, ...], int]:
    sums: Counter[tuple[str, ...]] = Counter()
    for row in rows_of(folder, part):
        sums[row.get("model_version", ""), row["currency"]] += int(row[column])
    return {key: cents for key, cents in sums.items() if cents}


def content_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.glob("*/*")))


async def test_the_sums_of_an_export_are_those_of_the_reports(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    await shop(db, tenant)
    files = await export(db, tenant, tmp_path / "x")
    async with db.tenant(tenant) as connection:
        ledger = await ledger_totals(connection, tenant)
        channels = await channel_totals(connection, tenant)
    assert sums_of(tmp_path / "x", "entries", "amount_cents") == {
        ("", total.currency): total.net_cents for total in ledger
    }
    reported: Counter[tuple[str, str]] = Counter()
    for total in channels:
        reported[total.model, total.currency] += total.credited_cents
    for part, column in (("allocations", "allocated_cents"), ("channel_days", "credited_cents")):
        found = {
            (version.partition("@")[0], currency): cents
            for (version, currency), cents in sums_of(tmp_path / "x", part, column).items()
        }
        assert found == {key: cents for key, cents in reported.items() if cents}, part
    assert sums_of(tmp_path / "x", "orders", "balance_cents") == sums_of(
        tmp_path / "x", "entries", "amount_cents"
    )
    for one in files:
        content = (tmp_path / "x" / one.file).read_bytes()
        assert (one.bytes, one.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        beside = json.loads((tmp_path / "x" / f"{one.file}.sums.json").read_text())
        assert (beside["rows"], beside["sha256"]) == (one.rows, one.sha256)
        assert len(rows_of(tmp_path / "x", one.part)) == one.rows
    manifest = json.loads((tmp_path / "x" / MANIFEST).read_text())
    assert [one["part"] for one in manifest["files"]] == list(PART_NAMES)
    assert {row["order_id"] for row in rows_of(tmp_path / "x", "entries")} == {
        f"o{number}" for number in range(6) if number != 3
    }


async def test_the_sum_of_claims_of_which_none_is_known_is_null(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    known = [claim("meta", f"{number}", cents) for number, cents in enumerate((None, 70, None, 0))]
    unknown = [claim("meta", f"{number}", None, currency="EUR") for number in range(2)]
    await claims(db, tenant, *known, *unknown)
    (file,) = await export(db, tenant, tmp_path / "x", parts=("claims",))
    assert file.sums == [
        {"currency": "EUR", "claimed_cents": None, "cost_cents": None},
        {"currency": "USD", "claimed_cents": 70, "cost_cents": None},
    ]
    beside = json.loads((tmp_path / "x" / "claims.csv.sums.json").read_text())
    assert beside["sums"] == file.sums


async def test_each_format_has_the_same_rows_and_money_as_cents_and_as_a_decimal(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    await shop(db, tenant)
    for format_ in FORMATS:
        await export(db, tenant, tmp_path / format_, format=format_)
    for part in PART_NAMES:
        plain = rows_of(tmp_path / "csv", part)
        content = (tmp_path / "ndjson" / f"{part}.ndjson").read_bytes()
        lines = [json.loads(line) for line in content.splitlines()]
        shown = [{k: "" if v is None else str(v) for k, v in line.items()} for line in lines]
        assert shown == plain, part
        table = pq.read_table(tmp_path / "parquet" / f"{part}.parquet")
        assert table.column_names == (list(plain[0]) if plain else table.column_names)
        assert table.num_rows == len(plain)
        for column in PARTS[part].cents:
            assert str(table.schema.field(column).type) == "int64"
            assert [str(cents) for cents in table[column].to_pylist()] == [
                row[column] for row in plain
            ]
            decimal = column.removesuffix("_cents")
            assert [
                minor_units(amount, currency)
                for amount, currency in zip(
                    table[decimal].to_pylist(), table["currency"].to_pylist(), strict=True
                )
            ] == table[column].to_pylist()
    amounts = {row["currency"]: row["amount"] for row in rows_of(tmp_path / "csv", "entries")}
    assert (amounts["JPY"], amounts["KWD"]) == ("1005", "1.006")
    assert rows_of(tmp_path / "csv", "entries")[0]["occurred_at"] == f"{at(0)[:19]}.000000Z"


async def test_nothing_of_another_tenant_is_exported(db: Database, tmp_path: Path) -> None:
    first, second = await fill_tenant(db, "first"), await fill_tenant(db, "second")
    for tenant in (first, second):
        await send_conversions(
            db, tenant, make_conversion(order_id=f"of-{tenant}", journey_key=f"of-{tenant}")
        )
    await credit_dirty_orders(db, tenant_id=first)
    for format_ in FORMATS:
        await export(db, first, tmp_path / format_, format=format_)
    texts = content_of(tmp_path)
    assert f"of-{first}".encode() in texts
    assert f"of-{second}".encode() not in texts
    async with db.tenant(first, is_read_only=True) as connection:
        asked = Asked(second, ("entries", "touches", "orders"))
        files = await write_export(connection, tmp_path / "other", asked)
    assert [one.rows for one in files] == [0, 0, 0]


async def test_days_without_rows_among_many_others_are_a_file_without_rows(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    await send_touches(db, tenant, *(make_touch(idempotency_key=f"k{n}") for n in range(9)))
    for format_ in FORMATS:
        (one,) = await export(
            db,
            tenant,
            tmp_path / format_,
            parts=("touches",),
            format=format_,
            first_day=date(2040, 1, 1),
        )
        assert one.rows == 0, format_
    assert pq.read_table(tmp_path / "parquet" / "touches.parquet").num_rows == 0


HOSTILE = [
    "=1+1",
    "+cmd|x",
    "-2+3",
    "@sum",
    "\uff1dx",
    "'=y",
    "'quoted'",
    "plain",
    'a"b,c',
    "-42",
    "+1.5",
]


async def test_no_text_runs_as_a_formula_and_numbers_stay_numbers(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    for number, text in enumerate(HOSTILE):
        await send_touches(
            db, tenant, make_touch(idempotency_key=f"t{number}", source=text, campaign=text)
        )
    await send_conversions(
        db,
        tenant,
        make_conversion(order_id="r"),
        make_conversion(order_id="r", kind="refund", amount_cents=4_200, occurred_at=at(1)),
    )
    await export(db, tenant, tmp_path / "x", parts=("entries", "touches"), has_bom=True)
    content = (tmp_path / "x" / "touches.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    shown = [row["campaign"] for row in rows_of(tmp_path / "x", "touches")]
    assert shown == ["'=1+1", "'+cmd|x", "'-2+3", "'@sum", "'\uff1dx", "''=y", *HOSTILE[6:]]
    assert [row["amount"] for row in rows_of(tmp_path / "x", "entries")][-1] == "-42.00"
    await export(db, tenant, tmp_path / "raw", parts=("touches",), format="ndjson")
    lines = (tmp_path / "raw" / "touches.ndjson").read_bytes().splitlines()
    assert [json.loads(line)["campaign"] for line in lines] == HOSTILE


async def stop_within(db: Database, tenant: UUID, folder: Path, part: str, **asked: Any) -> None:
    """Cancel an export when some pages of a part are noted as written."""
    task = asyncio.create_task(export(db, tenant, folder, **asked))
    state: dict[str, Any] = {}
    while not (state.get("part") == part and state.get("cursor")):
        assert not task.done(), "the export ended before it could be stopped"
        await asyncio.sleep(0)
        if (folder / STATE).exists():
            state = json.loads((folder / STATE).read_bytes())
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not (folder / MANIFEST).exists()


@pytest.mark.parametrize("format_", ["csv", "ndjson"])
async def test_an_export_that_was_stopped_continues_to_the_same_bytes_whatever_came_since(
    db: Database, tenant: UUID, tmp_path: Path, format_: str
) -> None:
    await shop(db, tenant)
    await send_touches(
        db, tenant, *(make_touch(idempotency_key=f"more-{n}", journey_key="w") for n in range(200))
    )
    # Derived parts continue as they were completed; see below for one that was not.
    await export(db, tenant, tmp_path / "whole", format=format_)
    await stop_within(db, tenant, tmp_path / "stopped", "touches", format=format_)
    await send_touches(db, tenant, make_touch(idempotency_key="later", journey_key="v1"))
    await send_conversions(db, tenant, make_conversion(order_id="later", currency="EUR"))
    await undo(db, tenant, target_of_order("o1"))
    await credit_dirty_orders(db, tenant_id=tenant)
    await export(db, tenant, tmp_path / "stopped", format=format_, resume=True)
    names = sorted(file.name for file in (tmp_path / "whole").iterdir())
    assert names == sorted(file.name for file in (tmp_path / "stopped").iterdir())
    for name in names:
        if name != MANIFEST:
            same = [(tmp_path / folder / name).read_bytes() for folder in ("whole", "stopped")]
            assert same[0] == same[1], name


async def test_parts_that_follow_from_facts_begin_again_as_of_now(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    await shop(db, tenant)

    def stop(written: WrittenFile) -> None:
        if written.part == "journeys":
            raise KeyboardInterrupt

    asked = Asked(tenant, PART_NAMES)
    with pytest.raises(KeyboardInterrupt):
        async with db.tenant(tenant, is_read_only=True) as connection:
            await write_export(connection, tmp_path / "x", asked, report=stop)
    await send_conversions(db, tenant, make_conversion(order_id="later", currency="EUR"))
    await credit_dirty_orders(db, tenant_id=tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)
    await export(db, tenant, tmp_path / "x", resume=True)
    await export(db, tenant, tmp_path / "whole")
    for part in PART_NAMES:
        assert rows_of(tmp_path / "x", part) == rows_of(tmp_path / "whole", part), part
    assert "later" in {row["order_id"] for row in rows_of(tmp_path / "x", "orders")}


async def test_all_parts_are_of_one_moment_while_others_write(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    await shop(db, tenant)
    asked = Asked(tenant, PART_NAMES)
    async with db.tenant(tenant, is_read_only=True) as connection:
        await connection.fetchval("SELECT 1")
        await send_conversions(db, tenant, make_conversion(order_id="beside", currency="EUR"))
        await undo(db, tenant, target_of_order("o2"))
        await credit_dirty_orders(db, tenant_id=tenant)
        await roll_up_dirty_days(db, tenant_id=tenant)
        await write_export(connection, tmp_path / "x", asked)
    for part in ("orders", "entries", "allocations"):
        orders = {row["order_id"] for row in rows_of(tmp_path / "x", part)}
        assert "beside" not in orders, part
        assert "o2" in orders, part


async def test_days_are_those_of_the_tenants_zone(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    await set_zone(db, tenant, "America/New_York")
    for hour in ("2026-03-02T04:59:59Z", "2026-03-02T05:00:00Z", "2026-03-03T04:59:59Z"):
        await send_conversions(db, tenant, make_conversion(order_id=hour, occurred_at=hour))
    await credit_dirty_orders(db, tenant_id=tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)
    days = {"first_day": date(2026, 3, 2), "end_day": date(2026, 3, 3)}
    await export(db, tenant, tmp_path / "x", **days)
    inside = {"2026-03-02T05:00:00Z", "2026-03-03T04:59:59Z"}
    for part in ("entries", "orders", "allocations"):
        assert {row["order_id"] for row in rows_of(tmp_path / "x", part)} == inside, part
    assert {row["day"] for row in rows_of(tmp_path / "x", "channel_days")} == {"2026-03-02"}


async def test_allocations_by_a_version_that_is_not_in_force_can_be_had(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    await shop(db, tenant)
    await export(db, tenant, tmp_path / "before", parts=("allocations",))
    async with db.tenant(tenant) as connection:
        await set_models(
            connection, tenant, {"linear": ModelParameters(lookback_days=2)}, changed_by="a test"
        )
    await credit_dirty_orders(db, tenant_id=tenant)
    asked: dict[str, Any] = {"parts": ("allocations",), "model_versions": ("linear@1",)}
    await export(db, tenant, tmp_path / "after", **asked)
    assert rows_of(tmp_path / "after", "allocations") == [
        row
        for row in rows_of(tmp_path / "before", "allocations")
        if row["model_version"] == "linear@1"
    ]
    with pytest.raises(ModelVersionUnknown):
        await export(db, tenant, tmp_path / "y", parts=("allocations",), model_versions=("x@1",))


async def test_a_folder_that_is_in_use_and_another_export_are_refused(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    await export(db, tenant, tmp_path / "x", parts=("entries",))
    with pytest.raises(ExportFolderTaken):
        await export(db, tenant, tmp_path / "x", parts=("entries",))
    with pytest.raises(ExportNotResumable):
        await export(db, tenant, tmp_path / "x", parts=("entries",), resume=True)
    await send_touches(db, tenant, *(make_touch(idempotency_key=f"k{n}") for n in range(200)))
    await stop_within(db, tenant, tmp_path / "y", "touches", parts=("touches",))
    with pytest.raises(ExportFolderTaken) as taken:
        await export(db, tenant, tmp_path / "y", parts=("touches",))
    assert "--resume" in taken.value.cure
    with pytest.raises(ExportNotResumable):
        await export(db, tenant, tmp_path / "y", parts=("touches", "entries"), resume=True)


def test_parts_are_named_in_any_order_and_written_in_theirs() -> None:
    assert [part.name for part in read_parts(["touches,orders", "entries"])] == [
        "orders",
        "entries",
        "touches",
    ]
    assert [part.name for part in read_parts(["all"])] == list(PART_NAMES)
    with pytest.raises(InputInvalid):
        read_parts(["people"])
