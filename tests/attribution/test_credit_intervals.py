"""The interval of credit by a fit holds the credit, and moves with it."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from skeldir.attribution.credit_intervals import CreditInterval, interval_of

ends = st.tuples(st.fractions(0, 1), st.fractions(1, 3))


@given(st.integers(-(10**15), 10**15), ends)
def test_an_interval_holds_its_credit_and_is_rounded_outwards(
    cents: int, of: tuple[Fraction, Fraction]
) -> None:
    found = interval_of(cents, of)
    assert found is not None
    assert found.lower_cents <= cents <= found.upper_cents
    exact = sorted(cents * end for end in of)
    assert 0 <= exact[0] - found.lower_cents < 1
    assert 0 <= found.upper_cents - exact[1] < 1


def test_what_was_refunded_has_an_interval_below_nothing_and_nothing_has_none() -> None:
    assert interval_of(-100, (Fraction(1, 2), Fraction(3, 2))) == CreditInterval(-150, -50)
    assert interval_of(0, (Fraction(1, 2), Fraction(3, 2))) == CreditInterval(0, 0)
    assert interval_of(100, None) is None
