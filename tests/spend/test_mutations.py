"""An export that was cut, edited or misread gives a question or a refusal, and never another number."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from skeldir.errors import SkeldirError
from skeldir.spend import totals_of
from skeldir.spend.files import Options, read_export
from tests.support.ad_exports import META, SAMPLES, Sample

Change = Callable[[str], str]


def without_column(name: str, delimiter: str = ",") -> Change:
    """Cut a column out of a text without quotes around that delimiter."""

    def change(text: str) -> str:
        lines = text.split("\n")
        header = next(n for n, line in enumerate(lines) if name in line.split(delimiter))
        place = lines[header].split(delimiter).index(name)
        parts = [
            re.split(rf'{re.escape(delimiter)}(?=(?:[^"]*"[^"]*")*[^"]*$)', line) for line in lines
        ]
        cut = [
            delimiter.join(cells[:place] + cells[place + 1 :])
            if number >= header and len(cells) > place
            else line
            for number, (line, cells) in enumerate(zip(lines, parts, strict=True))
        ]
        return "\n".join(cut)

    return change


def swap(before: str, after: str) -> Change:
    return lambda text: text.replace(before, after)


def swap_marks(text: str) -> str:
    return re.sub(r'"?(?<![-/0-9])([0-9]+(?:,[0-9]{3})*\.[0-9]{2})"?(?![0-9])', _swapped, text)


def _swapped(found: re.Match[str]) -> str:
    return '"' + found[1].replace(",", "_").replace(".", ",").replace("_", ".") + '"'


def cut_last(characters: int) -> Change:
    return lambda text: text[:-characters]


def drop_line(beginning: str) -> Change:
    return lambda text: "".join(
        line for line in text.splitlines(keepends=True) if not line.startswith(beginning)
    )


def hide_marks(text: str, mark: str = ".") -> str:
    hidden = text.replace("1\u202f234,56", f"1{mark}234").replace("65,44", f"5{mark}678")
    return hidden.replace("4\u202f000", "40")


META_ROW = META.splitlines(keepends=True)[-1]
SUBTOTAL = "2026-09-14;Total;;5550002;14/09/2026;65,44;900\n"
OTHER_CURRENCY = ("Shop,Retarget,5901,Mobile,EUR", "Shop 2,Retarget,5902,Mobile,USD")
REFUSED: dict[str, tuple[str, Change, str]] = {
    "no day": ("google", without_column("Day"), "days_missing"),
    "no day at meta": ("meta", without_column("Day"), "days_missing"),
    "no day at tiktok": ("tiktok", without_column("By Day"), "days_missing"),
    "no cost": ("google", without_column("Cost"), "platform_open"),
    "no campaign": ("tiktok", lambda t: swap("Campaign ID", "x")(swap("Campaign name", "y")(t)), "platform_open"),
    "no currency": ("tiktok", without_column("Currency"), "currency_open"),
    "no currency in the header": ("meta", swap("Amount spent (USD)", "Amount spent"), "currency_open"),
    "no account": ("meta", without_column("Account ID"), "account_open"),
    "unknown currency": ("google", swap(",EUR,", ",EUX,"), "export_row_unreadable"),
    "mixed currencies": ("google", swap("EUR,66", "USD,66"), "spend_currency_contradicted"),
    "another sign": ("reddit", swap("$79.50", "€79.50"), "spend_currency_contradicted"),
    "decimals of a currency without": ("tiktok", swap(",EUR", ",JPY"), "spend_currency_contradicted"),
    "a control character": ("tiktok", swap("Autumn", "Au\x00tumn"), "export_row_unreadable"),
    "a missing day": ("google", swap("2026-09-02,", ","), "export_row_unreadable"),
    "a day that cannot be": ("google", swap("2026-09-02", "2026-13-02"), "export_row_unreadable"),
    "a day of the future": ("google", swap("2026-09-02", "2062-09-02"), "export_row_unreadable"),
    "a lost row": ("google", drop_line("2026-09-02"), "rows_missing"),
    "a lost row at meta": ("meta", swap(META_ROW, ""), "rows_missing"),
    "a lost row at microsoft": ("microsoft", drop_line('"2026-09-02"'), "rows_missing"),
    "a wrong total": ("tiktok", swap("100.50", "100.60"), "rows_missing"),
    "a wrong total of impressions": ("tiktok", swap("12000", "12001"), "rows_missing"),
    "a row twice": ("meta in french", lambda t: t + t.splitlines(keepends=True)[-1], "rows_repeated"),
    "a row cut off": ("meta in french", cut_last(10), "export_row_unreadable"),
    "a cell cut off": ("meta in french", cut_last(2), "end_open"),
    "a week": ("microsoft", swap("Aggregation: Daily", "Aggregation: Weekly"), "days_missing"),
    "words for a number": ("tiktok", swap("20.50", "twenty"), "export_row_unreadable"),
    "a spreadsheet's error": ("tiktok", swap("20.50", "#REF!"), "export_row_unreadable"),
    "one cell with another mark": ("google", swap(",66.67,", ',"66,67",'), "amounts_open"),
    "marks that nothing shows": ("meta in french", hide_marks, "amounts_open"),
    "commas for either": ("meta in french", lambda t: hide_marks(t, ","), "amounts_open"),
    "days that nothing shows": ("meta in french", lambda t: re.sub("1([34])/09", r"0\1/09", t), "dates_open"),
    "days of two orders": ("meta in french", swap("14/09/2026", "09/14/2026"), "dates_open"),
    "a period for a day": ("meta in french", swap("14/09/2026", "13/09/2026 - 14/09/2026"), "export_row_unreadable"),
    "an open quote": ("google", swap('"1,033.33"', '"1,033.33'), "export_row_unreadable"),
    "two columns of costs": ("tiktok", swap("Cost,Impressions", "Cost,Cost"), "columns_missing"),
    "a cost that is not known": ("amazon", swap("19.90,800", ",800"), "rows_missing"),
    "an unknown cost": ("amazon", lambda t: drop_line("Grand")(t.replace("19.90,", ",")), "export_refused"),
    "no id in a row": ("google", swap("02,Brand,1042,", "02,Brand,,"), "export_row_unreadable"),
    "subtotals by day": ("meta in french", lambda t: t + SUBTOTAL, "export_row_unreadable"),
    "nothing but its header": ("pinterest", lambda t: t.splitlines(keepends=True)[0], "export_refused"),
    "an id that a spreadsheet rounded": ("google", swap(",1042,", ",1.20211E+17,"), "export_row_unreadable"),
    "an id with decimals": ("google", swap(",1042,", ",1042.0,"), "export_row_unreadable"),
    "a total over currencies": ("amazon", swap(*OTHER_CURRENCY), "export_refused"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_changed_export_gives_a_question_or_a_refusal(name: str, tmp_path: Path) -> None:
    sample, change, code = REFUSED[name]
    path = SAMPLES[sample].write(tmp_path, change)
    with pytest.raises(SkeldirError) as caught:
        read_export(path, SAMPLES[sample].options)
    assert caught.value.code == code, caught.value
    assert caught.value.cure.strip()
    assert caught.value.detail.strip()


@pytest.mark.parametrize("name", ["google", "tiktok", "amazon", "microsoft"])
def test_swapped_decimal_marks_are_read_as_they_are_written_or_asked_about(
    name: str, tmp_path: Path
) -> None:
    sample = SAMPLES[name]
    path = sample.write(tmp_path, swap_marks)
    code, totals = "", sample.totals
    try:
        totals = totals_of(read_export(path, sample.options).days)
    except SkeldirError as error:
        code = error.code
    assert totals == sample.totals
    assert code in ("", "amounts_open", "rows_missing", "export_row_unreadable")


def test_a_name_for_another_platform_is_refused_where_the_columns_are_of_a_known_one(
    tmp_path: Path,
) -> None:
    sample = SAMPLES["google"].having(platform="google", channel="paid_search")
    with pytest.raises(SkeldirError) as caught:
        read_export(sample.write(tmp_path), sample.options)
    assert caught.value.code == "platform_open"
    assert "--platform google_ads" in caught.value.cure


def test_an_account_that_the_file_does_not_name_is_refused(tmp_path: Path) -> None:
    google = SAMPLES["google"]
    path = google.write(tmp_path)
    assert read_export(path, Options(account="877-953-6058")).days
    with pytest.raises(SkeldirError) as caught:
        read_export(path, Options(account="877-953-6059"))
    assert caught.value.code == "account_open"


def test_a_currency_that_contradicts_the_header_is_refused(tmp_path: Path) -> None:
    sample = SAMPLES["meta"].having(currency="EUR")
    with pytest.raises(SkeldirError) as caught:
        read_export(sample.write(tmp_path), sample.options)
    assert caught.value.code == "spend_currency_contradicted"


@pytest.mark.parametrize(
    ("name", "change", "options"),
    [
        ("no account", without_column("Account ID"), {"account": "5550001"}),
        ("no currency", swap("Amount spent (USD)", "Amount spent"), {"currency": "USD"}),
    ],
)
def test_an_answer_to_the_question_gives_the_same_days(
    name: str, change: Change, options: dict[str, str], tmp_path: Path
) -> None:
    sample = SAMPLES["meta"]
    whole = read_export(sample.write(tmp_path), sample.options)
    answered = read_export(sample.write(tmp_path, change), Options(**options))  # type: ignore[arg-type]  # by name
    assert answered.days == whole.days, name


@pytest.mark.parametrize("name", ["google", "tiktok"])
def test_no_beginning_of_an_export_gives_another_number(name: str, tmp_path: Path) -> None:
    """Wherever a file is cut off, it is refused, or its days are some of the whole file's with their figures."""
    sample = SAMPLES[name]
    whole = {d.key: d.figures for d in read_export(sample.write(tmp_path), sample.options).days}
    read = 0
    for end in range(1, len(sample.text) - 1):
        try:
            export = read_export(Sample(sample.text[:end], "", {}, 0).write(tmp_path), Options())
        except SkeldirError:
            continue
        read += 1
        assert len(export.days) == len(whole) or not export.is_checked
        for day in export.days:
            assert day.figures == whole[day.key], end
    assert read


