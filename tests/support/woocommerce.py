"""Orders of WooCommerce as its webhooks send them, and the sample deliveries."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from skeldir.inbox.fields import Json, read_json
from skeldir.inbox.saying import Context, Movement, Said

SAMPLES = [
    folder
    for above in Path(__file__).parents
    if (folder := above / "shared" / "data" / "webhooks").is_dir()
]
NOW = datetime(2026, 11, 20, tzinfo=UTC)
PAID_AT = datetime(2026, 11, 2, 10, tzinfo=UTC)
CHANGED_AT = datetime(2026, 11, 2, 10, 0, 2, tzinfo=UTC)
CONTEXT = Context(is_live=True, now=NOW, journey_name="journey_key")
ABSENT: Any = object()


def make_order(**fields: object) -> dict[str, object]:
    """Return the body of a paid order of 39.00 USD; a field that is ABSENT is left out."""
    order: dict[str, object] = {
        "id": 723,
        "status": "processing",
        "currency": "USD",
        "total": "39.00",
        "date_paid_gmt": "2026-11-02T10:00:00",
        "date_modified_gmt": "2026-11-02T10:00:02",
        "payment_method": "stripe",
        "transaction_id": "ch_1",
        "meta_data": [],
        "refunds": [],
    }
    order.update(fields)
    return {name: value for name, value in order.items() if value is not ABSENT}


def make_meta(**values: object) -> list[dict[str, object]]:
    return [
        {"id": at, "key": key, "value": value} for at, (key, value) in enumerate(values.items())
    ]


def read_sample(name: str) -> Json:
    if not SAMPLES:
        pytest.skip("the sample deliveries are not here")
    return read_json((SAMPLES[0] / "woocommerce" / name).read_bytes())


def captures(said: Said) -> list[Movement]:
    return [fact for fact in said.facts if isinstance(fact, Movement)]
