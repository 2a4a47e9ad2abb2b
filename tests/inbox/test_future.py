"""What a merchant's own clock dates to a day to come is dead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from skeldir.inbox.receiving import translate_fields
from skeldir.inbox.saying import Context, EndpointProvider
from tests.support.woocommerce import make_order

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
CONTEXT = Context(is_live=True, now=NOW)


def make_body(provider: EndpointProvider, moment: datetime, kind: str) -> dict[str, object]:
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    if provider == "woocommerce":
        return make_order(date_paid_gmt=text, date_modified_gmt=text)
    ids = {"payment_id": "p1", "dispute_id": "d1", "order_id": "1"}
    money = {"amount": "1.00", "currency": "EUR"}
    return {"type": kind, "timestamp": f"{text}Z", "data": ids | money}


@pytest.mark.parametrize(
    ("provider", "kind"),
    [
        ("woocommerce", ""),
        ("standard", "payment.captured"),
        ("standard", "payment.authorized"),
        ("standard", "payment.dispute_lost"),
    ],
)
def test_what_happens_more_than_a_day_from_now_is_a_trouble_and_books_nothing(
    provider: EndpointProvider, kind: str
) -> None:
    ahead = NOW + timedelta(days=1)
    said = translate_fields(provider, make_body(provider, ahead, kind), CONTEXT)
    assert (bool(said.facts), said.trouble) == (True, None)
    later = translate_fields(
        provider, make_body(provider, ahead + timedelta(seconds=1), kind), CONTEXT
    )
    assert later.trouble is not None
    assert (later.facts, later.trouble.code) == ((), "time_in_the_future")
    assert later.kept
