"""Delivery to S3-compatible storage: the folder's bytes, the manifest last, nothing replaced unasked, no key shown."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from skeldir.errors import ConfigurationInvalid, InputInvalid, SkeldirError
from skeldir.exports import (
    MANIFEST,
    DeliveryTaken,
    ExportAltered,
    Storage,
    deliver,
    read_place,
)
from skeldir.settings import read_storage_settings
from tests.support.s3_storage import BUCKET, KEY, SECRET, Bucket, open_storage

LARGE = random.Random(15).randbytes(9 * 1024 * 1024)  # more than one part
ADDRESS = f"s3://{BUCKET}/shop/daily/"
NAMES = ["touches.csv", "touches.csv.sums.json", MANIFEST]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    with open_storage() as storage:
        for name, value in storage.environment().items():
            monkeypatch.setenv(name, value)
        yield storage


def folder_with(path: Path, content: bytes) -> Path:
    path.mkdir()
    file = {"file": "touches.csv", "sha256": hashlib.sha256(content).hexdigest()}
    (path / "touches.csv").write_bytes(content)
    (path / "touches.csv.sums.json").write_text(json.dumps(file))
    (path / MANIFEST).write_text(json.dumps({"files": [file]}))
    return path


def storage_at(address: str = ADDRESS) -> Storage:
    return Storage(read_place(address), read_storage_settings(), patience=timedelta(0))


def test_a_place_is_a_bucket_and_a_prefix_and_its_mistakes_are_not_repeated() -> None:
    assert str(read_place("s3://exports")) == "s3://exports/"
    assert str(read_place("s3://exports/a/b")) == str(read_place("s3://exports/a/b/"))
    for wrong in (
        "https://k:secret@host/b",
        "s3://k:secret@b/x",
        "s3://b",
        "s3://exports/a/../b",
        "s3://exports/a?x",
    ):
        with pytest.raises(InputInvalid) as found:
            read_place(wrong)
        assert "secret" not in str(found.value)


async def test_objects_are_the_files_and_the_manifest_is_the_last(
    bucket: Bucket, tmp_path: Path
) -> None:
    folder = folder_with(tmp_path / "out", LARGE)
    assert await deliver(folder, storage_at()) == NAMES
    assert bucket.written == [f"shop/daily/{name}" for name in NAMES]
    assert bucket.begun
    for name in NAMES:
        assert bucket.objects[f"shop/daily/{name}"].content == (folder / name).read_bytes()
    assert await deliver(folder, storage_at()) == []


async def test_a_delivery_that_stopped_sends_what_is_missing(
    bucket: Bucket, tmp_path: Path
) -> None:
    folder = folder_with(tmp_path / "out", b"rows")
    await deliver(folder, storage_at())
    del bucket.objects["shop/daily/touches.csv.sums.json"]
    bucket.written.clear()
    assert await deliver(folder, storage_at()) == NAMES[1:]
    # Without one of the files, the manifest is not to be seen.
    assert bucket.written == [
        f"-shop/daily/{MANIFEST}",
        *(f"shop/daily/{name}" for name in NAMES[1:]),
    ]


async def test_another_export_is_replaced_only_when_it_is_said(
    bucket: Bucket, tmp_path: Path
) -> None:
    await deliver(folder_with(tmp_path / "one", b"one"), storage_at())
    before, other = dict(bucket.objects), folder_with(tmp_path / "other", b"other")
    with pytest.raises(DeliveryTaken) as taken:
        await deliver(other, storage_at())
    assert all(name in taken.value.detail for name in NAMES)
    assert "--replace" in taken.value.cure
    assert bucket.objects == before
    bucket.written.clear()
    assert await deliver(other, storage_at(), replaces=True) == NAMES
    assert bucket.written[0] == f"-shop/daily/{MANIFEST}"
    assert bucket.objects["shop/daily/touches.csv"].content == b"other"


async def test_an_object_that_no_delivery_left_is_another_file(
    bucket: Bucket, tmp_path: Path
) -> None:
    folder = folder_with(tmp_path / "out", b"rows")
    await deliver(folder, storage_at())
    del bucket.objects["shop/daily/touches.csv"].headers["x-amz-meta-sha256"]
    with pytest.raises(DeliveryTaken):
        await deliver(folder, storage_at())


async def test_a_file_that_was_changed_or_lost_is_not_sent(bucket: Bucket, tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "out", b"rows")
    (folder / "touches.csv").write_bytes(b"ROWS")
    with pytest.raises(ExportAltered):
        await deliver(folder, storage_at())
    (folder / "touches.csv").unlink()
    with pytest.raises(ExportAltered):
        await deliver(folder, storage_at())
    assert bucket.written == []


@pytest.mark.parametrize(
    ("wrong", "address", "code"),
    [
        ("writing", ADDRESS, "delivery_denied"),
        ("key", ADDRESS, "delivery_denied"),
        ("none", "s3://no-such-bucket/x", "bucket_unknown"),
        ("away", ADDRESS, "delivery_failed"),
        ("endpoint", ADDRESS, "configuration_invalid"),
    ],
)
async def test_what_the_storage_refuses_has_a_code_and_a_cure_and_shows_no_key(
    bucket: Bucket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wrong: str,
    address: str,
    code: str,
) -> None:
    bucket.denies_writing = wrong == "writing"
    if wrong == "key":
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDOTHER")
    if wrong == "away":
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    if wrong == "endpoint":
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://user:{SECRET}@127.0.0.1")
    with pytest.raises(SkeldirError) as found:
        await deliver(folder_with(tmp_path / "out", b"rows"), storage_at(address))
    assert found.value.code == code
    assert found.value.cure
    assert not any(secret in str(found.value) for secret in (KEY, "AKIDOTHER", SECRET))
    # A log of it has no answer of the storage in it, which may hold keys.
    assert found.value.__cause__ is None
    assert found.value.__context__ is None or found.value.__suppress_context__
    assert bucket.objects == {}


def test_keys_and_region_that_are_missing_are_named(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigurationInvalid, match="AWS_SECRET_ACCESS_KEY, AWS_REGION in the"):
        storage_at()
