"""`--set`: a line of a mapping on the command line."""

from __future__ import annotations

import pytest
import typer

from skeldir.cli.import_flags import settings_of_flags


def test_lines_of_a_mapping_are_settings_and_named_flags_go_before_them() -> None:
    lines = [
        'time_format = "day_first"',
        "kind_by_sign = true",
        'kinds."Website Payment" = "capture"',
        'columns.order_id = ["a", "b"]',
        'currency = "USD"',
    ]
    settings = settings_of_flags("EUR", None, None, column=["amount=Gross"], lines=lines)
    assert settings == {
        "time_format": "day_first",
        "kind_by_sign": True,
        "kinds": {"Website Payment": "capture"},
        "columns": {"order_id": ["a", "b"], "amount": "Gross"},
        "currency": "EUR",
    }


def test_a_line_without_quotes_is_refused_by_the_name_of_the_option() -> None:
    with pytest.raises(typer.BadParameter, match="time_format=day_first is not TOML"):
        settings_of_flags(None, None, None, lines=["time_format=day_first"])
