"""Whatever the locale, the currency, the format and the order of its columns: a file never has another total."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from skeldir.ingest.canonical import read_conversion
from skeldir.ingest.files import MappingInvalid, recognise_columns
from skeldir.ingest.files.items import ItemMaker
from skeldir.ingest.rejections import ItemRejected
from skeldir.money import format_minor

NOW = datetime(2026, 1, 1, tzinfo=UTC)
# Decimal mark, thousands separator, and how dates are written.
LOCALES = {
    "en-US": (".", ",", "%m/%d/%Y %I:%M:%S %p"),
    "en-GB": (".", ",", "%d/%m/%Y, %H:%M:%S"),
    "de": (",", ".", "%d.%m.%Y %H:%M:%S"),
    "de-CH": (".", "\u2019", "%d.%m.%Y, %H:%M:%S"),
    "fr": (",", "\u202f", "%d/%m/%Y %H:%M:%S"),
    "sv": (",", "\u00a0", "%Y-%m-%d %H:%M:%S"),
    "ja": (".", ",", "%Y/%m/%d %H:%M:%S"),
    "ISO": (".", "", "%Y-%m-%dT%H:%M:%SZ"),
    "RFC": (".", "", "%a, %d %b %Y %H:%M:%S +0000"),
    "reader": (".", ",", "%b %d, %Y, %I:%M:%S %p"),
}
SIGNS = {"USD": ("$", "USD"), "EUR": ("€", "EUR"), "JPY": ("¥", "JPY"), "KWD": ("KWD", "KWD")}
MINUSES = ("-{}", "({})", "{}-", "\u2212{}")
NAMES = ("order_id", "created_at", "total", "currency")
Order = tuple[int, datetime]


def write_amount(units: int, currency: str, locale: str, sign: int, minus: str) -> str:
    mark, group, _ = LOCALES[locale]
    text = format_minor(abs(units), currency)
    text = text.replace(".", "\0").replace(",", group).replace("\0", mark)
    text = (text, f"{SIGNS[currency][0]}{text}", f"{text} {SIGNS[currency][1]}")[sign]
    return minus.format(text) if units < 0 else text


def take(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Order] | None:
    """Return the signed amounts and moments that the rows give, or None if something is asked or rejected."""
    given: dict[str, object] = {"kind_by_sign": True, "time_zone": "UTC"}
    try:
        mapping, _ = recognise_columns(header, rows, given)
    except MappingInvalid:
        return None
    places = [header.index(name) for name in mapping.wanted]
    cells = [[row[place] for place in places] for row in rows]
    batch = ItemMaker(mapping, secret=b"x", cells_are_text=True).next_batch(
        iter(enumerate(cells, 1)), len(cells)
    )
    assert batch is not None
    try:
        read = [read_conversion(item, now=NOW) for item in batch.orders.items]
    except ItemRejected:
        return None
    return [(entry.amount_cents, entry.occurred_at) for entry in read]


SOME_TIMES = st.datetimes(datetime(2001, 1, 1), datetime(2025, 1, 1))  # noqa: DTZ001 - UTC is set below


@given(
    orders=st.lists(st.tuples(st.integers(-(10**7), 10**9), SOME_TIMES), min_size=1, max_size=6),
    locale=st.sampled_from(sorted(LOCALES)),
    currency=st.sampled_from(sorted(SIGNS)),
    names=st.permutations(NAMES),
    sign=st.integers(0, 2),
    minus=st.sampled_from(MINUSES),
)
def test_a_file_of_any_locale_is_read_exactly_or_asked_about(
    orders: list[tuple[int, datetime]],
    locale: str,
    currency: str,
    names: list[str],
    sign: int,
    minus: str,
) -> None:
    moments = [(units, at.replace(microsecond=0, tzinfo=UTC)) for units, at in orders]
    rows = [
        {
            "order_id": f"A-{number}",
            "created_at": at.strftime(LOCALES[locale][2]),
            "total": write_amount(units, currency, locale, sign, minus),
            "currency": currency,
        }
        for number, (units, at) in enumerate(moments)
    ]
    assert take(names, [[row[name] for name in names] for row in rows]) in (None, moments)


def test_an_ordinary_file_of_each_locale_is_read_without_a_question() -> None:
    start = datetime(2024, 1, 13, 9, 15, tzinfo=UTC)
    moments = [(125_050 + number, start + timedelta(days=7 * number)) for number in range(10)]
    for locale in LOCALES:
        for currency in ("USD", "EUR"):
            rows = [
                [
                    f"A-{number}",
                    at.strftime(LOCALES[locale][2]),
                    write_amount(units, currency, locale, 1, "-{}"),
                    currency,
                ]
                for number, (units, at) in enumerate(moments)
            ]
            assert take(NAMES, rows) == moments, locale
