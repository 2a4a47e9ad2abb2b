"""`skeldir export`: files of a tenant's data, complete or continued; a guarded text is imported as it was."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import time
from pathlib import Path
from uuid import UUID

import psycopg
import pyarrow.parquet as pq
import pytest

from tests.conftest import Clone
from tests.support.command import SKELDIR, environment, run_here
from tests.support.s3_storage import BUCKET, Bucket, open_storage

FILL = """
    INSERT INTO attribution_events (tenant_id, id, idempotency_key, occurred_at, journey_key, channel_code,
                                    channel_rule, campaign)
    SELECT %s, gen_random_uuid(), 'touch-' || n, timestamptz '2026-03-01 00:00Z' + n * interval '1 second',
           sha256(n::text::bytea), 'email', 'given', 'Campaign ' || n
    FROM generate_series(1, %s) AS n"""


def fill(clone: Clone, tenant: UUID, touches: int) -> None:
    with psycopg.connect(clone.superuser_url, autocommit=True) as connection:
        connection.execute(FILL, (tenant, touches))


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8-sig") as text:
        return list(csv.DictReader(text))


def test_files_are_written_with_their_sums_and_a_manifest(
    clone: Clone, tenant: UUID, tmp_path: Path
) -> None:
    fill(clone, tenant, 3)
    folder = tmp_path / "out"
    words = ("export", str(tenant), str(folder), "--what", "touches,entries", "--excel")
    said = run_here(clone.app_url, *words)
    assert "touches.csv: 3 rows" in said
    assert "2 files in" in said
    assert len(rows_of(folder / "touches.csv")) == 3
    manifest = json.loads((folder / "manifest.json").read_text())
    assert [one["rows"] for one in manifest["files"]] == [0, 3]
    assert "export_folder_taken" in run_here(clone.app_url, *words, status=1)
    key = run_here(clone.app_url, "keys", "create", str(tenant), "--scope", "read").split()[-1]
    # Ids that are read from the database are of another class than ids that are typed.
    run_here(clone.app_url, "export", key, str(tmp_path / "named"), "--what", "entries")
    wrong = (*words[:2], str(tmp_path / "y"), "--from", "2026-03-02", "--to", "2026-03-02")
    assert "--from is not before --to" in run_here(clone.app_url, *wrong, status=1)
    wrong = (*words[:2], str(tmp_path / "z"), "--what", "entries,orders", "--model", "linear@1")
    assert "ask for allocations" in run_here(clone.app_url, *wrong, status=1)
    assert not (tmp_path / "z").exists()


@pytest.mark.slow
@pytest.mark.worker
@pytest.mark.parametrize("format_", ["csv", "parquet"])
def test_an_export_that_is_killed_continues_to_the_same_bytes(
    clone: Clone, tenant: UUID, tmp_path: Path, format_: str
) -> None:
    fill(clone, tenant, 60_000)
    words = ("--what", "entries,touches", "--format", format_)
    run_here(clone.app_url, "export", str(tenant), str(tmp_path / "whole"), *words)
    killed = tmp_path / "killed"
    process = subprocess.Popen(
        (*SKELDIR, "export", str(tenant), str(killed), *words),
        env=environment(clone.app_url),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    )
    unfinished = killed / f"touches.{format_}.part"
    end = time.monotonic() + 60
    while not (unfinished.exists() and unfinished.stat().st_size > 200_000):
        assert process.poll() is None
        assert time.monotonic() < end
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (killed / "manifest.json").exists()
    run_here(clone.app_url, "export", str(tenant), str(killed), *words, "--resume")
    whole = tmp_path / "whole"
    if format_ == "parquet":
        # Each file has the moment of its export in it.
        assert pq.read_table(killed / "touches.parquet").equals(
            pq.read_table(whole / "touches.parquet")
        )
    else:
        for name in ("touches.csv", "entries.csv", "touches.csv.sums.json"):
            assert (killed / name).read_bytes() == (whole / name).read_bytes(), name
    assert (killed / "manifest.json").exists()


def deliver_to(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in bucket.environment().items():
        monkeypatch.setenv(name, value)


def test_an_export_is_delivered_as_its_folder_is(
    clone: Clone, tenant: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(clone, tenant, 3)
    folder = tmp_path / "out"
    words = ("export", str(tenant), str(folder), "--what", "touches,entries")
    with open_storage() as bucket:
        deliver_to(bucket, monkeypatch)
        place = ("--deliver", f"s3://{BUCKET}/shop/")
        assert "s3://exports/shop/: 5 files sent" in run_here(clone.app_url, *words, *place)
        assert bucket.names("shop/") == {file.name for file in folder.iterdir()}
        for name in bucket.names("shop/"):
            assert bucket.objects[f"shop/{name}"].content == (folder / name).read_bytes()
        assert bucket.written[-1] == "shop/manifest.json"
        assert ": 0 files sent" in run_here(clone.app_url, *words, *place, "--resume")
        # A place that does not open is found before anything is written.
        unknown = (*words[:2], str(tmp_path / "x"), "--deliver", "s3://no-such-bucket")
        assert "bucket_unknown" in run_here(clone.app_url, *unknown, status=1)
        assert not (tmp_path / "x").exists()
    alone = run_here(clone.app_url, *words, "--resume", "--replace", status=1)
    assert "--replace is for a delivery" in alone


@pytest.mark.slow
@pytest.mark.worker
def test_a_delivery_that_is_killed_has_no_manifest_and_completes_when_it_is_run_again(
    clone: Clone, tenant: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(clone, tenant, 3)
    with open_storage() as bucket:
        deliver_to(bucket, monkeypatch)
        bucket.stops_at = "touches.csv"
        place = ("--deliver", f"s3://{BUCKET}/shop/")
        words = ("export", str(tenant), str(tmp_path / "out"), "--what", "touches,entries", *place)
        process = subprocess.Popen(
            (*SKELDIR, *words),
            env=environment(clone.app_url),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
        )
        assert bucket.stopped.wait(60)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert bucket.names("shop/") == {"entries.csv", "entries.csv.sums.json"}
        bucket.stops_at = None
        bucket.goes_on.set()
        assert ": 3 files sent" in run_here(clone.app_url, *words, "--resume")
        assert bucket.names("shop/") == {file.name for file in (tmp_path / "out").iterdir()}
        assert bucket.written[-1] == "shop/manifest.json"
