"""The reading endpoints in `/openapi.json`: every parameter, every status, and valid examples."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from skeldir.app import create_app
from skeldir.attribution.explanations import OrderExplanation
from skeldir.attribution.model_schemas import ModelInForce, ModelPreview, ModelsReport
from skeldir.attribution.schemas import ChannelsPage
from skeldir.ingest.schemas import DeadEventsPage
from skeldir.jobs.schemas import JobsPage
from skeldir.matviews.schemas import ViewReports
from skeldir.revenue.schemas import DailyPage, RealtimeTotals

DESCRIPTION = create_app("postgresql://app_user@nowhere/none").openapi()
READS = {
    path: operations["get"]
    for path, operations in DESCRIPTION["paths"].items()
    if path.startswith("/v1/") and "get" in operations and "{token}" not in path
}
FILES = {"text/csv", "application/x-ndjson", "application/vnd.apache.parquet"}


def test_there_are_thirty_one_reading_endpoints() -> None:
    assert len(READS) == 31


@pytest.mark.parametrize("path", READS)
def test_every_parameter_is_described_and_never_null(path: str) -> None:
    for parameter in READS[path].get("parameters", []):
        assert len(parameter["description"]) > 5, parameter
        assert "null" not in str(parameter["schema"]), parameter


@pytest.mark.parametrize("path", READS)
def test_every_problem_is_declared(path: str) -> None:
    responses: dict[str, Any] = READS[path]["responses"]
    expected = {"200", "400", "401", "403", "408", "422", "429", "431", "500", "503"}
    has_404 = path.endswith(
        (
            "_id}",
            "{version}",
            "{other}",
            "channels",
            "kinds",
            "origins",
            "/lines",
            "{part}",
            "/sums",
        )
    )
    expected |= {"404"} if has_404 else set()
    expected |= {"304"} if path.endswith("realtime") else set()
    assert set(responses) == expected
    for status, response in responses.items():
        media = set(response.get("content", {}))
        if status == "304":
            assert media == set()
        else:
            own = FILES if path.endswith("{part}") else {"application/json"}
            assert media == (own if status == "200" else {"application/problem+json"})


@pytest.mark.parametrize(
    "model",
    [
        ChannelsPage,
        DailyPage,
        DeadEventsPage,
        JobsPage,
        ModelInForce,
        ModelPreview,
        ModelsReport,
        OrderExplanation,
        RealtimeTotals,
        ViewReports,
    ],
)
def test_every_answer_has_an_example_that_fits_and_leaves_nothing_out(
    model: type,
) -> None:
    examples = DESCRIPTION["components"]["schemas"][model.__name__]["examples"]
    assert len(examples) == 1
    shape = TypeAdapter(model)
    # FastAPI leaves null out of examples.
    written = shape.dump_python(shape.validate_python(examples[0]), mode="json", exclude_none=True)
    assert written == examples[0]
