"""Every raw item becomes a fact or is rejected with a specific code."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, TypeVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from skeldir.ingest.canonical import (
    Conversion,
    Touch,
    hash_journey_key,
    read_conversion,
    read_touch,
)
from skeldir.ingest.channels import COMMON_CHANNELS, RESERVED_CHANNELS
from skeldir.ingest.fields import CONVERSION_FIELDS, EARLIEST, MAX_CLOCK_SKEW, TOUCH_FIELDS
from skeldir.ingest.rejections import CURES, ItemRejected, UnreadableItem
from skeldir.money import CURRENCIES, LARGEST_MINOR_UNITS
from tests.support.hostile import NO_TEXT, json_items, json_values
from tests.support.make import make_conversion, make_touch

Fact = TypeVar("Fact", Touch, Conversion)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
OWN = frozenset({"town_crier"})
ABSENT = object()
HUGE = 10**5_000
"""More digits than Python prints: putting it into a message fails."""
DEEP: list[Any] = []
for _ in range(10_000):
    DEEP = [DEEP]

# Codes that do not come from `canonical`, but from the readers of bodies and files and from the ledger.
RAISED_ELSEWHERE = {"json_invalid", "row_malformed", "encoding_invalid", "currency_contradicted"}
RAISED_ELSEWHERE |= {"idempotency_key_reused", "state_unknown", "refund_unknown", "refund_smaller"}
RAISED_ELSEWHERE |= {"compression_invalid", "key_differs", "event_unnamed", "message_type_unknown"}
RAISED_ELSEWHERE |= {"path_invalid", "count_invalid", "value_without_conversions"}


def touch(**fields: object) -> Touch:
    item = {name: value for name, value in make_touch(**fields).items() if value is not ABSENT}
    return read_touch(item, now=NOW, own_channels=OWN)


def conversion(**fields: object) -> Conversion:
    item = {name: value for name, value in make_conversion(**fields).items() if value is not ABSENT}
    return read_conversion(item, now=NOW)


def code_of_touch(**fields: object) -> str:
    with pytest.raises(ItemRejected) as caught:
        touch(**fields)
    return caught.value.item_code


def code_of_conversion(**fields: object) -> str:
    with pytest.raises(ItemRejected) as caught:
        conversion(**fields)
    return caught.value.item_code


TOUCH_FAULTS: list[tuple[str, dict[str, object]]] = [
    ("idempotency_key_missing", {"idempotency_key": ABSENT}),
    ("idempotency_key_missing", {"idempotency_key": None}),
    ("idempotency_key_missing", {"idempotency_key": ""}),
    ("idempotency_key_invalid", {"idempotency_key": 7}),
    ("idempotency_key_invalid", {"idempotency_key": "   "}),
    ("idempotency_key_invalid", {"idempotency_key": "k" * 201}),
    ("idempotency_key_invalid", {"idempotency_key": "a\x00b"}),
    ("idempotency_key_invalid", {"idempotency_key": "a\nb"}),
    ("idempotency_key_invalid", {"idempotency_key": "half \ud83d"}),
    ("occurred_at_missing", {"occurred_at": ABSENT}),
    ("occurred_at_invalid", {"occurred_at": "yesterday"}),
    ("occurred_at_invalid", {"occurred_at": 1_780_000_000}),
    ("occurred_at_invalid", {"occurred_at": "2026-05-01"}),
    ("occurred_at_invalid", {"occurred_at": "2026-02-30T12:00:00Z"}),
    ("occurred_at_invalid", {"occurred_at": "2026-05-01T12:00:00+24:00"}),
    ("occurred_at_invalid", {"occurred_at": "2026-05-01T12:00:00Z" + " " * 40}),
    ("occurred_at_without_offset", {"occurred_at": "2026-05-01T12:00:00"}),
    ("occurred_at_without_offset", {"occurred_at": "2026-05-01T12:00:00.5"}),
    ("occurred_at_without_offset", {"occurred_at": datetime(2026, 5, 1)}),  # noqa: DTZ001 - the fault
    ("occurred_at_in_the_future", {"occurred_at": "2026-06-01T12:10:01Z"}),
    ("occurred_at_in_the_future", {"occurred_at": "9999-12-31T23:59:59-23:59"}),
    ("occurred_at_too_early", {"occurred_at": "1999-12-31T23:59:59Z"}),
    ("occurred_at_too_early", {"occurred_at": "0001-01-01T00:00:00+23:59"}),
    ("journey_key_missing", {"journey_key": ABSENT}),
    ("journey_key_invalid", {"journey_key": ["visitor-1"]}),
    ("journey_key_invalid", {"journey_key": "v" * 501}),
    ("journey_key_invalid", {"journey_key": "visitor\t1"}),
    ("journey_key_missing", {"journey_key": "NULL"}),
    ("id_spoilt", {"idempotency_key": "5.63E+12"}),
    ("id_spoilt", {"journey_key": "5,63e+12"}),
    ("channel_unknown", {"channel": "carrier_pigeon"}),
    ("channel_unknown", {"channel": "Email"}),
    ("channel_unknown", {"channel": {"code": "email"}}),
    ("channel_reserved", {"channel": "unattributed"}),
    ("click_ids_invalid", {"click_ids": {"gclid": "value"}}),
    ("click_ids_invalid", {"click_ids": "gclid"}),
    ("click_ids_invalid", {"click_ids": ["gclid", 1]}),
    ("field_invalid", {"source": 1}),
    ("field_invalid", {"medium": "c\x07pc"}),
    ("field_invalid", {"landing_path": ["/"]}),
    ("field_invalid", {"session_id": True}),
    ("field_too_long", {"campaign": "c" * 301}),
    ("field_too_long", {"medium": "h" * 301}),
]
CONVERSION_FAULTS: list[tuple[str, dict[str, object]]] = [
    ("order_id_missing", {"order_id": ABSENT}),
    ("order_id_missing", {"order_id": "(not set)"}),
    ("order_id_invalid", {"order_id": 1001}),
    ("id_spoilt", {"order_id": " 1E+10 "}),
    ("kind_missing", {"kind": ABSENT}),
    ("kind_unknown", {"kind": "purchase"}),
    ("kind_unknown", {"kind": ["capture"]}),
    ("amount_missing", {"amount_cents": ABSENT}),
    ("amount_missing", {"amount_cents": ""}),
    ("amount_invalid", {"amount_cents": "100"}),
    ("amount_invalid", {"amount_cents": True}),
    ("amount_invalid", {"amount_cents": math.nan}),
    ("amount_invalid", {"amount_cents": -math.inf}),
    ("amount_fractional", {"amount_cents": 19.99}),
    ("amount_fractional", {"amount_cents": 20.0}),
    ("amount_negative", {"amount_cents": -1}),
    ("amount_zero", {"amount_cents": 0, "kind": "refund"}),
    ("amount_zero", {"amount_cents": 0, "kind": "dispute_reversal"}),
    ("amount_too_large", {"amount_cents": LARGEST_MINOR_UNITS + 1}),
    ("amount_too_large", {"amount_cents": float(2**64)}),
    ("currency_missing", {"currency": ABSENT}),
    ("currency_missing", {"currency": "n/a"}),
    ("currency_invalid", {"currency": 840}),
    ("currency_unknown", {"currency": "usd"}),
    ("currency_unknown", {"currency": "XXX"}),
    ("occurred_at_without_offset", {"occurred_at": "2026-05-01 12:00"}),
    ("journey_key_invalid", {"journey_key": " "}),
]


@pytest.mark.parametrize(("code", "fields"), TOUCH_FAULTS)
def test_each_error_in_a_touch_has_its_code(code: str, fields: dict[str, object]) -> None:
    assert code_of_touch(**fields) == code


@pytest.mark.parametrize(("code", "fields"), CONVERSION_FAULTS)
def test_each_error_in_a_conversion_has_its_code(code: str, fields: dict[str, object]) -> None:
    assert code_of_conversion(**fields) == code


@pytest.mark.parametrize(
    "item", [None, [], "text", 3, math.nan, HUGE, DEEP], ids=lambda item: type(item).__name__
)
def test_an_item_that_is_not_an_object_is_rejected_as_such(item: object) -> None:
    for read in (
        lambda: read_touch(item, now=NOW, own_channels=OWN),
        lambda: read_conversion(item, now=NOW),
    ):
        with pytest.raises(ItemRejected) as caught:
            read()
        assert caught.value.item_code == "item_not_an_object"


@pytest.mark.parametrize("monster", [HUGE, -HUGE, DEEP, {"deep": DEEP}], ids=lambda _: "")
def test_a_value_too_long_or_too_deep_to_print_is_rejected_in_every_field(
    monster: object,
) -> None:
    for name in TOUCH_FIELDS:
        assert code_of_touch(**{name: monster}) in CURES
    for name in CONVERSION_FIELDS:
        assert code_of_conversion(**{name: monster}) in CURES


def test_no_control_character_passes_in_any_text() -> None:
    texts = TOUCH_FIELDS - {"click_ids", "channel", "occurred_at"}
    for control in (*range(32), *range(127, 160), 0xD800, 0xDFFF):
        for name in texts:
            assert code_of_touch(**{name: f"a{chr(control)}b"}) in (
                "field_invalid",
                f"{name}_invalid",
            )
        for name in ("idempotency_key", "order_id", "journey_key"):
            assert code_of_conversion(**{name: f"a{chr(control)}b"}) == f"{name}_invalid"


def test_an_amount_beyond_the_limit_is_rejected_as_too_large() -> None:
    assert code_of_conversion(amount_cents=HUGE) == "amount_too_large"
    assert code_of_conversion(amount_cents=-HUGE) == "amount_negative"


def test_every_code_is_provoked_here_or_belongs_to_another_file() -> None:
    provoked = {code for code, _ in TOUCH_FAULTS + CONVERSION_FAULTS} | {"item_not_an_object"}
    assert provoked | RAISED_ELSEWHERE == set(CURES)
    assert not provoked & RAISED_ELSEWHERE


def test_an_unreadable_item_keeps_its_reason() -> None:
    refused = UnreadableItem("json_invalid", "The line is not JSON.", {})
    with pytest.raises(ItemRejected) as caught:
        read_conversion(refused, now=NOW)
    reason = (caught.value.item_code, caught.value.detail)
    assert reason == ("json_invalid", "The line is not JSON.")


def test_the_reason_never_repeats_a_journey_key() -> None:
    for fault in ("jane\x00", 5551234, ["jane"], {"jane": 1}, "jane" * 200, 5551234.5):
        with pytest.raises(ItemRejected) as caught:
            touch(journey_key=fault)
        assert "jane" not in caught.value.detail
        assert "5551234" not in caught.value.detail


def fact_or_none(read: Callable[[], Fact]) -> Fact | None:
    """Read; a rejection must be complete, and any other exception is a failure of the test."""
    try:
        return read()
    except ItemRejected as fault:
        complete = fault.cure == CURES[fault.item_code] and 0 < len(fault.detail) < 300
    assert complete
    return None


@given(json_items(make_touch(), TOUCH_FIELDS))
@example(make_touch(channel=None, source="İ" * 150, medium="ß", referrer_host="//@:/"))
def test_any_json_value_is_a_sound_touch_or_is_rejected(item: object) -> None:
    fact = fact_or_none(lambda: read_touch(item, now=NOW, own_channels=OWN))
    if fact is None:
        return
    assert fact.channel_code in (COMMON_CHANNELS.keys() | OWN) - RESERVED_CHANNELS
    assert_moment_is_sound(fact.occurred_at)
    for text in (fact.idempotency_key, fact.journey_key, fact.session_id, fact.channel_rule):
        assert text is None or (0 < len(text) <= 500 and not NO_TEXT.search(text))
    for text in (fact.source, fact.medium, fact.campaign, fact.referrer_host, fact.landing_path):
        assert text is None or (0 < len(text) <= 500 and not NO_TEXT.search(text))


@given(json_items(make_conversion(), CONVERSION_FIELDS))
def test_any_json_value_is_a_sound_conversion_or_is_rejected(item: object) -> None:
    fact = fact_or_none(lambda: read_conversion(item, now=NOW))
    if fact is None:
        return
    assert isinstance(item, dict)
    assert type(fact.amount_cents) is int
    assert abs(fact.amount_cents) == item["amount_cents"] <= LARGEST_MINOR_UNITS
    assert (fact.amount_cents < 0) == (fact.kind in ("refund", "dispute"))
    assert fact.amount_cents or fact.kind == "capture"
    assert (fact.currency, fact.order_id) == (item["currency"], item["order_id"])
    assert fact.currency in CURRENCIES
    assert_moment_is_sound(fact.occurred_at)
    for text in (fact.idempotency_key, fact.order_id, fact.journey_key):
        assert text is None or (0 < len(text) <= 500 and not NO_TEXT.search(text))


def assert_moment_is_sound(moment: datetime) -> None:
    assert moment.tzinfo is UTC
    assert EARLIEST <= moment <= NOW + MAX_CLOCK_SKEW


SIGNS = {"capture": 1, "refund": -1, "refund_reversal": 1, "dispute": -1, "dispute_reversal": 1}


@given(st.integers(1, LARGEST_MINOR_UNITS), st.sampled_from(sorted(SIGNS)))
@example(LARGEST_MINOR_UNITS, "capture")
def test_an_amount_gets_the_sign_of_its_kind(amount: int, kind: str) -> None:
    assert conversion(amount_cents=amount, kind=kind).amount_cents == SIGNS[kind] * amount


def test_a_capture_may_be_zero() -> None:
    assert conversion(amount_cents=0).amount_cents == 0


@given(st.floats() | st.booleans() | st.text() | st.integers(max_value=-1) | json_values())
def test_nothing_but_a_whole_number_is_ever_an_amount(amount: object) -> None:
    if type(amount) is int and 0 <= amount <= LARGEST_MINOR_UNITS:
        assert conversion(amount_cents=amount).amount_cents == amount
    else:
        assert code_of_conversion(amount_cents=amount).startswith("amount_")


offsets = st.integers(-86_399, 86_399).map(lambda seconds: timezone(timedelta(seconds=seconds)))
minutes = st.integers(-1_439, 1_439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(2000, 1, 1), datetime(2026, 6, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis puts the zone on


@given(moments, offsets | minutes, st.sampled_from("T _"))
@example(EARLIEST, timezone(timedelta(hours=-23, minutes=-59)), "T")
@example(datetime(2024, 2, 29, 23, 59, 59, 999_999, UTC), timezone(timedelta(hours=14)), "T")
def test_the_same_instant_is_the_same_touch_at_every_offset(
    moment: datetime, offset: timezone, separator: str
) -> None:
    local = moment.astimezone(offset)
    written = local.isoformat(separator)
    fact = touch(idempotency_key="k", occurred_at=written)
    assert fact.occurred_at == moment
    assert fact.occurred_at.tzinfo is UTC
    assert fact == touch(idempotency_key="k", occurred_at=moment.isoformat().replace("+00:00", "Z"))
    assert fact == touch(idempotency_key="k", occurred_at=local)


@pytest.mark.parametrize(
    "written",
    [
        "2026-05-01T12:00:00Z",
        "2026-05-01 12:00Z",
        "2026-05-01T12Z",
        "20260501T120000Z",
        "2026-W18-5T12:00:00Z",
        "2026-05-01T17:30:00+0530",
        "2026-05-01T17:30:00+05:30",
        "2026-05-01T00:00:00-12",
        "2026-05-02T02:00:00+14:00",
        "2026-05-01T12:00:00.000000000Z",
        "2026-05-01T12:00:00,0+00:00",
        "2026-05-01T11:59:30-00:00:30",
        "2026-05-01T12:00:00-00:00",
    ],
)
def test_a_moment_is_read_in_every_form_of_iso_8601_with_an_offset(written: str) -> None:
    assert touch(occurred_at=written).occurred_at == datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_a_clock_may_be_ten_minutes_ahead_and_no_more() -> None:
    latest = NOW + MAX_CLOCK_SKEW
    assert touch(occurred_at=latest.isoformat()).occurred_at == latest
    beyond = latest + timedelta(microseconds=1)
    assert code_of_touch(occurred_at=beyond.isoformat()) == "occurred_at_in_the_future"


def test_moments_begin_with_the_year_2000_in_utc() -> None:
    assert touch(occurred_at="1999-12-31T19:00:00-05:00").occurred_at == EARLIEST
    assert code_of_touch(occurred_at="2000-01-01T00:00:00+00:01") == "occurred_at_too_early"


@pytest.mark.parametrize(
    ("given_host", "kept"),
    [
        ("News.Example", "news.example"),
        ("https://jane:secret@news.example:8443/a?mail=jane#b", "news.example"),
        ("//news.example/path", "news.example"),
        ("news.example.?q=jane", "news.example"),
        ("https:///", None),
        ("h" * 300, "h" * 253),
    ],
)
def test_of_a_referrer_only_the_host_is_kept(given_host: str, kept: str | None) -> None:
    assert touch(referrer_host=given_host).referrer_host == kept


@pytest.mark.parametrize(
    ("given_path", "kept"),
    [
        ("/shoes?user=jane#top", "/shoes"),
        ("https://jane:secret@shop.example/shoes?user=jane", "/shoes"),
        ("//shop.example", "/"),
        ("?user=jane", None),
        ("/" + "p" * 900, "/" + "p" * 499),
    ],
)
def test_of_a_landing_page_only_the_path_is_kept(given_path: str, kept: str | None) -> None:
    assert touch(landing_path=given_path).landing_path == kept


def test_fields_that_are_not_on_the_list_change_nothing() -> None:
    item = make_touch(idempotency_key="k")
    extended = item | {"email": "jane@example.com", "ip": "10.0.0.1", "extra": {"deep": DEEP}}
    assert read_touch(item, now=NOW, own_channels=OWN) == read_touch(
        extended, now=NOW, own_channels=OWN
    )


def test_an_explicit_channel_wins_over_the_rules_and_may_be_the_tenants_own() -> None:
    chosen = touch(channel="town_crier", source="google", medium="cpc")
    assert (chosen.channel_code, chosen.channel_rule) == ("town_crier", "explicit")
    assert touch(channel=ABSENT, source="google", medium="cpc").channel_code == "paid_search"


def test_kinds_of_click_ids_are_kept_once_in_a_fixed_order() -> None:
    assert touch(click_ids=["GCLID", "fbclid", "gclid"]).click_id_kinds == ("fbclid", "gclid")
    assert touch(click_ids=[]).click_id_kinds == ()


def test_an_item_survives_json() -> None:
    item = make_conversion(order_id="Bestellung №1 🧾", journey_key="ключ")
    assert read_conversion(json.loads(json.dumps(item)), now=NOW) == read_conversion(item, now=NOW)


@given(st.binary(min_size=16, max_size=32), st.binary(min_size=16, max_size=32), st.text())
def test_a_journey_has_sixteen_bytes_that_depend_on_the_tenant(
    secret: bytes, other_secret: bytes, key: str
) -> None:
    hashed = hash_journey_key(secret, key)
    assert len(hashed) == 16
    assert hashed == hash_journey_key(secret, key)
    assert (hashed == hash_journey_key(other_secret, key)) == (
        secret.ljust(64, b"\0") == other_secret.ljust(64, b"\0")
    )
