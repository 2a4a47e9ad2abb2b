"""Which age of a report a client accepts, by its Cache-Control."""

from __future__ import annotations

from math import inf

import pytest

from skeldir.http.reading import most_age_s


@pytest.mark.parametrize(
    ("sent", "seconds"),
    [
        ("", inf),
        ("no-transform", inf),
        ("no-cache", 0),
        ("No-Cache, max-age=60", 0),
        ("max-age=60", 60),
        ('max-stale=9, max-age="7"', 7),
        ("max-age=9, max-age=3", 3),
        ("max-age=soon", 0),
        ("max-age=-1", 0),
        ("max-age", 0),
    ],
)
def test_the_age_that_a_client_accepts(sent: str, seconds: float) -> None:
    assert most_age_s(sent) == seconds
