"""The exports of `bench_scale` are the same in every run, in time order, and as large as asked."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bench.scale.shops import Shop, Span, amount_of, shares, write_refunds, write_visits
from skeldir.db.ids import new_id

SPAN = Span(date(2026, 3, 1), date(2026, 3, 11))


def make_shop(share: float = 1.0) -> Shop:
    return Shop(3, new_id(), share)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_shares_follow_zipfs_law_and_add_up() -> None:
    found = shares(1_000, 1.0)
    assert sum(found) == pytest.approx(1.0)
    assert found[0] / found[1] == pytest.approx(2.0)
    assert found[0] / found[999] == pytest.approx(1_000.0)


def test_a_round_continues_where_the_last_one_ended(tmp_path: Path) -> None:
    shop, first, second = make_shop(), *SPAN.parts(2)
    assert write_visits(tmp_path / "a.csv", shop, first, 40, 10.0, 10) == 40
    assert write_visits(tmp_path / "b.csv", shop, second, 100, 10.0, 10) == 60
    rows = read(tmp_path / "a.csv") + read(tmp_path / "b.csv")
    assert [row["key"] for row in rows] == [f"t-{n}" for n in range(100)]
    assert [row["order"] for row in rows if row["order"]] == [f"o-{n}" for n in range(9, 100, 10)]
    moments = [datetime.fromisoformat(row["at"]) for row in rows]
    assert moments == sorted(moments)
    assert (moments[0].date(), moments[40].date()) == (SPAN.start, second.start)
    assert moments[-1] < datetime(2026, 3, 11, tzinfo=UTC)
    assert write_visits(tmp_path / "c.csv", shop, second, 100, 10.0, 10) == 0


def test_the_rows_are_the_same_in_every_run(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_visits(tmp_path / name, make_shop(), SPAN, 200, 20.0, 10)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    visitors = {row["visitor"] for row in read(tmp_path / "a")}
    assert 20 < len(visitors) < 60  # about eight touches each


def test_a_refund_is_a_part_of_its_order(tmp_path: Path) -> None:
    assert write_refunds(tmp_path / "r.csv", SPAN.start, [9, 19]) == 2
    rows = read(tmp_path / "r.csv")
    assert [(row["order"], row["kind"]) for row in rows] == [("o-9", "refund"), ("o-19", "refund")]
    assert 0 < int(rows[0]["amount"]) < amount_of(9)


def test_the_parts_of_a_span_are_its_days() -> None:
    parts = SPAN.parts(3)
    assert [part.days for part in parts] == [3, 3, 4]
    assert (parts[0].start, parts[-1].end) == (SPAN.start, SPAN.end)
