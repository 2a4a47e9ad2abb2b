"""Money that moves again under one id is booked again, and reports that do not show it are flagged."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from skeldir.inbox.booking import Booking, Rules, book
from skeldir.inbox.reporting import Report
from skeldir.inbox.saying import MovementKind
from tests.support.reports import at, make_report, moved, noticed, refunded_total

CAPTURE = make_report(moved("capture", 900, id_="ch_1"))


def report(kind: MovementKind, minute: int, *, reported: int | None = None) -> Report:
    """Return a report of 900 that moved at a minute under one id, reported then or at another minute."""
    stamp = minute if reported is None else reported
    return make_report(moved(kind, 900, minute=minute), minute=stamp, tag=str(stamp))


def lost(minute: int) -> Report:
    return make_report(noticed("dispute_lost", minute=minute), minute=minute)


def booked_from(*reports: Report) -> Booking:
    """Return the one booking of the reports in each order, with repetitions."""
    bookings = {
        book([CAPTURE, *some, *some[:repeated]], Rules())
        for some in permutations(reports)
        for repeated in (0, 2)
    }
    assert len(bookings) == 1
    return bookings.pop()


def moves_of(booking: Booking) -> list[tuple[str, int]]:
    """Return the ends of the business keys, without the capture's, with the amounts."""
    return [
        (entry.business_key.split(":", 4)[-1], entry.amount_cents) for entry in booking.entries[1:]
    ]


def test_a_dispute_that_was_won_and_then_lost_is_withdrawn_twice() -> None:
    booking = booked_from(
        report("dispute", 1), report("dispute_reversal", 2), report("dispute", 3), lost(4)
    )
    assert moves_of(booking) == [
        ("dispute", -900),
        ("dispute_reversal", 900),
        ("dispute:2", -900),
    ]
    assert (booking.state, booking.flags) == ("dispute_lost", ())


def test_a_second_dispute_that_is_won_as_well_comes_back() -> None:
    booking = booked_from(
        report("dispute", 1),
        report("dispute_reversal", 2),
        report("dispute", 3),
        report("dispute_reversal", 4),
    )
    assert moves_of(booking)[3] == ("dispute_reversal:2", 900)
    assert (booking.state, booking.flags) == ("captured", ())


def test_withdrawals_without_a_reversal_between_them_are_one() -> None:
    booking = booked_from(report("dispute", 1), report("dispute", 2), report("dispute_reversal", 3))
    assert moves_of(booking) == [("dispute", -900), ("dispute_reversal", 900)]


def test_a_reinstatement_whose_withdrawal_was_not_reported_waits_beside_the_next_withdrawal() -> (
    None
):
    booking = booked_from(report("dispute_reversal", 2), report("dispute", 3))
    assert moves_of(booking) == [("dispute:2", -900)]
    assert [one.kind for one in booking.waiting] == ["dispute_reversal"]
    late = booked_from(report("dispute_reversal", 2), report("dispute", 3), report("dispute", 1))
    assert sum(amount for _, amount in moves_of(late)) == -900
    assert late.waiting == ()


@pytest.mark.parametrize("fails_first", [False, True])
def test_a_refund_that_fails_and_succeeds_again_is_refunded(*, fails_first: bool) -> None:
    reports = [report("refund_reversal", 2), report("refund", 3)]
    booking = booked_from(*reports, *([] if fails_first else [report("refund", 1)]))
    assert sum(amount for _, amount in moves_of(booking)) == -900
    assert (booking.state, booking.flags) == ("refunded", ())


def test_the_total_of_refunds_has_one_that_succeeded_twice_once() -> None:
    total = make_report(refunded_total(950, minute=4), minute=4)
    booking = booked_from(
        report("refund", 1), report("refund_reversal", 2), report("refund", 3), total
    )
    assert booking.flags == ("refund_missing",)


def test_a_refund_that_succeeds_and_fails_in_one_moment_is_flagged() -> None:
    booking = booked_from(report("refund", 1), report("refund_reversal", 1))
    assert sum(amount for _, amount in moves_of(booking)) == 0
    assert booking.flags == ("reversal_unclear",)


def test_a_refund_that_is_reported_after_its_failure_and_dated_before_it_is_flagged() -> None:
    booking = booked_from(
        report("refund", 1), report("refund_reversal", 2), report("refund", 1, reported=3)
    )
    assert moves_of(booking) == [("refund", -900), ("refund_reversal", 900)]
    assert booking.flags == ("reversal_unclear",)


def test_a_dispute_that_is_lost_after_it_was_won_is_flagged_unless_its_money_went_again() -> None:
    won = [report("dispute", 1), report("dispute_reversal", 2)]
    assert booked_from(*won, lost(3)).flags == ("dispute_missing",)
    assert booked_from(*won, lost(1)).flags == ()
    part = replace(moved("dispute_reversal", 400, minute=2))
    assert booked_from(won[0], make_report(part, minute=2), lost(3)).flags == ()


def test_a_turn_that_is_named_counts_whatever_its_time() -> None:
    failed = replace(moved("refund_reversal", 900, minute=0), turn=1)
    booking = booked_from(report("refund", 1), make_report(failed, minute=0, tag="listed"))
    assert moves_of(booking) == [("refund_reversal", 900), ("refund", -900)]
    assert booking.entries[1].occurred_at == at(0)
    assert booking.flags == ()


def listed(kind: MovementKind, minute: int) -> Report:
    """Return a report of an object that was listed at a time that is not known."""
    fact = replace(moved(kind, 900), turn=1)
    return make_report(fact, minute=minute, tag=f"listed-{minute}")


@pytest.mark.parametrize(
    "reports",
    [
        (report("refund_reversal", 1), listed("refund", 0)),
        (listed("refund_reversal", 0), report("refund", 1), listed("refund", 2)),
        (
            report("refund", 1),
            report("refund_reversal", 2),
            report("refund", 3),
            listed("refund_reversal", 0),
        ),
    ],
)
def test_a_listed_refund_that_contradicts_what_else_is_known_is_flagged(
    reports: tuple[Report, ...],
) -> None:
    assert "reversal_unclear" in booked_from(*reports).flags


def test_a_listed_refund_that_closes_a_gap_is_not_flagged() -> None:
    for reports in (
        (report("refund", 1), listed("refund_reversal", 0)),
        (report("refund", 1), listed("refund", 0)),
        (listed("refund_reversal", 0), report("refund_reversal", 2), report("refund", 1)),
    ):
        assert booked_from(*reports).flags == ()
