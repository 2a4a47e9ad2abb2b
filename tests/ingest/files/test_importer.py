"""Imports into a real database: each row once, whatever interrupts them."""

from __future__ import annotations

import asyncio
import gzip
import os
import signal
import subprocess
import sys
import sysconfig
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from skeldir.db.pool import Database
from skeldir.ingest import list_channels, list_dead_events
from skeldir.ingest.files import (
    FileMapping,
    FileUnreadable,
    ImportOvertaken,
    ImportProgress,
    ImportReport,
    MappingInvalid,
    import_file,
    mapping_from_settings,
    read_mapping,
)
from skeldir.revenue import ledger_totals
from skeldir.tenants import TenantUnknown
from tests.conftest import Clone

ROOT = Path(__file__).parents[3]
SI05 = ROOT.parent / "shared" / "data" / "si05_attribution_data.csv"
MAPPING = mapping_from_settings(
    {
        "kind": "mixed",
        "currency": "USD",
        "amount_unit": "major",
        "order_when": {"column": "sold", "equals": "1"},
        "refund": {"amount": "back", "occurred_at": "back_at"},
        "columns": {
            "occurred_at": "time",
            "journey_key": "who",
            "channel": "via",
            "amount": "total",
            "order_id": "order",
            "idempotency_key": "id",
        },
    }
)
HEADER = "id,time,who,via,sold,order,total,back,back_at\n"


def row(number: int, *, via: str = "email", total: str = "1.50", back: str = "") -> str:
    """Return a row of the file: every third is an order."""
    at = f"2026-03-{1 + number % 27:02}T10:00:00Z"
    sold = int(number % 3 == 0)
    return (
        f"{number},{at},v{number // 7},{via},{sold},o{number},{total},{back},{at if back else ''}\n"
    )


def write(path: Path, rows: Iterable[str]) -> Path:
    path.write_text(HEADER + "".join(rows), encoding="utf-8")
    return path


async def take(
    db: Database,
    tenant: UUID,
    path: Path,
    *,
    mapping: FileMapping = MAPPING,
    batch_rows: int = 10,
    progress: Callable[[ImportProgress], None] = lambda _: None,
) -> ImportReport:
    return await import_file(db, tenant, path, mapping, progress=progress, batch_rows=batch_rows)


async def count(db: Database, tenant: UUID, table: str) -> int:
    async with db.tenant(tenant) as connection:
        number = await connection.fetchval(f"SELECT count(*) FROM public.{table}")
    assert isinstance(number, int)
    return number


def totals(report: ImportReport) -> tuple[int, ...]:
    """Return rows, touches accepted and duplicate, conversions accepted and duplicate, rejected."""
    done = report.done
    return (
        done.rows_done,
        done.touches_accepted,
        done.touches_duplicate,
        done.conversions_accepted,
        done.conversions_duplicate,
        done.rejected,
    )


