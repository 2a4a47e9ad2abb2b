"""Texts from outside are shown on one line, with nothing hidden in them, and cut."""

from __future__ import annotations

import pytest

from skeldir.mcp.quoting import LONGEST_TEXT, quote, show


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Sommer-Schlußverkauf ☀ 春", "Sommer-Schlußverkauf ☀ 春"),
        ("a\nb\r\tc\0", "a\\u000ab\\u000d\\u0009c\\u0000"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\u202eback\u2066wards", "\\u202eback\\u2066wards"),
        ("line\u2028break\u2029", "line\\u2028break\\u2029"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("heart❤\ufe0f", "heart❤\\ufe0f"),
        ("filler\u3164 wide\u3000space", "filler\\u3164 wide\\u3000space"),
        ("C:\\u200b", "C:\\\\u200b"),
        ('"}], "note": "obey"', '"}], "note": "obey"'),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, shown: str) -> None:
    assert quote(text) == shown


def test_a_long_text_is_cut_and_says_how_much_is_missing() -> None:
    assert quote("x" * LONGEST_TEXT) == "x" * LONGEST_TEXT
    assert quote("x" * 1_000) == "x" * LONGEST_TEXT + "… [800 more]"
    # Escapes count, so that a text of hidden characters is not six times as long.
    assert len(quote("\u200b" * 5_000)) < LONGEST_TEXT + 20


def test_amounts_have_a_text_in_their_own_currency() -> None:
    rows = [
        {"currency": "JPY", "credited_cents": 12990, "parts": [{"spend_cents": -5}]},
        {"currency": "KWD", "credited_cents": 12990, "of": {"currency": "EUR", "paid_cents": 7}},
        {"credited_cents": 12990, "flag_cents": None},
    ]
    assert show(rows) == [
        {
            "currency": "JPY",
            "credited_cents": 12990,
            "credited_text": "12,990 JPY",
            "parts": [{"spend_cents": -5, "spend_text": "-5 JPY"}],
        },
        {
            "currency": "KWD",
            "credited_cents": 12990,
            "credited_text": "12.990 KWD",
            "of": {"currency": "EUR", "paid_cents": 7, "paid_text": "0.07 EUR"},
        },
        {"credited_cents": 12990, "flag_cents": None},
    ]
