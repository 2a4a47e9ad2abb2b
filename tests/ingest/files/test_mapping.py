"""Mappings: what they must contain, and how errors in them are reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from skeldir.attribution import ModelParameters
from skeldir.ingest.files import (
    FileMapping,
    MappingInvalid,
    mapping_from_settings,
    read_mapping,
)
from skeldir.ingest.files.mapping import Condition
from skeldir.ingest.files.mapping_file import Settings, merge_settings

TOUCHES: Settings = {"kind": "touches", "columns": {"occurred_at": "time", "journey_key": "who"}}
ORDERS: Settings = {
    "kind": "conversions",
    "currency": "USD",
    "amount_unit": "major",
    "columns": {"occurred_at": "time", "order_id": "order", "amount": "total"},
}
MIXED: Settings = {
    **ORDERS,
    "kind": "mixed",
    "order_when": {"column": "sold", "equals": 1},
    "columns": {**ORDERS["columns"], "journey_key": "who", "channel": "via"},  # type: ignore[dict-item]  # a mapping
}


def build(base: Settings, **given: object) -> FileMapping:
    return mapping_from_settings(merge_settings(base, given))


def refusal(base: Settings, **given: object) -> str:
    with pytest.raises(MappingInvalid) as caught:
        build(base, **given)
    assert (caught.value.code, caught.value.status) == ("mapping_invalid", 422)
    return str(caught.value)


def without(base: Settings, key: str, column: str | None = None) -> dict[str, object]:
    left = {name: value for name, value in base.items() if name != key or column}
    if column:
        columns = base["columns"]
        assert isinstance(columns, dict)
        left["columns"] = {name: value for name, value in columns.items() if name != column}
    return left


def test_the_smallest_mappings_are_complete() -> None:
    assert build(TOUCHES).wanted == ("time", "who")
    assert build(ORDERS).wanted == ("time", "order", "total")
    assert build(MIXED).wanted == ("time", "order", "total", "who", "via", "sold")


def test_every_column_is_wanted_once_and_no_other() -> None:
    mapping = build(
        MIXED,
        columns={"order_id": ["who", "time"], "idempotency_key": "id"},
        touch_when={"column": "event"},
        click_ids={"gclid": "google"},
        refund={"amount": "back", "occurred_at": "back_at"},
    )
    wanted = ("time", "who", "total", "via", "id", "event", "sold", "google", "back", "back_at")
    assert mapping.wanted == wanted


@pytest.mark.parametrize(
    ("base", "given", "parts"),
    [
        (TOUCHES, {"kind": "touch"}, ['"touch"', 'Did you mean "touches"?']),
        (TOUCHES, {"colums": {}}, ['"colums"', 'Did you mean "columns"?']),
        (TOUCHES, {"columns": {"occured_at": "t"}}, ['Did you mean "occurred_at"?']),
        (TOUCHES, {"columns": {"source": ["a", "b"]}}, ["source", "one column"]),
        (TOUCHES, {"columns": {"source": 3}}, ["source", "a column's name"]),
        (TOUCHES, {"columns": {"amount": "x"}}, ["amount", "no place", "kind = mixed"]),
        (TOUCHES, {"columns": "time"}, ["columns", "a table"]),
        (TOUCHES, {"order_when": {"column": "x"}}, ["order_when", "no place"]),
        (TOUCHES, {"time_zone": "Europe/Berlinn"}, ['Did you mean "Europe/Berlin"?']),
        (TOUCHES, {"time_zone": "../etc/passwd"}, ["not a time zone"]),
        (TOUCHES, {"time_format": "epoch_second"}, ['Did you mean "epoch_seconds"?']),
        (TOUCHES, {"time_format": "%d.%m.%Y %H:%M"}, ["no offset", "--time-zone"]),
        (TOUCHES, {"delimiter": ":"}, ["delimiter", '","']),
        (TOUCHES, {"click_ids": {"glid": "x"}}, ['Did you mean "gclid"?']),
        (TOUCHES, {"channels": {"a": "email"}}, ["[channels]", "channel ="]),
        (TOUCHES, {"new_channels": {"email": "E-mail"}}, ["email", "common taxonomy"]),
        (TOUCHES, {"new_channels": {"E Mail": "x"}}, ["E Mail", "lower-case letters"]),
        (TOUCHES, {"models": {"lookback": 9}}, ['Did you mean "lookback_days"?']),
        (TOUCHES, {"models": {"lookback_days": 0}}, ["from 1 to 3650"]),
        (TOUCHES, {"models": {"lookback_days": True}}, ["from 1 to 3650"]),
        (TOUCHES, {"models": {"after_conversion": "rest"}}, ["keep or reset"]),
        (TOUCHES, {"touch_when": {"equals": "1"}}, ["touch_when", "column ="]),
        (TOUCHES, {"touch_when": {"column": "a", "is": "1"}}, ['"is"']),
        (ORDERS, {"currency": "usd"}, ["usd", 'Did you mean "USD"?']),
        (ORDERS, {"columns": {"currency": "c"}}, ["both", "Keep one"]),
        (ORDERS, {"amount_unit": "cents"}, ["amount_unit", '"minor"']),
        (ORDERS, {"columns": {"channel": "c"}}, ["channel", "no place"]),
        (ORDERS, {"touch_when": {"column": "x"}}, ["touch_when", "no place"]),
        (ORDERS, {"kinds": {"Sale": "capture"}}, ["[kinds]", "kind ="]),
        (ORDERS, {"columns": {"kind": "k"}, "kinds": {"S": "sale"}}, ['"sale"', "capture"]),
        (ORDERS, {"refund": {"amount": "x"}}, ["[refund]", "the time"]),
        (ORDERS, {"refund": {"amont": "x"}}, ['Did you mean "amount"?']),
        (
            ORDERS,
            {"columns": {"kind": "k"}, "refund": {"amount": "x", "occurred_at": "y"}},
            ["not both"],
        ),
    ],
)
def test_an_error_in_a_mapping_is_named_with_its_cure(
    base: Settings, given: dict[str, object], parts: list[str]
) -> None:
    message = refusal(base, **given)
    assert all(part in message for part in parts), message


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        (without(TOUCHES, "kind"), ["kind", "mixed"]),
        (without(TOUCHES, "columns", "occurred_at"), ["occurred_at"]),
        (without(TOUCHES, "columns", "journey_key"), ["journey_key"]),
        (without(ORDERS, "currency"), ["currency", "--currency"]),
        (without(ORDERS, "amount_unit"), ["amount_unit", "major", "minor"]),
        (without(ORDERS, "columns", "amount"), ["amount"]),
        (without(ORDERS, "columns", "order_id"), ["order_id", '["customer_id", "time"]']),
        (without(MIXED, "order_when"), ["order_when", "conversion"]),
    ],
)
def test_what_cannot_be_known_is_requested_and_never_assumed(
    settings: Settings, parts: list[str]
) -> None:
    message = refusal(settings)
    assert all(part in message for part in parts), message


def test_a_column_that_the_file_lacks_is_named_with_the_nearest_one() -> None:
    with pytest.raises(MappingInvalid, match=r'no column "who".* Did you mean "Who"') as caught:
        build(TOUCHES).check_columns(["time", "Who", "campaign"])
    assert '"campaign"' in caught.value.cure


def test_a_mapped_column_may_occur_only_once_and_others_may_repeat() -> None:
    build(TOUCHES).check_columns(["time", "who", "tag", "tag"])
    with pytest.raises(MappingInvalid, match='2 columns called "who"'):
        build(TOUCHES).check_columns(["time", "who", "who"])


def test_a_channel_must_be_common_the_tenants_own_or_declared() -> None:
    mapping = build(MIXED, channels={"FB": "facebok"}, new_channels={"facebook": "Facebook"})
    with pytest.raises(MappingInvalid, match='Did you mean "facebook"'):
        mapping.check_channels([])
    mapping.check_channels(["facebok"])
    build(MIXED, channels={"FB": "paid_social", "X": "x"}, new_channels={"x": "X"}).check_channels(
        []
    )
    with pytest.raises(MappingInvalid, match="unattributed"):
        build(MIXED, channels={"FB": "unattributed"}).check_channels([])


def test_the_models_of_a_mapping_change_no_fingerprint_and_all_else_does() -> None:
    mapping = build(MIXED)
    assert build(MIXED, models={"lookback_days": 40}).fingerprint() == mapping.fingerprint()
    assert build(MIXED, time_zone="UTC").fingerprint() != mapping.fingerprint()
    assert build(MIXED, columns={"source": "s"}).fingerprint() != mapping.fingerprint()


def test_a_condition_that_is_given_again_replaces_the_first_one() -> None:
    mapping = build(MIXED, order_when={"column": "order"})
    assert mapping.order_when == Condition("order")


def test_a_mapping_file_is_toml_and_flags_win_over_it(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_bytes(
        b'\xef\xbb\xbfkind = "touches"\ntime_zone = "UTC"\n[columns]\noccurred_at = "t"\n'
        b'journey_key = "who"\n[models]\nlookback_days = 40\nafter_conversion = "reset"\n'
    )
    mapping = read_mapping(path, {"time_zone": "Asia/Tokyo", "columns": {"journey_key": "id"}})
    assert mapping.columns == {"occurred_at": ("t",), "journey_key": ("id",)}
    assert mapping.time_zone == "Asia/Tokyo"
    assert mapping.models == ModelParameters(40, "reset")


@pytest.mark.parametrize(
    ("content", "word"), [(b"kind = ", "not TOML"), (b'a = "\xff"', "not TOML")]
)
def test_a_mapping_file_that_is_not_toml_is_refused(
    tmp_path: Path, content: bytes, word: str
) -> None:
    path = tmp_path / "m.toml"
    path.write_bytes(content)
    with pytest.raises(MappingInvalid, match=word):
        read_mapping(path)
    with pytest.raises(MappingInvalid, match="cannot be read"):
        read_mapping(tmp_path / "missing.toml")
