"""Common columns are recognised and each choice is reported; what cannot be known is requested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from skeldir.ingest.files import FileMapping, MappingInvalid, choose_mapping, recognise_columns
from skeldir.ingest.files.mapping import Condition
from skeldir.ingest.files.names import plain_name

AT = "2026-06-01T10:00:00Z"


def recognise(
    rows: Sequence[Mapping[str, object]], **given: object
) -> tuple[FileMapping, list[str]]:
    header = list(dict.fromkeys(name for row in rows for name in row))
    return recognise_columns(header, [[row.get(name) for name in header] for row in rows], given)


def columns(mapping: FileMapping) -> dict[str, str]:
    return {field: "+".join(names) for field, names in mapping.columns.items()}


def questions(rows: Sequence[Mapping[str, object]], **given: object) -> str:
    with pytest.raises(MappingInvalid) as caught:
        recognise(rows, **given)
    return caught.value.detail


def test_touches_with_utm_parameters_are_recognised() -> None:
    row = {
        "Timestamp": AT,
        "Visitor ID": "v1",
        "utm_source": "google",
        "utm_medium": "cpc",
        "utm_campaign": "x",
        "Referrer": "https://www.google.com/",
        "landing-page": "/",
        "GCLID": "Cj0",
        "email": "jane@example.com",
    }
    mapping, choices = recognise([row])
    assert mapping.kind == "touches"
    assert columns(mapping) == {
        "occurred_at": "Timestamp",
        "journey_key": "Visitor ID",
        "source": "utm_source",
        "medium": "utm_medium",
        "campaign": "utm_campaign",
        "referrer_host": "Referrer",
        "landing_path": "landing-page",
    }
    assert mapping.click_ids == {"gclid": "GCLID"}
    assert "email" not in mapping.wanted
    assert 'occurred_at: column "Timestamp"' in choices
    assert any("key: made from all its columns" in choice for choice in choices)


def test_orders_are_recognised_with_their_unit() -> None:
    row = {"id": "1", "transaction_id": "t1", "date": AT, "revenue": "12.50", "currency": "EUR"}
    mapping, choices = recognise([row, {**row, "id": "2", "transaction_id": "t2"}])
    assert (mapping.kind, mapping.amount_unit, mapping.currency) == ("conversions", "major", None)
    assert columns(mapping) == {
        "occurred_at": "date",
        "idempotency_key": "id",
        "order_id": "transaction_id",
        "amount": "revenue",
        "currency": "currency",
    }
    assert "amounts: major units" in choices


def test_an_id_that_occurs_twice_is_not_a_key() -> None:
    row = {"id": "1", "order_id": "t1", "time": AT, "total": "1.5", "currency": "EUR"}
    mapping, _ = recognise([row, {**row, "order_id": "t2"}])
    assert "idempotency_key" not in mapping.columns


def test_the_fields_of_our_own_files_are_recognised() -> None:
    touch = {"idempotency_key": "k", "occurred_at": AT, "journey_key": "v", "click_ids": ["gclid"]}
    mapping, _ = recognise([touch, {**touch, "source": "google"}])
    assert columns(mapping) == {name: name for name in (*touch, "source")}
    entry = {"idempotency_key": "k", "order_id": "o", "kind": "capture", "amount_cents": 1250}
    mapping, _ = recognise([{**entry, "currency": "USD", "occurred_at": AT, "journey_key": "v"}])
    assert (mapping.kind, mapping.amount_unit) == ("conversions", "minor")
    assert columns(mapping)["kind"] == "kind"


@pytest.mark.parametrize(
    ("flag", "values"), [("conversion", ["0", "1"]), ("Is Purchase", ["False", "False"])]
)
def test_a_column_of_yes_and_no_shows_which_rows_are_orders(flag: str, values: list[str]) -> None:
    row = {"time": AT, "customer_id": "c", "channel": "email", "value": "6.5"}
    mapping, choices = recognise([{**row, flag: value} for value in values], currency="USD")
    assert mapping.kind == "mixed"
    assert mapping.order_when is not None
    assert mapping.order_when.column == flag
    assert {"1", "true", "True"} <= set(mapping.order_when.equals)
    assert columns(mapping)["order_id"] == "customer_id+time"
    assert 'order_id: made from "customer_id" and "time"' in choices


def test_an_order_id_that_few_rows_have_shows_which_are_orders() -> None:
    row = {"time": AT, "customer_id": "c", "channel": "email", "total": "", "order_id": ""}
    mapping, _ = recognise([row, {**row, "total": "6.5", "order_id": "o"}], currency="USD")
    assert (mapping.kind, mapping.order_when) == ("mixed", Condition("order_id"))


def test_channels_are_matched_by_code_and_label_and_others_are_requested() -> None:
    row = {"time": AT, "customer_id": "c"}
    values = ["email", "Paid Search", "ORGANIC-SOCIAL", "Referral"]
    mapping, choices = recognise([{**row, "channel": value} for value in values])
    assert mapping.channels == {
        "Paid Search": "paid_search",
        "ORGANIC-SOCIAL": "organic_social",
        "Referral": "referral",
    }
    assert 'channel "Paid Search": paid_search' in choices
    asked = questions([{**row, "channel": value} for value in ["Facebook", "1 & 1", "email"]])
    assert '"Facebook", "1 & 1"' in asked
    assert '"Facebook" = "facebook" under [channels]' in asked
    mapping, _ = recognise([{**row, "channel": "podcast"}], new_channels={"podcast": "Podcast"})
    assert mapping.channels is None


def test_everything_that_cannot_be_known_is_requested_at_once() -> None:
    asked = questions(
        [{"time": "2026-06-01 10:00", "customer_id": "c", "channel": "Facebook", "value": "6"}]
    )
    words = ["--time-zone", "--currency", "--amount-unit", "[channels]", "order_when"]
    assert [word for word in words if word not in asked] == []


@pytest.mark.parametrize(
    ("time", "word"),
    [
        ("2026-06-01", "holds days"),
        ("01.06.2026 10:00", "time_format"),
        ("06/01/2026", "time_format"),
        ("178031", "time_format"),
        ("2026-06-01T10:00:00", "--time-zone"),
    ],
)
def test_ambiguous_times_raise_a_question(time: str, word: str) -> None:
    assert word in questions([{"time": time, "visitor_id": "v", "utm_source": "x"}])


@pytest.mark.parametrize(
    ("time", "form"),
    [
        (1780315200, "epoch_seconds"),
        ("1780315200000", "epoch_milliseconds"),
        ("1780315200000000", "epoch_microseconds"),
        ("2026-06-01 10:00:00 +0200", "iso"),
        (datetime(2026, 6, 1, tzinfo=UTC), "iso"),
    ],
)
def test_unambiguous_times_are_recognised(time: object, form: str) -> None:
    mapping, _ = recognise([{"time": time, "visitor_id": "v", "utm_source": "x"}])
    assert mapping.time_format == form


def test_a_few_local_times_among_others_are_left_to_be_rejected() -> None:
    row = {"visitor_id": "v", "utm_source": "x"}
    rows = [{**row, "time": time} for time in (AT, AT, "2026-06-01T10:00:00")]
    assert recognise(rows)[0].time_zone is None


def test_a_decimal_comma_is_found_where_the_column_shows_it() -> None:
    row = {"order_id": "t1", "time": AT, "currency": "EUR"}
    mapping, choices = recognise(
        [{**row, "total": "1,50"}, {**row, "order_id": "t2", "total": "1.000"}]
    )
    assert mapping.decimal_mark == ","
    assert 'amounts: the decimal mark is ",", as "1,50" shows' in choices
    assert "decimal_mark" in questions([{**row, "total": "1.000"}])
    assert recognise([{**row, "total": "1.000"}], decimal_mark=",", amount_unit="major")


def test_negative_amounts_without_kinds_raise_a_question() -> None:
    row = {"order_id": "t1", "time": AT, "currency": "EUR", "total": "-1.50"}
    assert "kind_by_sign = true" in questions([row])
    assert recognise([row], kind_by_sign=True)[0].kind_by_sign
    assert recognise([{**row, "kind": "refund"}])[0].columns["kind"] == ("kind",)


@pytest.mark.parametrize(
    ("time", "person"),
    [
        ("createdAt", "visitorId"), ("started_at", "user_id"), ("event_datetime", "customerId"),
        ("Converted At", "distinct_id"), ("Datum", "Kunden-ID"), ("serverTime", "Visitor ID"),
    ],
)  # fmt: skip
def test_columns_are_recognised_under_the_names_that_people_use(time: str, person: str) -> None:
    mapping, _ = recognise([{time: AT, person: "v", "utm_source": "x"}])
    assert columns(mapping) == {"occurred_at": time, "journey_key": person, "source": "utm_source"}


def test_a_missing_column_is_asked_for_with_those_that_could_be_it() -> None:
    row = {"when": AT, "who_key": "v", "utm_source": "x", "note": "n"}
    question = questions([row])
    assert 'as the time: it could be "when". Name it by --column occurred_at=' in question
    assert 'as the visitor or customer: it could be "who_key".' in question


def test_column_names_of_several_languages_are_recognised() -> None:
    row = {"Bestellnummer": "b", "Datum": AT, "Gesamtbetrag": "1,50", "Währung": "EUR"}
    mapping, _ = recognise([row])
    assert columns(mapping) == {
        "occurred_at": "Datum", "order_id": "Bestellnummer", "amount": "Gesamtbetrag", "currency": "Währung",
    }  # fmt: skip


def test_a_file_of_touches_must_show_where_they_came_from() -> None:
    assert "where the visits came from" in questions([{"time": AT, "visitor_id": "v"}])


def test_a_given_kind_overrides_the_columns() -> None:
    row = {"time": AT, "customer_id": "c", "channel": "email", "order_id": "o", "total": "1.5"}
    mapping, choices = recognise([row], kind="conversions", currency="USD")
    assert "channel" not in mapping.columns
    mapping, choices = recognise([row], kind="touches")
    assert {"order_id", "amount"}.isdisjoint(mapping.columns)
    assert not any(choice.startswith("order_id") for choice in choices)


def test_given_settings_override_recognised_ones() -> None:
    row = {"time": AT, "customer_id": "c", "visitor_id": "v", "channel": "email"}
    mapping, _ = recognise([row], columns={"journey_key": "customer_id"})
    assert columns(mapping)["journey_key"] == "customer_id"


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_mapping_file_is_used_as_it_is(tmp_path: Path) -> None:
    data = write(tmp_path / "x.csv", f"t;who;utm_source\n{AT};v;google\n")
    columns_of_map = '[columns]\noccurred_at = "t"\njourney_key = "who"\n'
    map_file = write(tmp_path / "m.toml", f'kind = "touches"\n{columns_of_map}')
    chosen = choose_mapping(data, kind="touches", map_file=map_file, flags={})
    assert set(chosen.mapping.columns) == {"occurred_at", "journey_key"}
    assert chosen.choices == ()
    with pytest.raises(MappingInvalid, match="not of conversions"):
        choose_mapping(data, kind="conversions", map_file=map_file, flags={})
    with pytest.raises(MappingInvalid, match='no column "whoo"'):
        choose_mapping(
            data, kind=None, map_file=map_file, flags={"columns": {"journey_key": "whoo"}}
        )


def test_without_a_mapping_the_columns_are_recognised(tmp_path: Path) -> None:
    data = write(tmp_path / "x.csv", f"time;visitor_id;utm_source\n{AT};v;google\n")
    chosen = choose_mapping(data, kind=None, map_file=None, flags={})
    assert (chosen.mapping.kind, chosen.layout.delimiter) == ("touches", ";")
    assert "kind: touches" in chosen.choices
    own = write(tmp_path / "y.csv", f"time,visitor_id,channel\n{AT},v,podcast\n")
    chosen = choose_mapping(own, kind=None, map_file=None, flags={}, own_channels=["podcast"])
    assert chosen.mapping.channels is None
    with pytest.raises(MappingInvalid, match="xml"):
        choose_mapping(own, kind=None, map_file=None, flags={"format": "xml"})


def orders_with(**columns: str) -> list[Mapping[str, object]]:
    row = {"order_id": "o1", "created_at": AT, "total": "1.00", "currency": "EUR"}
    return [{**row, **columns}]


def test_states_are_decided_in_the_mapping() -> None:
    rows = orders_with(status="paid") + orders_with(status="Verarztet", order_id="o2")
    with pytest.raises(MappingInvalid, match='"Verarztet" = "paid"'):
        recognise(rows)
    mapping, choices = recognise(rows, states={"Verarztet": "paid"}, columns={"state": "status"})
    assert mapping.columns["state"] == ("status",)
    assert 'state "Verarztet": paid' in choices


def test_a_column_of_states_is_seen_under_any_name_by_its_words() -> None:
    mapping, _ = recognise(
        orders_with(Lage="bezahlt") + orders_with(Lage="storniert", order_id="o2")
    )
    assert mapping.order_when == Condition("Lage", ("bezahlt",))


def test_partly_refunded_orders_without_their_sum_are_asked_about() -> None:
    with pytest.raises(MappingInvalid, match=r"named under \[refund\]"):
        recognise(orders_with(status="Partially refunded"))


def test_a_missing_amount_is_asked_for_with_the_columns_that_could_be_it() -> None:
    (row,) = orders_with(wert="9.00", notiz="x")
    question = questions([{k: v for k, v in row.items() if k != "total"}], kind="conversions")
    assert 'as the amount: it could be "wert". Name it by --column amount=' in question


@pytest.mark.parametrize(
    ("second", "is_asked"),
    [
        ("X-1,2026-03-20T10:00:00Z,Mug,10.00,EUR", True),
        ("X-1,2026-03-20T11:00:00Z,Cap,10.00,EUR", True),
        ("X-2,2026-03-20T10:00:00Z,Mug,10.00,EUR", False),
    ],
)
def test_rows_of_one_order_that_differ_anywhere_in_a_file_are_asked_about(
    tmp_path: Path, second: str, is_asked: bool
) -> None:
    path = tmp_path / "lines.csv"
    first = "X-1,2026-03-20T10:00:00Z,Cap,10.00,EUR"
    path.write_text(f"order_id,created_at,item,amount,currency\n{first}\n{second}\n")
    if not is_asked:
        assert choose_mapping(path, kind="conversions", map_file=None, flags={}).mapping
        return
    with pytest.raises(MappingInvalid) as asked:
        choose_mapping(path, kind="conversions", map_file=None, flags={})
    other = "item" if "Mug" in second else "created_at"
    assert f'idempotency_key = ["order_id", "{other}"]' in asked.value.detail


def test_a_state_after_the_first_rows_is_asked_about_though_some_of_these_cannot_be_read(
    tmp_path: Path,
) -> None:
    path = tmp_path / "orders.csv"
    rows = [f"o{n},{AT},1.00,EUR,paid" for n in range(1_100)]
    rows[3], rows[1_050] = "o3,one,cell,too,many,here", rows[1_050].replace("paid", "halb")
    path.write_text("order_id,created_at,total,currency,status\n" + "\n".join(rows) + "\n")
    with pytest.raises(MappingInvalid, match='not decided is "halb"'):
        choose_mapping(path, kind="conversions", map_file=None, flags={})


@pytest.mark.parametrize(
    ("one", "other", "field"),
    [
        ("Total", "total", "amount"),
        ("order_id", "Order ID", "order_id"),
        ("Created at", "created_at", "occurred_at"),
    ],
)
def test_columns_with_almost_the_same_name_are_asked_about_if_they_differ(
    one: str, other: str, field: str
) -> None:
    row = {"order_id": "1", "created_at": AT, "total": "12.50", "currency": "EUR"}
    value = row.pop(next(name for name in row if plain_name(name) == plain_name(one)))
    equal = {one: value, other: value, **row}
    columns_of_equal = recognise([equal])[0].columns
    assert columns_of_equal[field] == (one,)
    order_id = one if field == "order_id" else "order_id"
    differing = {**equal, order_id: "2", other: value.replace("1", "3")}
    asked = questions([equal, differing])
    assert f'"{one}" or "{other}"' in asked
    assert f"--column {field}=" in asked
    for name in (one, other):
        assert recognise([equal, differing], columns={field: name})[0].columns[field] == (name,)
