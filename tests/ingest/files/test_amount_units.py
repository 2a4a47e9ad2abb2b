"""Whether amounts are major or minor units, and what the first rows of a long file leave open."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from skeldir.ingest.files import choose_mapping
from skeldir.ingest.files.amount_evidence import gather_amounts, settle_unit
from skeldir.ingest.files.amounts import amount_reader
from skeldir.ingest.rejections import ItemRejected


@pytest.mark.parametrize("first", ["12.50", 12.5])
@pytest.mark.parametrize("later", ["1,250", "-1,250", "1,250 EUR"])
@pytest.mark.parametrize("has_mapping", [False, True])
def test_an_amount_that_the_first_rows_leave_open_is_refused(
    first: object, later: str, tmp_path: Path, *, has_mapping: bool
) -> None:
    """A later 1,25 would make it 1.25: the decimal mark of the first thousand rows is not that of all."""
    rows = [
        {"order_id": f"K-{n}", "created_at": "2026-06-01T10:00:00Z", "amount": amount}
        for n, amount in enumerate([*[first] * 1_000, later])
    ]
    path = tmp_path / "orders.json"
    path.write_text(json.dumps(rows))
    map_file = None
    if has_mapping:
        map_file = tmp_path / "orders.toml"
        map_file.write_text(
            'kind = "conversions"\namount_unit = "major"\n[columns]\norder_id = "order_id"\n'
            'amount = "amount"\noccurred_at = "created_at"\n'
        )

    def read_last(**flags: object) -> object:
        given = {"currency": "EUR", **flags}
        chosen = choose_mapping(path, kind="conversions", map_file=map_file, flags=given)
        mapping = chosen.mapping
        read = amount_reader("major", mapping.decimal_mark, is_mark_sampled=mapping.is_mark_sampled)
        assert read(first, "EUR") == 1250
        return read(later, "EUR")

    with pytest.raises(ItemRejected, match="Set decimal_mark"):
        read_last()
    assert abs(int(str(read_last(decimal_mark=".")))) == 125_000


def test_amounts_in_groups_that_have_one_reading_are_read_in_a_long_file() -> None:
    read = amount_reader("major", ".", is_mark_sampled=True)
    for text in ("1,250.00", "1'250", "1 250", "1,250,000", "1250", "1250.00"):
        assert read(text, "EUR") == amount_reader("major", ".")(text, "EUR")


@pytest.mark.parametrize("cells", [["1250.0", "990.0"], [1250.0, 990.0], [1250, 990.0], ["1250"]])
def test_cents_written_as_floats_are_asked_about(cells: list[object]) -> None:
    """Programs write whole numbers of a column with empty cells as 1250.0."""
    found = gather_amounts(cells, None)
    (question,) = settle_unit("amount", found).questions
    assert "major units" in question
    for name in ("amount_cents", "Amount (cents)", "amountInCents", "amount_minor"):
        assert settle_unit(name, found).settings == {"amount_unit": "minor"}


@pytest.mark.parametrize(
    "cells", [["1250.00"], ["1250.0", "12.5"], [12.5], ["12,50"], ["1.250,00"]]
)
def test_decimals_show_major_units_unless_the_name_contradicts(cells: list[object]) -> None:
    found = gather_amounts(cells, None)
    assert settle_unit("amount", found).settings == {"amount_unit": "major"}
    assert settle_unit("amount_cents", found).questions
