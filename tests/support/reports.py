"""Makes reports of payments for tests, by hand and at random."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from skeldir.inbox.reporting import Report
from skeldir.inbox.saying import (
    PROVIDERS,
    Fact,
    Listed,
    Movement,
    MovementKind,
    Notice,
    NoticeKind,
    OrderRefund,
    Part,
    Provider,
    Standing,
    Total,
    Visit,
)

START = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def make_report(
    *facts: Fact,
    provider: Provider = "stripe",
    minute: int = 0,
    tag: str = "",
    order_ref: str | None = "1001",
    own_ref: str | None = "stripe:payment_intent:pi_1",
    account: str = "",
    journey: str | None = None,
    is_renewal: bool | None = None,
    parts: tuple[Part, ...] = (),
) -> Report:
    return Report(
        provider=provider,
        digest=hashlib.sha256(repr((provider, minute, tag, facts)).encode()).digest(),
        reported_at=at(minute),
        account=account,
        facts=facts,
        refs=("order:1001",),
        order_ref=order_ref,
        own_ref=own_ref,
        journey_hash=None if journey is None else hashlib.md5(journey.encode()).digest(),  # noqa: S324
        is_renewal=is_renewal,
        parts=parts,
    )


def moved(
    kind: MovementKind,
    minor: int,
    *,
    id_: str = "x_1",
    minute: int = 0,
    currency: str = "USD",
    noun: str | None = None,
    via: Provider | None = None,
) -> Movement:
    nouns = {"capture": "charge", "refund": "refund", "refund_reversal": "refund"}
    return Movement(kind, noun or nouns.get(kind, "dispute"), id_, minor, currency, at(minute), via)


def captured_total(minor: int, *, minute: int = 0, currency: str = "USD") -> Total:
    return Total("capture", "charge", "ch_1", minor, currency, at(minute), True)


def refunded_total(minor: int, *, minute: int = 0, is_booked: bool = False) -> Total:
    return Total("refund", "charge", "ch_1", minor, "USD", at(minute), is_booked)


def listed(*refunds: tuple[str, int], minute: int = 0) -> Listed:
    return Listed("refund", refunds, "USD", at(minute))


def noticed(kind: NoticeKind, *, id_: str = "x_1", minute: int = 0) -> Notice:
    return Notice(kind, id_, at(minute))


_MINUTES = st.integers(0, 6)
_MOMENTS = _MINUTES.map(at)
_IDS = st.sampled_from(("a", "b", "c", "long" * 30))
_CURRENCIES = st.sampled_from(("USD", "USD", "USD", "JPY"))
_VIAS = st.sampled_from((None, "stripe", "paypal", "shopify"))
_TURNS = st.sampled_from((None, None, None, 1, 2))
_NOUNS = st.sampled_from(("charge", "refund", "dispute"))
_KINDS = st.sampled_from(("capture", "refund", "refund_reversal", "dispute", "dispute_reversal"))
_NOTICES = st.sampled_from(
    ("authorized", "voided", "cancelled", "dispute_won", "dispute_lost", "refund_failed")
)
_MINORS = st.integers(1, 9)
_SUMS = st.none() | st.integers(0, 9)

FACTS: st.SearchStrategy[Fact] = st.one_of(
    st.builds(Movement, _KINDS, _NOUNS, _IDS, _MINORS, _CURRENCIES, _MOMENTS, _VIAS, _TURNS),
    st.builds(
        Total,
        st.sampled_from(("capture", "refund")),
        st.just("charge"),
        _IDS,
        st.integers(0, 9),
        _CURRENCIES,
        _MOMENTS,
        st.booleans(),
        _VIAS,
    ),
    st.builds(
        Listed,
        st.just("refund"),
        st.lists(st.tuples(_IDS, _MINORS), max_size=3, unique_by=lambda one: one[0]).map(tuple),
        _CURRENCIES,
        _MOMENTS,
        _VIAS,
    ),
    st.builds(Notice, _NOTICES, _IDS, _MOMENTS),
    st.builds(Standing, _IDS, _SUMS, _SUMS, _CURRENCIES, _MOMENTS, st.booleans()),
    st.builds(
        OrderRefund,
        st.sampled_from(("refund", "cancellation")),
        _IDS,
        _IDS,
        _SUMS,
        _SUMS,
        st.none() | _CURRENCIES,
        _MOMENTS,
    ),
)

_TEXTS = st.none() | st.text(max_size=8)

REPORTS: st.SearchStrategy[list[Report]] = st.lists(
    st.builds(
        Report,
        provider=st.sampled_from(PROVIDERS),
        digest=st.binary(min_size=1, max_size=3),
        reported_at=st.none() | _MOMENTS,
        account=st.sampled_from(("", "acct_1", "shop." * 24)),
        facts=st.lists(FACTS, max_size=3).map(tuple),
        refs=st.lists(st.sampled_from(("r:1", "stripe:r:2", "stripe:r:3"))).map(tuple),
        order_ref=st.sampled_from((None, "1001", "1002")),
        own_ref=st.sampled_from((None, "stripe:charge:a", "shopify:order:1")),
        journey_hash=st.none() | st.binary(min_size=16, max_size=16),
        visit=st.none()
        | st.builds(
            Visit,
            source=_TEXTS,
            medium=_TEXTS,
            campaign=_TEXTS,
            referrer=_TEXTS,
            landing=_TEXTS,
            click_ids=st.lists(st.text(max_size=4), max_size=2).map(tuple),
            visited_at=st.none() | _MOMENTS,
        ),
        agreement=_TEXTS,
        is_renewal=st.none() | st.booleans(),
        parts=st.lists(
            st.builds(Part, st.sampled_from(("fee", "net")), st.integers(-9, 9), _CURRENCIES),
            max_size=2,
        ).map(tuple),
    ),
    max_size=8,
    unique_by=lambda report: report.digest,
)