AD_SETS = "Campaign name,Campaign ID,Ad set name,Day,Account ID,Amount spent (USD)\n"
PARTS = "A,1,S1,2026-09-13,5,5.00\nA,1,S2,2026-09-13,5,5.00\n"
RADIO = "day,campaign,cost,account,currency,channel\n2026-09-13,A,12.50,1,EUR,display\n"


@pytest.mark.parametrize("part", ["", "All"])
def test_a_campaign_beside_its_ad_sets_is_not_counted_twice(part: str, tmp_path: Path) -> None:
    path = tmp_path / "meta.csv"
    path.write_text(AD_SETS + PARTS)
    assert totals_of(read_export(path, Options()).days) == {"USD": 1_000}
    path.write_text(f"{AD_SETS}A,1,{part},2026-09-13,5,10.00\n{PARTS}")
    with pytest.raises(SkeldirError) as caught:
        read_export(path, Options())
    assert caught.value.code == "export_refused"
    path.write_text(f"{AD_SETS}A,1,{part},2026-09-13,5,10.00\n{PARTS}Total,,,,,20.00\n")
    assert totals_of(read_export(path, Options()).days) == {"USD": 2_000}


def test_rows_of_one_campaign_and_day_in_two_channels_are_refused(tmp_path: Path) -> None:
    path, options = tmp_path / "radio.csv", Options(platform="radio")
    path.write_text(RADIO + "2026-09-13,A,2.50,1,EUR,display\n")
    assert totals_of(read_export(path, options).days) == {"EUR": 1_500}
    path.write_text(RADIO + "2026-09-13,A,2.50,1,EUR,affiliates\n")
    with pytest.raises(SkeldirError) as caught:
        read_export(path, options)
    assert caught.value.code == "export_refused"