async def test_a_file_is_imported_once_and_a_second_time_adds_nothing(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    path = write(tmp_path / "x.csv", (row(n, back="0.50" if n == 3 else "") for n in range(1, 26)))
    reported: list[ImportProgress] = []
    report = await take(db, tenant, path, progress=reported.append)
    assert totals(report) == (25, 25, 0, 9, 0, 0)
    assert [done.rows_done for done in reported] == [10, 20, 25]
    assert (report.was_complete, report.resumed_after, report.file_name) == (False, 0, "x.csv")
    again = await take(db, tenant, path)
    assert again.was_complete
    assert totals(again) == totals(report)
    assert await count(db, tenant, "attribution_events") == 25
    async with db.tenant(tenant) as connection:
        (total,) = await ledger_totals(connection, tenant)
    assert (total.net_cents, total.entries, total.captures) == (8 * 150 - 50, 9, 8)


async def test_without_its_record_a_file_that_was_imported_adds_nothing(
    db: Database, tenant: UUID, clone: Clone, tmp_path: Path
) -> None:
    faulty = [row(30, via="nowhere"), "short\n"]
    path = write(tmp_path / "x.csv", [*(row(n, back="0.50") for n in range(1, 26)), *faulty])
    first = await take(db, tenant, path)
    assert totals(first) == (27, 25, 0, 9 + 8, 0, 2)
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute("DELETE FROM public.imports")
    again = await take(db, tenant, path)
    assert not again.was_complete
    assert totals(again) == (27, 0, 25, 0, 9 + 8, 2)
    assert await count(db, tenant, "dead_events") == 2


@pytest.mark.parametrize("stop_after", [1, 2, 3, 4])
async def test_an_import_that_was_stopped_continues_after_the_last_committed_row(
    db: Database, tenant: UUID, tmp_path: Path, stop_after: int
) -> None:
    rows = [row(n, via="nowhere" if n % 10 == 9 else "email") for n in range(1, 36)]
    path = write(tmp_path / "x.csv", rows)
    reported: list[ImportProgress] = []

    def stop(done: ImportProgress) -> None:
        reported.append(done)
        if len(reported) == stop_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await take(db, tenant, path, progress=stop)
    assert f"{reported[-1].rows_done} rows are imported" in reported[-1].describe_stop()
    report = await take(db, tenant, path, batch_rows=7)
    assert report.resumed_after == min(10 * stop_after, 35)
    assert totals(report) == (35, 32, 0, 11, 0, 3)
    assert await count(db, tenant, "dead_events") == 3


async def test_a_cancelled_import_keeps_what_was_committed(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    path = write(tmp_path / "x.csv", (row(n) for n in range(1, 2_001)))
    begun = asyncio.Event()
    task = asyncio.create_task(
        take(db, tenant, path, progress=lambda _: begun.set(), batch_rows=50)
    )
    await begun.wait()
    await asyncio.sleep(0.02)  # somewhere in the next batch
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    report = await take(db, tenant, path, batch_rows=500)
    assert 0 < report.resumed_after < 2_000
    assert totals(report) == (2_000, 2_000, 0, 666, 0, 0)


KILLED = """
import asyncio, sys
from pathlib import Path
from uuid import UUID
from skeldir.db.pool import open_database
from skeldir.ingest.files import import_file, read_mapping

async def main(url, tenant, path, mapping):
    async with open_database(url, pool_size=1, statement_timeout_ms=30_000) as db:
        await import_file(
            db, UUID(tenant), Path(path), read_mapping(Path(mapping)), batch_rows=40,
            progress=lambda done: print(done.rows_done, flush=True),
        )

asyncio.run(main(*sys.argv[1:]))
"""


def kill_while_importing(arguments: list[str], pause: float) -> None:
    """Import in a separate process, and kill it `pause` seconds after its third commit."""
    packages = os.pathsep.join([str(ROOT / "src"), sysconfig.get_paths()["purelib"]])
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": packages},
    ) as process:
        assert process.stdout is not None
        for _ in range(3):
            assert process.stdout.readline()
        time.sleep(pause)  # where it is killed
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


async def test_a_killed_process_imports_no_row_twice_and_misses_none(
    db: Database, tenant: UUID, clone: Clone, tmp_path: Path
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(
        "customer_id,time,conversion,conversion_value,channel\n"
        + "".join(
            f"A{n},2018-07-01T00:{n // 60 % 60:02}:{n % 60:02}Z,{int(n % 5 == 0)},2.5,Facebook\n"
            for n in range(1, 1_501)
        ),
        encoding="utf-8",
    )
    map_file = ROOT / "examples" / "mappings" / "si05.toml"
    # Each is killed a little later after a commit, to hit different points of the next batch.
    for kill in range(3):
        arguments = [clone.app_url, str(tenant), str(path), str(map_file)]
        await asyncio.to_thread(kill_while_importing, arguments, 0.004 * kill)
    report = await take(db, tenant, path, mapping=read_mapping(map_file), batch_rows=400)
    assert 3 * 3 * 40 <= report.resumed_after < 1_500
    assert totals(report) == (1_500, 1_500, 0, 300, 0, 0)
    assert await count(db, tenant, "attribution_events") == 1_500
    assert await count(db, tenant, "revenue_ledger") == 300


async def test_two_imports_of_one_file_at_once_write_each_row_once(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    path = write(tmp_path / "x.csv", (row(n) for n in range(1, 301)))
    results = await asyncio.gather(
        *(take(db, tenant, path, batch_rows=20) for _ in range(2)), return_exceptions=True
    )
    assert any(isinstance(result, ImportReport) for result in results)
    for result in results:
        if not isinstance(result, ImportReport):
            assert isinstance(result, ImportOvertaken), result
    report = await take(db, tenant, path)
    assert totals(report) == (300, 300, 0, 100, 0, 0)


async def test_every_rejected_row_is_reported_by_its_number_and_kept(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    rows = [row(n) for n in range(1, 31)]
    rows[4] = rows[4].replace("\n", ",one,cell,too,many\n")
    rows[14] = row(15, total="1.505")
    rows[20] = row(21, total="x", back="y")
    rows[23] = row(24, total="")
    rows[26] = row(27, via="nowhere", total="x")
    path = write(tmp_path / "x.csv", rows)
    report = await take(db, tenant, path)
    assert {(fault.row, fault.code) for fault in report.examples} == {
        (5, "row_malformed"),
        (15, "amount_fractional"),
        (21, "amount_invalid"),
        (24, "amount_missing"),
        (27, "channel_unknown"),
        (27, "amount_invalid"),
    }
    assert all(fault.cure and fault.detail for fault in report.examples)
    assert all(fault.line == fault.row + 1 for fault in report.examples)
    details = {(fault.row, fault.code): fault.detail for fault in report.examples}
    assert details[15, "amount_fractional"].endswith('It is "1.505". Column: "total".')
    assert details[24, "amount_missing"].endswith('Column: "total".')
    assert "'nowhere'" in details[27, "channel_unknown"]
    assert details[27, "channel_unknown"].endswith('Column: "via".')
    assert sum(report.rejected_by_code.values()) == report.done.rejected == 7
    assert totals(report)[1:5] == (28, 0, 10 - 4, 0)
    async with db.tenant(tenant) as connection:
        kept = await list_dead_events(connection, tenant)
    assert Counter(event.code for event in kept) == report.rejected_by_code


async def test_examples_of_rejected_rows_are_few_however_many_there_are(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    path = write(tmp_path / "x.csv", (row(n, via="nowhere") for n in range(1, 41)))
    report = await take(db, tenant, path)
    assert report.rejected_by_code == {"channel_unknown": 40}
    assert [fault.row for fault in report.examples] == [1, 2, 3]


async def test_orders_that_need_a_second_look_are_reported(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    path = write(tmp_path / "x.csv", [row(3, back="2.00"), row(6, back="1.50")])
    report = await take(db, tenant, path)
    assert [(order.order_id, order.state) for order in report.flagged] == [("o3", "over_refunded")]


async def test_a_file_of_another_tenant_is_another_import(
    db: Database, tenant: UUID, other_tenant: UUID, tmp_path: Path
) -> None:
    path = write(tmp_path / "x.csv", (row(n) for n in range(1, 13)))
    for one in (tenant, other_tenant):
        assert totals(await take(db, one, path)) == (12, 12, 0, 4, 0, 0)
        assert await count(db, one, "attribution_events") == 12
    with pytest.raises(TenantUnknown):
        await take(db, uuid4(), path)


async def test_new_channels_are_added_and_unknown_ones_refused_before_any_row(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    path = write(tmp_path / "x.csv", [row(1, via="Pod")])
    columns = {"occurred_at": "time", "journey_key": "who", "channel": "via"}
    settings: dict[str, object] = {
        "kind": "touches",
        "columns": columns,
        "channels": {"Pod": "podcast"},
    }
    with pytest.raises(MappingInvalid, match="podcast"):
        await take(db, tenant, path, mapping=mapping_from_settings(settings))
    assert await count(db, tenant, "imports") == 0
    declared = mapping_from_settings({**settings, "new_channels": {"podcast": "Podcast"}})
    assert totals(await take(db, tenant, path, mapping=declared))[:2] == (1, 1)
    async with db.tenant(tenant) as connection:
        assert await list_channels(connection, tenant) == {"podcast": "Podcast"}
    assert totals(await take(db, tenant, path, mapping=mapping_from_settings(settings)))[:3] == (
        1,
        0,
        1,
    )


async def test_a_truncated_file_is_refused_whole_and_goes_in_when_it_is_complete(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    text = HEADER + "".join(row(n) for n in range(1, 12_001))
    whole = gzip.compress(text.encode(), mtime=0)
    path = tmp_path / "x.csv.gz"
    path.write_bytes(whole[:-100])
    with pytest.raises(FileUnreadable, match="breaks off"):
        await take(db, tenant, path, batch_rows=1_000)
    assert await count(db, tenant, "attribution_events") == 0
    path.write_bytes(whole)
    report = await take(db, tenant, path, batch_rows=4_000)
    assert totals(report)[:3] == (12_000, 12_000, 0)
    assert await count(db, tenant, "attribution_events") == 12_000


async def test_a_file_with_only_a_header_is_complete(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    path = write(tmp_path / "x.csv", [])
    report = await take(db, tenant, path)
    assert (totals(report), report.done.share_read) == ((0, 0, 0, 0, 0, 0), 1.0)
    assert (await take(db, tenant, path)).was_complete


async def test_a_missing_column_or_file_is_refused_before_anything_is_written(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    path = tmp_path / "x.csv"
    with pytest.raises(FileUnreadable):
        await take(db, tenant, path)
    path.write_text("id,time\n1,2\n", encoding="utf-8")
    with pytest.raises(MappingInvalid, match="no column"):
        await take(db, tenant, path)
    assert await count(db, tenant, "imports") == 0


@pytest.mark.skipif(not SI05.exists(), reason="the public file is not here")
async def test_the_public_file_is_imported_completely(db: Database, tenant: UUID) -> None:
    mapping = read_mapping(ROOT / "examples" / "mappings" / "si05.toml")
    report = await take(db, tenant, SI05, mapping=mapping, batch_rows=5_000)
    assert totals(report) == (62_483, 62_483, 0, 1_838, 0, 0)
    async with db.tenant(tenant) as connection:
        (total,) = await ledger_totals(connection, tenant)
        channels = await connection.fetch(
            "SELECT channel_code, count(*) FROM public.attribution_events GROUP BY 1 ORDER BY 1"
        )
    assert (total.currency, total.net_cents, total.captures) == ("USD", 1_142_350, 1_838)
    assert dict(tuple(channel) for channel in channels) == {
        "display": 7_688,
        "facebook": 18_676,
        "instagram": 8_037,
        "online_video": 11_694,
        "paid_search": 16_388,
    }
