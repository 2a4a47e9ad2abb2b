"""Exports in JSON whose values are inside objects and lists, and what a preset says of a file that leaves questions."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.clock import utc_now
from skeldir.errors import SkeldirError
from skeldir.ingest.canonical import Touch, read_touch
from skeldir.ingest.files import FileKind, MappingInvalid, choose_mapping
from skeldir.ingest.files.items import ItemMaker
from skeldir.ingest.files.json_paths import find_paths, value_reader
from skeldir.ingest.files.names import could_be
from skeldir.ingest.files.outcome import cure_in_file
from skeldir.ingest.files.readers import open_rows
from tests.ingest.files.test_presets import net_of
from tests.support.exports import make_file

AT = int(datetime(2026, 5, 2, 10, tzinfo=UTC).timestamp())


def write_lines(path: Path, items: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    return path


def touches_of(path: Path, kind: FileKind) -> list[Touch]:
    chosen = choose_mapping(path, kind=kind, map_file=None, flags={})
    maker = ItemMaker(chosen.mapping, secret=b"x", cells_are_text=chosen.layout.cells_are_text)
    with open_rows(path, chosen.layout, chosen.mapping.wanted) as stream:
        batch = maker.next_batch(stream.rows, 1_000)
    assert batch is not None
    return [
        read_touch(item, now=utc_now(), own_channels=frozenset()) for item in batch.touches.items
    ]


def ga4_event(n: int, name: str, *, order: str | None = None, **more: object) -> dict[str, object]:
    parameters = [
        {"key": "ga_session_id", "value": {"int_value": str(AT + n)}},
        {"key": "page_location", "value": {"string_value": "https://shop.example/"}},
    ]
    event: dict[str, object] = {
        "event_date": "20260502",
        "event_timestamp": str((AT + n) * 1_000_000),
        "event_name": name,
        "user_pseudo_id": f"11.{n}",
        "event_params": parameters,
    }
    if order is not None:
        parameters.append({"key": "currency", "value": {"string_value": "EUR"}})
        event["ecommerce"] = {"transaction_id": order, "purchase_revenue": 49.9}
    return event | more


def test_rows_of_bigquery_with_lists_of_parameters_count_each_purchase_once(tmp_path: Path) -> None:
    source = {"manual_source": "newsletter", "manual_medium": "email"}
    path = write_lines(
        tmp_path / "x.json",
        [
            ga4_event(1, "session_start", collected_traffic_source=source),
            ga4_event(2, "page_view"),
            ga4_event(3, "purchase", order="T-1"),
            ga4_event(4, "purchase", order="T-1"),
        ],
    )
    assert net_of(path, "mixed") == (Decimal("49.90"), 0)
    (touch,) = touches_of(path, "mixed")
    assert touch.channel_code == "email"


def test_a_thousand_rows_of_bigquery_come_to_their_total_also_if_purchases_come_late(
    tmp_path: Path,
) -> None:
    visits = [ga4_event(n, "session_start") for n in range(1_200)]
    orders = [ga4_event(n, "purchase", order=f"T-{n}") for n in range(1_200, 1_500)]
    # The first rows show none of the purchase but its place.
    visits[0]["ecommerce"] = {}
    path = write_lines(tmp_path / "x.json", visits + orders)
    assert net_of(path, "mixed") == (300 * Decimal("49.90"), 0)


@pytest.mark.parametrize(
    "name", ["ecommerce", "transaction_id", "purchase_revenue", "currency", "event_timestamp"]
)
def test_a_renamed_value_of_bigquery_asks_or_refuses(name: str, tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "x.json", [ga4_event(n, "purchase", order=f"T-{n}") for n in range(30)]
    )
    path.write_text(path.read_text().replace(f'"{name}"', '"waehlbar"'), encoding="utf-8")
    try:
        assert net_of(path, "mixed") == (0, 30)
    except SkeldirError:
        return


def test_visits_of_matomo_as_json_land_at_their_first_action(tmp_path: Path) -> None:
    addresses = ["https://shop.example/?utm_source=n&utm_medium=email", "https://shop.example/x"]
    visit = {
        "idVisit": "1",
        "visitorId": "v1",
        "serverTimestamp": AT,
        "referrerType": "campaign",
        "referrerUrl": None,
        "actionDetails": [{"type": "action", "url": url} for url in addresses],
    }
    other = {**visit, "idVisit": "2", "actionDetails": []}
    path = tmp_path / "x.json"
    path.write_text(json.dumps([visit, other]), encoding="utf-8")
    assert [t.channel_code for t in touches_of(path, "touches")] == ["email", "direct"]


def segment_call(n: int, kind: str, **more: object) -> dict[str, object]:
    return {
        "type": kind,
        "messageId": f"m-{n}",
        "anonymousId": "a-1",
        "timestamp": "2026-05-02T10:00:00.000Z",
        "context": {
            "campaign": {"source": "google", "medium": "cpc", "name": "fall"},
            "page": {"url": "https://shop.example/", "referrer": ""},
        },
        **more,
    }


def test_pages_of_segment_are_touches_beside_orders_of_the_same_file(tmp_path: Path) -> None:
    sold = {"order_id": "o-1", "total": 10.5, "currency": "EUR"}
    path = write_lines(
        tmp_path / "x.ndjson",
        [
            segment_call(1, "page"),
            segment_call(2, "track", event="Order Completed", properties=sold),
        ],
    )
    (touch,) = touches_of(path, "touches")
    assert (touch.idempotency_key, touch.channel_code) == ("m-1", "paid_search")
    assert net_of(path, "conversions") == (Decimal("10.50"), 0)
    with pytest.raises(MappingInvalid) as caught:
        choose_mapping(path, kind="mixed", map_file=None, flags={})
    assert "looks like Segment" in caught.value.detail
    assert "`skeldir import conversions`" in caught.value.cure


def test_numbers_that_are_no_money_by_their_name_are_not_offered_as_the_amount() -> None:
    assert could_be("amount", "Warenwert", ["12.50"])
    assert not any(could_be("amount", name, ["1250"]) for name in ("visitIp", "event_date", "id"))


def test_each_question_about_a_file_has_a_line_of_its_own_below_the_preset(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(
        "Order Number,Order Status,Order Date,Order Total Amount,Order Refund Amount\n"
        "1,Completed,2026-05-02 10:00,12.50,0.00\n",
        encoding="utf-8",
    )
    with pytest.raises(MappingInvalid) as caught:
        choose_mapping(path, kind="conversions", map_file=None, flags={})
    first, *questions = caught.value.detail.splitlines()
    assert "WooCommerce orders" in first
    assert [question[:2] for question in questions] == ["- ", "- "]
    assert "--set" in caught.value.cure


def test_an_order_currency_of_the_plug_in_is_read_for_its_currency(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(
        "Order Number,Order Status,Order Date,Order Total Amount,Order Refund Amount,Order Currency\n"
        "1,Completed,2026-05-02 10:00,12.50,2.50,EUR\n",
        encoding="utf-8",
    )
    assert net_of(path, "conversions") == (Decimal("10.00"), 0)


def test_money_that_paypal_moves_between_accounts_is_no_revenue(tmp_path: Path) -> None:
    rows, _ = make_file("PayPal activity", 3, rows=1)
    sale = rows[0] | {"Type": "Website Payment", "Status": "Completed", "Gross": "20.00"}
    other = {"Invoice Number": "", "Gross": "-20.00"}
    moved = [
        sale | other | {"Type": kind, "Transaction ID": f"T{n}"}
        for n, kind in enumerate(
            [
                "General Currency Conversion",
                "General Withdrawal - Bank Account",
                "Hold on Balance for Dispute Investigation",
            ]
        )
    ]
    unknown = sale | {"Type": "Something New", "Transaction ID": "T9"}
    header = list(sale)
    path = tmp_path / "x.csv"
    lines = [header, *([row[name] for name in header] for row in [sale, *moved, unknown])]
    path.write_text(
        "".join(",".join(f'"{cell}"' for cell in line) + "\n" for line in lines), encoding="utf-8"
    )
    chosen = choose_mapping(path, kind="conversions", map_file=None, flags={})
    assert any("is a kind with money" in words for words in chosen.mapping.describe_conditions())
    maker = ItemMaker(chosen.mapping, secret=b"x", cells_are_text=True)
    with open_rows(path, chosen.layout, chosen.mapping.wanted) as stream:
        batch = maker.next_batch(stream.rows, 100)
    assert batch is not None
    assert [item["kind"] for item in batch.orders.items if isinstance(item, dict)] == [
        "capture",
        "Something New",
    ]
    cure = cure_in_file("kind_unknown", "Use one of capture.", chosen.mapping.columns)
    assert """--set 'kinds."…" = "capture"'""" in cure


def test_an_id_made_of_customer_and_day_is_asked_about_if_it_names_two_sales(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(
        "customer,date,revenue\nA,2026-05-02,12.50\nA,2026-05-02,8.50\nB,2026-05-02,1.00\n",
        encoding="utf-8",
    )
    flags = {"currency": "EUR", "time_zone": "Europe/Berlin", "time_format": "%Y-%m-%d"}
    with pytest.raises(MappingInvalid, match="no id of orders") as caught:
        choose_mapping(path, kind="conversions", map_file=None, flags=flags)
    parts = ["customer", "date", "revenue"]
    assert json.dumps(parts) in caught.value.detail
    chosen = choose_mapping(
        path, kind="conversions", map_file=None, flags={**flags, "columns": {"order_id": parts}}
    )
    assert chosen.mapping.columns["order_id"] == tuple(parts)


NAMES = st.text("abc_", min_size=1, max_size=4)
VALUES = st.none() | st.integers() | st.text(max_size=5)


@given(found=st.dictionaries(NAMES, VALUES, min_size=1), name=st.sampled_from(["key", "name"]))
def test_a_list_of_keys_with_their_values_reads_like_an_object(
    found: dict[str, object], name: str
) -> None:
    item: dict[str, object] = {"p": [{name: key, "value": value} for key, value in found.items()]}
    assert [value_reader(f"p.{key}")(item) for key in found] == list(found.values())
    assert value_reader("p.zzzzz")(item) is None
    filled = {f"p.{key}" for key, value in found.items() if value is not None}
    assert set(find_paths([item])) == {"p"} | filled


@given(first=VALUES, others=st.lists(VALUES, max_size=3))
def test_a_path_may_name_the_first_object_of_a_list(first: object, others: list[object]) -> None:
    item: dict[str, object] = {"a": [{"u": value} for value in (first, *others)]}
    assert value_reader("a[0].u")(item) == first
    assert value_reader("a[0].u")({"a": []}) is None
