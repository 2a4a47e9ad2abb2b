"""Files of rates: the ECB's shapes are read as they are; what is open or changed is asked about or refused."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from skeldir.errors import SkeldirError
from skeldir.rates import DecimalMark, Rate, StatedRates, read_rates_file
from tests.support.rate_files import HISTORY, ONE_DAY, PLAIN, PORTAL, SERIES

Mend = Callable[[str], str]


def read(
    folder: Path,
    text: str | bytes,
    source: str = "ecb",
    base: str | None = None,
    mark: DecimalMark | None = None,
) -> StatedRates:
    file = folder / "rates.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_rates_file(file, source, base=base, mark=mark)


FRIDAY = date(2026, 9, 4)


def test_the_history_of_the_ecb_is_read_without_cells_that_are_empty(tmp_path: Path) -> None:
    stated = read(tmp_path, HISTORY)
    assert (stated.base, len(stated.rates), stated.empty) == ("EUR", 11, 1)
    assert stated.left_out == ("CYP", "HRK")
    assert Rate("JPY", FRIDAY, Decimal("160.15")) in stated.rates
    assert [rate.day.day for rate in stated.rates if rate.quote == "JPY"] == [4, 3]


def test_the_file_of_one_day_is_read_with_its_day_in_words(tmp_path: Path) -> None:
    stated = read(tmp_path, ONE_DAY)
    assert {rate.day for rate in stated.rates} == {FRIDAY}
    assert Rate("GBP", FRIDAY, Decimal("0.8443")) in stated.rates


def test_series_of_the_data_portal_are_read(tmp_path: Path) -> None:
    stated = read(tmp_path, PORTAL)
    assert (stated.base, stated.empty) == ("EUR", 1)
    assert max(stated.rates) == Rate("USD", FRIDAY, Decimal("1.085"))
    assert len(stated.rates) == 3


def test_columns_of_the_data_portal_are_read_by_the_keys_of_their_series(tmp_path: Path) -> None:
    stated = read(tmp_path, SERIES)
    assert (stated.base, len(stated.rates), stated.empty) == ("EUR", 3, 1)
    assert Rate("JPY", FRIDAY, Decimal("160.15")) in stated.rates


def test_a_plain_table_says_which_currency_a_rate_is_for_one_unit_of(tmp_path: Path) -> None:
    stated = read(tmp_path, PLAIN, "treasury")
    assert (stated.base, max(stated.rates)) == ("EUR", Rate("USD", FRIDAY, Decimal("1.085")))
    semicolons = PLAIN.replace(",", ";").replace(".", ",")
    assert read(tmp_path, semicolons, "treasury", mark=",") == stated
    assert read(tmp_path, "\ufeff" + PLAIN.replace("\n", "\r\n"), "treasury") == stated
    assert read(tmp_path, PLAIN.encode("utf-16"), "treasury") == stated


def test_a_table_of_another_source_needs_its_base(tmp_path: Path) -> None:
    with pytest.raises(SkeldirError, match=r"^rate_base_open"):
        read(tmp_path, HISTORY, "bank")
    assert read(tmp_path, HISTORY, "bank", base="CHF").base == "CHF"


def test_an_archive_with_one_csv_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "rates.zip", "w") as archive:
        archive.writestr("eurofxref-hist.csv", HISTORY)
    assert read_rates_file(tmp_path / "rates.zip", "ecb") == read(tmp_path, HISTORY)
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.csv", HISTORY)
        archive.writestr("b.csv", HISTORY)
    with pytest.raises(SkeldirError, match=r"^rates_refused"):
        read_rates_file(tmp_path / "two.zip", "ecb")


def change(old: str, new: str) -> Mend:
    def mend(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return mend


MUTATIONS: list[tuple[str, Mend, str]] = [
    (HISTORY, change("1.0827", "1,0827"), "rates_refused"),
    (HISTORY, change("1.0827", '"1,0827"'), "rate_mark_open"),
    (HISTORY, change("1.0827", "0"), "rate_unreadable"),
    (HISTORY, change("1.0827", "-1.0827"), "rate_unreadable"),
    (HISTORY, change("1.0827", "1.08E+00"), "rate_unreadable"),
    (HISTORY, change("1.0827", "#N/A"), "rate_unreadable"),
    (HISTORY, change("1.0827", "1 082.7"), "rate_unreadable"),
    (HISTORY, change("1.0827", "$1.0827"), "rate_unreadable"),
    (HISTORY, change("2026-09-03", "03/09/2026"), "rate_unreadable"),
    (HISTORY, change("2026-09-03", "46268"), "rate_unreadable"),
    (HISTORY, change("2026-09-03", "2026-09-04"), "rate_repeated"),
    (HISTORY, change("2026-09-04", "2126-09-04"), "rate_unreadable"),
    (HISTORY, change("GBP", "USD"), "rate_repeated"),
    (HISTORY, change("GBP", "GPB"), "rate_unreadable"),
    (HISTORY, change("Date", "Period"), "rates_refused"),
    (HISTORY, lambda text: text[:-20], "rates_refused"),
    (HISTORY, lambda text: text.partition("\n")[0], "rates_refused"),
    (HISTORY, lambda text: text.replace(",", ";").replace(".", ","), "rate_mark_open"),
    (ONE_DAY, change("04 September 2026", "04 Sept 2026"), "rate_unreadable"),
    (ONE_DAY, change("04 September 2026", "4 9 2026"), "rate_unreadable"),
    (PORTAL, change(",D,USD", ",M,USD"), "rates_refused"),
    (PORTAL, change("SP00,A,2026-09-03", "EN00,A,2026-09-03"), "rates_refused"),
    (PORTAL, change("D,USD,EUR", "D,USD,GBP"), "rates_refused"),
    (PORTAL, change("D,USD,EUR", "D,GBP,EUR"), "rates_refused"),
    (PORTAL, change("2026-09-03", "2026-09"), "rate_unreadable"),
    (PORTAL, change("OBS_VALUE", "VALUE"), "rates_refused"),
    (SERIES, change("EXR.D.USD", "EXR.M.USD"), "rates_refused"),
    (SERIES, change("D.JPY.EUR", "D.USD.EUR"), "rate_repeated"),
    (SERIES, change('"03 Sep 2026",', ""), "rates_refused"),
    (PLAIN, change("day,base,quote,rate", "day,currency,rate,source"), "rate_base_open"),
    (PLAIN, change("EUR,USD", "USD,EUR"), "rates_refused"),
    (PLAIN, change("2026-09-03,EUR", "2026-09-03,eur"), "rate_unreadable"),
    (PLAIN, change("1.0827", "1.0827.1"), "rate_unreadable"),
    (PLAIN, change("1.0827", "1.0827123456789"), "rate_unreadable"),
]


@pytest.mark.parametrize(("text", "mend", "code"), MUTATIONS)
def test_a_changed_file_is_asked_about_or_refused(
    tmp_path: Path, text: str, mend: Mend, code: str
) -> None:
    with pytest.raises(SkeldirError) as raised:
        read(tmp_path, mend(text), "treasury" if text is PLAIN else "ecb")
    assert raised.value.code == code
    assert raised.value.cure
