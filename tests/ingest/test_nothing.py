"""A text that stands for nothing is nothing, in files and by HTTP: no order, and never one visitor for many people."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from skeldir.ingest.canonical import read_conversion, read_touch
from skeldir.ingest.nothing import is_nothing
from skeldir.ingest.rejections import ItemRejected
from skeldir.ingest.touch_columns import read_touches

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
TOUCH = {"idempotency_key": "k", "occurred_at": NOON, "journey_key": "v"}
CONVERSION = {
    "idempotency_key": "k", "order_id": "o", "kind": "capture", "amount_cents": 1, "currency": "EUR",
    "occurred_at": NOON,
}  # fmt: skip
NONE = [
    "null", "NULL", "Null", "nUlL", "none", "None", "nan", "NaN", "undefined", "n/a", "N/A", "-", "(not set)",
    "(Not Set)", "(none)", "(data not available)", "[object Object]", "(nicht festgelegt)", "NA", "\\N", "<null>",
]  # fmt: skip


@pytest.mark.parametrize("text", NONE)
def test_a_placeholder_is_nothing_in_every_field(text: str) -> None:
    assert is_nothing(text)
    touch = read_touch(
        {
            **TOUCH,
            "source": text,
            "medium": text,
            "campaign": text,
            "referrer_host": text,
            "session_id": text,
        },
        now=NOON,
        own_channels=frozenset(),
    )
    assert (touch.source, touch.medium, touch.campaign, touch.referrer_host, touch.session_id) == (
        None,
    ) * 5
    assert touch.channel_code == "direct"
    assert read_conversion({**CONVERSION, "journey_key": text}, now=NOON).journey_key is None


@pytest.mark.parametrize("text", [*NONE, ""])
@pytest.mark.parametrize("field", ["order_id", "idempotency_key", "currency"])
def test_a_placeholder_in_a_field_that_must_be_given_is_refused_like_an_empty_one(
    text: str, field: str
) -> None:
    with pytest.raises(ItemRejected) as caught:
        read_conversion({**CONVERSION, field: text}, now=NOON)
    assert caught.value.item_code == f"{field}_missing"


@pytest.mark.parametrize("text", NONE)
def test_a_placeholder_is_no_visitor_whether_touches_come_alone_or_in_blocks(text: str) -> None:
    items = [{**TOUCH, "idempotency_key": f"k{n}"} for n in range(20)]
    items[7] = {**items[7], "journey_key": text}
    outcomes = read_touches(items, now=NOON, own_channels=frozenset())
    refused = [one for one in outcomes if isinstance(one, ItemRejected)]
    assert [one.item_code for one in refused] == ["journey_key_missing"]
    assert len(outcomes) == 20


@pytest.mark.parametrize(
    "text", ["google", "na", "0", "none-of-these", "Nancy", "null island", "nano"]
)
def test_other_texts_are_what_they_are(text: str) -> None:
    assert not is_nothing(text)