def test_a_page_of_an_api_that_was_appended_twice_is_refused(tmp_path: Path) -> None:
    """Rows of two ads may cost the same; rows that are equal in every field are one row twice."""
    path = tmp_path / "meta.json"
    row: dict[str, object] = {
        "date_start": "2026-09-13",
        "date_stop": "2026-09-13",
        "campaign_id": "1",
        "account_id": "5",
        "account_currency": "EUR",
        "spend": "1.00",
        "ad_id": "7",
        "actions": [{"action_type": "purchase", "value": "1"}],
    }
    path.write_text(json.dumps([row, {**row, "ad_id": "8"}]))
    assert totals_of(read_export(path, Options()).days) == {"EUR": 200}
    path.write_text(json.dumps([row, row]))
    with pytest.raises(SkeldirError) as caught:
        read_export(path, Options())
    assert caught.value.code == "rows_repeated"


def test_an_id_that_became_a_fraction_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "radio.json"
    row = {"day": "2026-09-13", "campaign_id": 120211000000000123.0, "cost": 1.5, "account": "1"}
    path.write_text(json.dumps([row]))
    with pytest.raises(SkeldirError) as caught:
        read_export(path, Options(platform="radio", currency="EUR", channel="display"))
    assert caught.value.code == "export_row_unreadable"
