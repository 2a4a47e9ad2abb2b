"""The example of an explained order in the API description."""

from __future__ import annotations

from typing import Any, Final

EXPLAINED: Final[dict[str, Any]] = {
    "order_id": "991",
    "awaits_credit": False,
    "set_aside": {
        "reason": "credit_failed",
        "detail": "NumericValueOutOfRangeError (SQLSTATE 22003)",
        "since": "2026-06-02T08:00:00Z",
    },
    "left_out": {"touches": 0, "entries": 0, "allocations": 0},
    "touches_forgotten_before": "2025-06-01T00:00:00Z",
    "entries": [
        {
            "business_key": "order-991-paid",
            "kind": "capture",
            "amount_cents": 12990,
            "currency": "USD",
            "occurred_at": "2026-06-01T10:42:10Z",
            "recorded_at": "2026-06-01T10:42:11.006120Z",
            "source": "api",
        }
    ],
    "balances": [
        {
            "currency": "USD",
            "state": "paid",
            "captured_cents": 12990,
            "refunded_cents": 0,
            "disputed_cents": 0,
            "balance_cents": 12990,
        }
    ],
    "payments": [
        {
            "state": "captured",
            "flags": [],
            "providers": ["shopify", "stripe"],
            "is_renewal": False,
            "journey": "token",
            "waiting": [],
            "evidence": [
                {
                    "kind": "capture",
                    "id": "389404469",
                    "amount_cents": 12990,
                    "currency": "USD",
                    "provider": "shopify",
                }
            ],
        }
    ],
    "capture": {
        "business_key": "order-991-paid",
        "occurred_at": "2026-06-01T10:42:10Z",
        "has_journey": True,
    },
    "touches": [
        {
            "place": 0,
            "is_forgotten": False,
            "age_seconds": 730.0,
            "idempotency_key": "pv-81724",
            "occurred_at": "2026-06-01T10:30:00Z",
            "channel": "paid_search",
            "rule": "correction@019a5b2e-6c1f-7d3a-9b42-5f0c8e7d1a23",
            "correction": {
                "id": "019a5b2e-6c1f-7d3a-9b42-5f0c8e7d1a23",
                "reason": "The link of the spring campaign had no tags.",
                "requested_by": "key:skd_4f7a2c9e (team)",
                "requested_at": "2026-06-02T08:15:00Z",
            },
            "source": "google",
            "medium": "cpc",
            "campaign": "spring",
            "referrer_host": "www.google.com",
            "click_id_kinds": ["gclid"],
        }
    ],
    "versions": [
        {
            "model_version": "linear@1",
            "model": "linear",
            "lookback_days": 30,
            "after_conversion": "reset",
            "half_life_days": 7,
            "window_start": "2026-05-02T10:42:10Z",
            "window_end": "2026-06-01T10:42:10Z",
            "journey_begins_after": "2026-05-20T08:15:00Z",
            "touches_forgotten": False,
            "touches": [{"place": 0, "channel": "paid_search", "weight": "1"}],
            "shares": [
                {"channel": "paid_search", "weight": "1", "conversion_ppt": 1_000_000_000_000}
            ],
            "allocations": [
                {
                    "business_key": "order-991-paid",
                    "channel": "paid_search",
                    "allocated_cents": 12990,
                    "conversion_ppt": 1_000_000_000_000,
                }
            ],
        }
    ],
}
