"""Workbooks: texts stay texts, money and times are numbers, and what does not fit is refused at the beginning."""

from __future__ import annotations

import asyncio
import csv
import shutil
import zipfile
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest

from skeldir.db.pool import Database
from skeldir.exports import PARTS, Asked, WorkbookTooLarge, write_export
from skeldir.exports.fitting import MOST_ROWS, require_fit
from skeldir.exports.pages import Page
from tests.exports.test_writing import HOSTILE, export, shop
from tests.support.make import make_touch, send_touches

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
CELL = tuple[str, str, str]
"""The type of a cell, its value as it is written, and the format that it is shown in."""


def cells_of(path: Path) -> list[dict[str, CELL]]:
    """Return the rows of a workbook by the names in its first one."""
    with zipfile.ZipFile(path) as book:
        assert book.testzip() is None
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - our own
        styles = ET.fromstring(book.read("xl/styles.xml"))  # noqa: S314 - our own
    assert not list(sheet.iter(f"{MAIN}f")), "there is a formula"
    forms = {one.get("numFmtId"): one.get("formatCode", "") for one in styles.iter(f"{MAIN}numFmt")}
    shown = styles.find(f"{MAIN}cellXfs")
    assert shown is not None
    styled = [forms.get(one.get("numFmtId"), one.get("numFmtId") or "") for one in shown]
    rows: list[dict[str, CELL]] = []
    names: dict[str, str] = {}
    for row in sheet.iter(f"{MAIN}row"):
        cells = {}
        for cell in row:
            place = (cell.get("r") or "").rstrip("0123456789")
            value = "".join(
                part.text or "" for part in cell.iter() if part.tag in (f"{MAIN}v", f"{MAIN}t")
            )
            cells[place] = (cell.get("t") or "n", value, styled[int(cell.get("s") or 0)])
        if not names:
            names = {place: cell[1] for place, cell in cells.items()}
        else:
            rows.append({names[place]: cell for place, cell in cells.items()})
    return rows


def moment_of(serial: str) -> datetime:
    return datetime(1899, 12, 30, tzinfo=UTC) + timedelta(days=float(serial))


async def test_a_workbook_has_the_rows_of_the_csv_with_money_and_times_as_numbers(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    await shop(db, tenant)
    files = await export(db, tenant, tmp_path / "x", format="xlsx")
    await export(db, tenant, tmp_path / "c")
    for one in files:
        with (tmp_path / "c" / f"{one.part}.csv").open(newline="", encoding="utf-8") as file:
            plain = list(csv.DictReader(file))
        rows = cells_of(tmp_path / "x" / one.file)
        assert len(rows) == one.rows == len(plain)
        for row, expected in zip(rows, plain, strict=True):
            for column in PARTS[one.part].columns:
                kind, value, form = row.get(column.name, ("", "", ""))
                if column.kind in ("text", "code", "id"):
                    assert value == expected[column.name]
                elif column.kind == "moment":
                    exact = datetime.fromisoformat(expected[column.name])
                    assert abs(moment_of(value) - exact) <= timedelta(milliseconds=1), (kind, form)
                elif column.kind == "day":
                    assert moment_of(value).date() == date.fromisoformat(expected[column.name])
                else:
                    assert kind in ("", "n")
                    assert (Decimal(value) if value else None) == (
                        Decimal(expected[column.name]) if expected[column.name] else None
                    )
    entries = {row["currency"][1]: row for row in cells_of(tmp_path / "x" / "entries.xlsx")}
    shown = {currency: row["amount"][1:] for currency, row in entries.items()}
    assert shown == {"JPY": ("1005", "1"), "KWD": ("1.006", "0.000"), "EUR": ("-3.34", "0.00")}


TEXTS = [*HOSTILE, "https://example.com", "0012", "_x0041_", "a\u0301 \U0001f600"]


async def write_texts(db: Database, tenant: UUID, folder: Path) -> Path:
    """Export touches whose campaigns are TEXTS; return the workbook."""
    for number, text in enumerate(TEXTS):
        await send_touches(db, tenant, make_touch(idempotency_key=f"t{number:02}", campaign=text))
    await export(db, tenant, folder, parts=("touches",), format="xlsx")
    return folder / "touches.xlsx"


async def test_no_text_of_a_workbook_is_a_formula_a_number_or_a_link(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    rows = cells_of(await write_texts(db, tenant, tmp_path / "x"))
    assert {row["campaign"][0] for row in rows} == {"inlineStr"}
    written = ["_x005F_x0041_" if text == "_x0041_" else text for text in TEXTS]
    assert [row["campaign"][1] for row in rows] == written


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
async def test_libreoffice_reads_the_texts_of_a_workbook_and_runs_none(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    book = await write_texts(db, tenant, tmp_path / "x")
    profile = f"-env:UserInstallation={(tmp_path / 'office').as_uri()}"
    as_utf8 = "csv:Text - txt - csv (StarCalc):44,34,76"
    done = await asyncio.create_subprocess_exec(
        *("soffice", "--headless", profile, "--convert-to", as_utf8),
        *("--outdir", str(tmp_path), str(book)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert await asyncio.wait_for(done.wait(), 120) == 0
    with (tmp_path / "touches.csv").open(newline="", encoding="utf-8") as file:
        assert [row["campaign"] for row in csv.DictReader(file)] == TEXTS


async def pages(*columns: dict[str, Sequence[Any]]) -> AsyncIterator[Page]:
    for one in columns:
        yield Page(len(next(iter(one.values()))), one)


async def test_what_does_not_fit_is_refused_before_anything_is_written(
    db: Database, tenant: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = PARTS["journeys"]
    fits: dict[str, Sequence[Any]] = {
        "order_id": ["o"],
        "place": [10**15 - 1],
        "channel": ["\U0001f600" * 16_383 + "x"],
        "touched_at": [0],
        "converted_at": [0],
    }
    await require_fit(part, pages(fits))
    for odd in ({"place": [10**15]}, {"place": [-(10**15)]}, {"channel": ["\U0001f600" * 16_384]}):
        with pytest.raises(WorkbookTooLarge):
            await require_fit(part, pages(fits, fits | odd))
    many = {name: values * (MOST_ROWS // 2) for name, values in (fits | {"channel": ["x"]}).items()}
    await require_fit(part, pages(many, many))
    with pytest.raises(WorkbookTooLarge):
        await require_fit(part, pages(many, many, fits))
    await shop(db, tenant)
    monkeypatch.setattr("skeldir.exports.fitting.MOST_ROWS", 4)
    async with db.tenant(tenant, is_read_only=True) as connection:
        with pytest.raises(WorkbookTooLarge):
            await write_export(connection, tmp_path / "x", Asked(tenant, ("entries",), "xlsx"))
    assert not (tmp_path / "x").exists()
