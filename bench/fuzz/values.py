# ruff: noqa: RUF001 - look-alike letters are what this file is about
"""Values that break things: for every field of an item, and for the texts of JSON itself."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

# A lone surrogate is written as an escape, which JSON allows and UTF-8 does not.
LONE = "\\ud800"

TEXTS: tuple[Any, ...] = (
    "", " ", "\t", "\n", "a\x00b", "\x7f", "\x85", "\u2028", "\u202e", "\ufeff", "\ufffe", "\U0010ffff", "é",
    "e\u0301",
    "ｆｕｌｌ", "раураl", "null", "NaN", "undefined", "true", "[]", "{}", "'; DROP TABLE jobs; --", "%00",
    "%s%n", "{0}",
    "${jndi:ldap://x}", "../../etc/passwd", "<script>alert(1)</script>", "a" * 199, "a" * 200, "a" * 201, "a" * 500,
    "a" * 501, "é" * 200, "\U0001f4a9" * 200, "a" * 100_000, "jane@example.com", "@" * 2_000, "%40" * 600,
    "a@" * 900, " @" * 900, "+49 151 23456789", "4111 1111 1111 1111", "127.0.0.1", "-1", "0", "1e9", "٣", "１２",
    "x\u0000", "\x1b[31m", "skd_", "unattributed", "direct", "email", "https://[::1]:99999999999/",
)  # fmt: skip
OTHERS: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 1.5, -0.0, 1e308, 5e-324, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63) - 1,
    10**15, 10**15 + 1, 10**40, -(10**40), 10**499, 10**501, [], {}, [[]], [None], {"a": {}}, ["a"] * 1_000,
    [1], [{"a": "b"}],
    {"$gt": ""}, {"": ""}, {"__proto__": {}}, [["x"] * 50] * 50,
)  # fmt: skip
TIMES: tuple[Any, ...] = (
    "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00",
    "1999-12-31T23:59:59.999999Z", "2000-01-01T00:00:00Z", "2000-01-01T00:00:00+23:59", "2026-01-01",
    "2026-01-01T00:00:00",
    "2016-12-31T23:59:60Z", "2026-06-30T23:59:60+00:00", "2026-02-29T00:00:00Z", "2024-02-29T00:00:00Z",
    "2026-06-01T24:00:00Z", "2026-06-01T12:00:00+24:00", "2026-06-01T12:00:00+23:59:59.999999",
    "2026-06-01T12:00:00-00:00",
    "2026-06-01T12:00:00+99:99", "2026-W01-1T00:00:00Z", "2026-001T00:00:00Z", "20260601T120000Z",
    "2026-06-01 12:00:00Z",
    "2026-06-01t12:00:00z", "2026-06-01T12:00Z", "2026-06-01T12Z", "2026-06-01T12:00:00.123456789Z",
    "2026-06-01T12:00:00,5Z",
    "٢٠٢٦-٠٦-٠١T12:00:00Z", "2026-06-01T12:00:00 Z", "2026-06-01T12:00:00Z\x00", "2026-06-01T12:00:00Z ",
    "1780315200",
    1780315200, 1780315200000, -62135596800, 1e20, "now", "today", "infinity", "-infinity", "epoch",
    "12026-06-01T12:00:00Z",
    "-2026-06-01T12:00:00Z", "2026-06-01T12:00:00[Europe/Berlin]", "2026-06-01T12:00:00+02:00:30",
    "2026-13-01T00:00:00Z",
)  # fmt: skip
AMOUNTS: tuple[Any, ...] = (
    0, 1, -1, -0.0, 0.0, 1.0, 0.1, 10**15 - 1, 10**15, 10**15 + 1, -(10**15), 10**16, 10**18, 2**63 - 1, 2**63,
    2**64, 10**30, 10**400,
    1e15, 1e16, 1e300, "100", "1e3", "٣", "０", "1_000", "1,000", "0x10", " 1", True, None, [1], {"amount": 1},
    "1" * 5_000,
)  # fmt: skip
CURRENCIES: tuple[Any, ...] = (
    "usd", "Usd", "US", "USDD", "ＵＳＤ", "UЅD", "USD ", " USD", "USD\x00", "XXX", "XTS", "XAU", "ZZZ", "JPY",
    "BHD", "CLF", "EUR",
    "HRK", "ÜSD", "840", 840, None, ["USD"], {"code": "USD"}, "", "€", "USD\n", "USD'",
)  # fmt: skip
KINDS: tuple[Any, ...] = (
    "Capture", "CAPTURE", "capture ", "refund", "refund_reversal", "dispute", "dispute_reversal", "chargeback",
    "", None, 1, ["capture"],
    {"kind": "capture"}, "сapture", "capture\x00", "__class__", True,
)  # fmt: skip
CLICK_IDS: tuple[Any, ...] = (
    ["gclid"], ["GCLID", "gclid"], ["gclid=abc"], "gclid", [1], [None], [["gclid"]], ["x"], [""],
    ["gclid"] * 100_000, {"gclid": 1},
    ["gc\u017fid"], ["İ"], ["\x00"], 0, False, [True],
)  # fmt: skip
URLS: tuple[Any, ...] = (
    "https://" + "a." * 900 + "com/x?y=z", "//" * 900, "https://user:pass@host/path", "http://[::1",
    "https://ｇｏｏｇｌｅ.com/",
    "HTTPS://GOOGLE.COM:443/?q=1", "javascript:alert(1)", "/" * 2_000, "?" * 2_000, "." * 253, "a" * 2_001,
    "xn--" + "a" * 60,
    "https://İstanbul.example/", "\\\\host\\share", "/p?email=jane@example.com", "/p/jane%40example.com",
    "data:,x", ":", "://", "@",
)  # fmt: skip
CHANNELS: tuple[Any, ...] = (
    "email", "EMAIL", "paid_search", "unattributed", "direct", "alpha_radio", "bravo_radio", "emаil", "", " ",
    "nope", None, 1, ["email"],
    "email\x00", "a" * 10_000,
)  # fmt: skip

OF_FIELD: dict[str, tuple[Any, ...]] = {
    "occurred_at": TIMES,
    "amount_cents": AMOUNTS,
    "currency": CURRENCIES,
    "kind": KINDS,
    "click_ids": CLICK_IDS,
    "referrer_host": URLS,
    "landing_path": URLS,
    "channel": CHANNELS,
}
TOUCH_FIELDS = (
    "idempotency_key", "occurred_at", "journey_key", "session_id", "source", "medium", "campaign",
    "referrer_host", "landing_path",
    "click_ids", "channel",
)  # fmt: skip
CONVERSION_FIELDS = (
    "idempotency_key", "order_id", "kind", "amount_cents", "currency", "occurred_at", "journey_key",
)  # fmt: skip

Item = dict[str, Any]
_FIRST_DAY = datetime(2026, 9, 1, 12, tzinfo=UTC)


def make_touch(chance: random.Random, number: int) -> Item:
    """Return a valid touch."""
    moment = _FIRST_DAY + timedelta(seconds=chance.randrange(70 * 86_400))
    item: Item = {
        "idempotency_key": f"fuzz-t-{number}",
        "occurred_at": moment.isoformat(),
        "journey_key": f"journey-{number // 7}",
    }
    if chance.random() < 0.5:
        return item | {"channel": chance.choice(("email", "paid_search", "direct", "affiliate"))}
    return item | {"source": "google", "medium": "cpc", "campaign": f"c{chance.randrange(9)}"}


def make_conversion(chance: random.Random, number: int) -> Item:
    """Return a valid conversion; one in ten is a refund."""
    moment = _FIRST_DAY + timedelta(seconds=chance.randrange(70 * 86_400))
    return {
        "idempotency_key": f"fuzz-c-{number}",
        "order_id": f"fuzz-o-{number}",
        "kind": "refund" if chance.random() < 0.1 else "capture",
        "amount_cents": chance.randrange(1, 100_000),
        "currency": chance.choice(("USD", "EUR", "JPY")),
        "occurred_at": moment.isoformat(),
        "journey_key": f"journey-{number // 7}",
    }


def odd_value(chance: random.Random, field: str) -> Any:
    """Return a value that is invalid for the field, or only just valid."""
    pools = [TEXTS, OTHERS, OF_FIELD.get(field, TEXTS), OF_FIELD.get(field, OTHERS)]
    return chance.choice(chance.choice(pools))
