"""The state of an order follows from its money and its notices, and what cannot be is flagged."""

from __future__ import annotations

import pytest

from skeldir.inbox.booking import Rules, book
from skeldir.inbox.reporting import Report
from skeldir.inbox.saying import Fact, MovementKind
from tests.support.reports import make_report, moved, noticed

CAPTURE = moved("capture", 100, id_="ch_1")


def reports_of(*facts: Fact) -> list[Report]:
    return [make_report(fact, tag=str(number)) for number, fact in enumerate(facts)]


def money(kind: MovementKind, minor: int, minute: int, id_: str = "x_1") -> Fact:
    return moved(kind, minor, id_=id_, minute=minute)


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ((), "pending"),
        ((noticed("capture_pending"),), "pending"),
        ((noticed("authorized"),), "authorized"),
        ((noticed("authorized"), noticed("voided", minute=1)), "voided"),
        ((noticed("authorized"), noticed("cancelled")), "voided"),
        ((noticed("voided"), noticed("authorized", minute=1)), "authorized"),
        ((noticed("authorized"), CAPTURE, noticed("voided", minute=1)), "captured"),
        ((money("dispute", 100, 1),), "awaiting_capture"),
        ((CAPTURE, money("refund", 99, 1)), "partially_refunded"),
        ((CAPTURE, money("refund", 40, 1, "a"), money("refund", 60, 1, "b")), "refunded"),
        ((CAPTURE, money("dispute", 100, 1)), "disputed"),
        ((CAPTURE, money("dispute", 100, 1), noticed("dispute_lost")), "dispute_lost"),
        ((CAPTURE, money("dispute", 100, 1), noticed("dispute_lost", id_="PP-1")), "dispute_lost"),
        ((CAPTURE, money("dispute", 100, 1), noticed("dispute_won", minute=2)), "disputed"),
        (
            (CAPTURE, money("dispute", 100, 1), money("dispute_reversal", 90, 2)),
            "captured",
        ),
        (
            (
                CAPTURE,
                money("dispute", 40, 1, "lost"),
                money("dispute", 50, 1, "open"),
                noticed("dispute_lost", id_="lost"),
            ),
            "disputed",
        ),
    ],
)
def test_the_state_follows_from_what_is_known(facts: tuple[Fact, ...], state: str) -> None:
    assert book(reports_of(*facts), Rules()).state == state


@pytest.mark.parametrize(
    ("facts", "flags"),
    [
        ((CAPTURE, money("refund", 101, 1)), ("over_refunded",)),
        ((CAPTURE, money("dispute", 101, 1)), ("over_disputed",)),
        ((CAPTURE, money("refund", 50, 1), money("dispute", 100, 1)), ("refunded_and_disputed",)),
        ((noticed("voided"), moved("capture", 5, minute=1)), ("captured_after_void",)),
        (
            (noticed("voided"), noticed("authorized", minute=1), moved("capture", 5, minute=2)),
            (),
        ),
        ((moved("capture", 50, minute=2), money("refund", 5, 1)), ("refunded_before_capture",)),
        ((CAPTURE, moved("capture", 5, id_="ch_2", currency="JPY")), ("currencies_differ",)),
        ((CAPTURE, noticed("dispute_lost")), ("dispute_missing",)),
    ],
)
def test_what_cannot_be_is_booked_and_flagged(
    facts: tuple[Fact, ...], flags: tuple[str, ...]
) -> None:
    booking = book(reports_of(*facts), Rules())
    assert booking.flags == flags
    moves = [fact for fact in facts if not hasattr(fact, "noticed_at")]
    assert len(booking.entries) == len(moves)
