"""A stored report is the report that was made, and is plain JSON."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given, settings

from skeldir.inbox.reporting import Report, pack_report, read_report, report_of
from skeldir.inbox.saying import Said
from tests.support.reports import REPORTS, at, captured_total, make_report, moved


@settings(deadline=None)
@given(REPORTS)
def test_a_report_is_the_same_after_it_was_stored_as_json(reports: list[Report]) -> None:
    for report in reports:
        assert read_report(orjson.loads(orjson.dumps(pack_report(report)))) == report


def test_a_movement_and_a_total_of_the_same_fields_stay_apart() -> None:
    report = make_report(moved("capture", 5, id_="ch_1", minute=1), captured_total(5, minute=1))
    assert [type(fact) for fact in read_report(pack_report(report)).facts] == [
        type(fact) for fact in report.facts
    ]


def test_a_report_keeps_the_hash_of_the_journeys_token_and_not_the_token() -> None:
    said = Said("charge.succeeded", at(0), journey="token-of-a-journey", order_ref="1001")
    report = report_of("stripe", b"d", said, b"h" * 16)
    packed = orjson.dumps(pack_report(report))
    assert b"token-of-a-journey" not in packed
    assert read_report(orjson.loads(packed)).journey_hash == b"h" * 16
    assert report.order_ref == "1001"


def test_a_stored_fact_of_an_unknown_form_is_refused() -> None:
    packed = pack_report(make_report(moved("capture", 5)))
    packed["facts"][0]["fact"] = "rumour"
    with pytest.raises(ValueError, match="unknown form"):
        read_report(packed)
