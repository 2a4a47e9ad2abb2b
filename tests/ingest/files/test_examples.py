"""The mappings in examples/: each is loaded and used on a small file like the ones it is for."""

from __future__ import annotations

from pathlib import Path

import pytest

from skeldir.clock import utc_now
from skeldir.ingest.canonical import Conversion, Touch, read_conversion, read_touch
from skeldir.ingest.files import choose_mapping
from skeldir.ingest.files.items import ItemMaker
from skeldir.ingest.files.readers import open_rows

EXAMPLES = Path(__file__).parents[3] / "examples" / "mappings"

FILES = {
    "si05": """\
customer_id,time,interaction,conversion,conversion_value,channel
A000100,2018-07-22T20:40:41Z,impression,0,0,Online Display
A000100,2018-07-23T20:40:41Z,conversion,1,6.5,Facebook
A000101,2018-07-23T20:40:41Z,impression,0,0,Online Video
A000101,2018-07-24T20:40:41Z,impression,0,0,Instagram
A000101,2018-07-25T20:40:41Z,impression,0,0,Paid Search
""",
    "ga4_bigquery_export": """\
event_timestamp,event_name,user_pseudo_id,source,medium,campaign,gclid,session_id,page_referrer,\
page_location,currency,transaction_id,purchase_revenue
1780315200000000,session_start,11.22,google,cpc,x,Cj0KC,1780315190,https://www.google.com/,\
https://shop.example/sale?a=b,,,
1780315260000000,session_start,11.23,,,,,1780315250,https://news.example/a,\
https://shop.example/,,,
1780315300000000,purchase,11.22,,,,,1780315190,,https://shop.example/thanks,EUR,T-1,59.9
1780315300000001,view_item,11.22,,,,,1780315190,,https://shop.example/thanks,,,
""",
    "shopify_orders_export": """\
Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Subtotal,Total,Created at,\
Lineitem quantity,Lineitem name,Refunded Amount,Id
#1001,jane@example.com,paid,2026-05-14 11:23:45 +0100,fulfilled,GBP,50.00,54.50,\
2026-05-14 11:23:40 +0100,1,Shoe,0.00,5901
#1001,jane@example.com,,,,,,,2026-05-14 11:23:40 +0100,2,Sock,,
#1002,joe@example.com,partially_refunded,2026-05-14 12:00:00 +0100,,GBP,10.00,10.00,\
2026-05-14 11:59:40 +0100,1,Sock,4.00,5902
#1003,joe@example.com,voided,,,GBP,10.00,10.00,2026-05-14 11:59:40 +0100,1,Sock,0.00,5903
""",
    "stripe_payments_export": """\
id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Status,Customer Email,\
Refunded date (UTC),visitor_id (metadata)
ch_1,2026-05-14 10:00:00,31.25,0.00,usd,true,Paid,jane@example.com,,v-1
ch_2,2026-05-14 11:00:00,3125,1000,jpy,true,Paid,joe@example.com,2026-05-15 09:00,v-2
ch_3,2026-05-14 12:00:00,9.00,9.00,usd,true,Refunded,ann@example.com,2026-05-16 09:00,
ch_4,2026-05-14 13:00:00,9.00,0.00,usd,false,Failed,ann@example.com,,v-3
""",
    "utm_touches": """\
visited_at;visitor_id;session;utm_source;utm_medium;utm_campaign;referrer;landing_page;gclid;fbclid
2026-06-01 12:00:00;v1;s1;newsletter;email;june;;/sale;;
2025-10-26 02:30:00;v1;s2;;;;https://www.google.com/;/?gclid=x;Cj0KC;
2026-06-01T12:00:00Z;v2;s3;facebook;paid_social;june;https://l.facebook.com/;/;;IwAR
""",
}


def take_in(name: str, folder: Path) -> tuple[list[Touch], list[Conversion]]:
    """Read the file of an example by its mapping and the common rules."""
    path = folder / f"{name}.csv"
    path.write_text(FILES[name], encoding="utf-8")
    chosen = choose_mapping(path, kind=None, map_file=EXAMPLES / f"{name}.toml", flags={})
    chosen.mapping.check_channels([])
    maker = ItemMaker(chosen.mapping, secret=b"s", cells_are_text=True)
    with open_rows(path, chosen.layout, chosen.mapping.wanted) as stream:
        batch = maker.next_batch(stream.rows, 100)
    assert batch is not None
    own, now = frozenset(chosen.mapping.new_channels or ()), utc_now()
    return (
        [read_touch(item, now=now, own_channels=own) for item in batch.touches.items],
        [read_conversion(item, now=now) for item in batch.orders.items + batch.refunds.items],
    )


def test_every_example_is_tried() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.toml")} == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_no_example_maps_a_column_of_personal_data(name: str, tmp_path: Path) -> None:
    touches, conversions = take_in(name, tmp_path)
    assert touches or conversions
    assert "@" not in repr((touches, conversions))
    assert "Cj0KC" not in repr(touches)


def test_the_public_file_keeps_its_five_channels_and_dollars(tmp_path: Path) -> None:
    touches, conversions = take_in("si05", tmp_path)
    codes = [touch.channel_code for touch in touches]
    assert codes == ["display", "facebook", "online_video", "instagram", "paid_search"]
    (order,) = conversions
    assert (order.amount_cents, order.currency, order.kind) == (650, "USD", "capture")
    assert order.journey_key == "A000100"
    assert len({order.order_id, order.idempotency_key, touches[1].idempotency_key}) == 3


def test_analytics_sessions_are_touches_and_purchases_orders(tmp_path: Path) -> None:
    touches, (order,) = take_in("ga4_bigquery_export", tmp_path)
    assert [touch.channel_code for touch in touches] == ["paid_search", "referral"]
    assert touches[0].click_id_kinds == ("gclid",)
    assert (touches[0].landing_path, touches[0].referrer_host) == ("/sale", "www.google.com")
    assert (order.order_id, order.amount_cents, order.currency) == ("T-1", 5990, "EUR")
    assert order.journey_key == touches[0].journey_key == "11.22"


def test_a_shop_order_is_one_capture_whatever_the_number_of_its_lines(tmp_path: Path) -> None:
    _, orders = take_in("shopify_orders_export", tmp_path)
    assert [(order.order_id, order.amount_cents) for order in orders] == [
        ("5901", 5450),
        ("5902", 1000),
    ]
    assert orders[0].occurred_at.isoformat() == "2026-05-14T10:23:45+00:00"


def test_payments_are_imported_with_their_refunds(tmp_path: Path) -> None:
    _, entries = take_in("stripe_payments_export", tmp_path)
    assert [
        (entry.order_id, entry.kind, entry.amount_cents, entry.currency) for entry in entries
    ] == [
        ("ch_1", "capture", 3125, "USD"),
        ("ch_2", "capture", 3125, "JPY"),
        ("ch_3", "capture", 900, "USD"),
        ("ch_2", "refund", -1000, "JPY"),
        ("ch_3", "refund", -900, "USD"),
    ]
    assert len({entry.idempotency_key for entry in entries}) == 5
    assert [entry.journey_key for entry in entries[:3]] == ["v-1", "v-2", None]


def test_visits_in_local_time_get_their_channel_by_the_common_rules(tmp_path: Path) -> None:
    touches, _ = take_in("utm_touches", tmp_path)
    assert [touch.channel_code for touch in touches] == ["email", "paid_search", "paid_social"]
    assert [touch.occurred_at.isoformat() for touch in touches] == [
        "2026-06-01T10:00:00+00:00",
        "2025-10-26T00:30:00+00:00",
        "2026-06-01T12:00:00+00:00",
    ]
