"""Response shapes for the freshness of the views."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from skeldir.matviews.refresh import Outcome


@dataclass(frozen=True, slots=True)
class ViewReport:
    """One canonical view."""

    name: str
    says: Annotated[str, Field(description="what the view shows")]
    age_seconds: Annotated[
        float | None,
        Field(ge=0, description="seconds since its last successful refresh began; null before the first"),
    ]  # fmt: skip
    last_success_at: datetime | None
    last_outcome: Annotated[
        Outcome | None,
        Field(description="of the latest refresh; `skipped_unchanged`: the view shows every change"),
    ]  # fmt: skip
    last_outcome_at: datetime | None
    last_result: Annotated[
        Literal["success", "failed"] | None,
        Field(description="of the latest refresh that was not skipped"),
    ]
    last_result_at: datetime | None
    error_kind: Annotated[
        str | None, Field(description="the kind of error, when the last result is `failed`")
    ]


@dataclass(frozen=True, slots=True)
class ViewReports:
    """The five canonical views, by name."""

    __pydantic_config__ = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "data": [
                        {
                            "name": "mv_channel_performance",
                            "says": "credited conversions, revenue, spend, ROAS",
                            "age_seconds": 2.7,
                            "last_success_at": "2026-06-01T10:42:10Z",
                            "last_outcome": "skipped_unchanged",
                            "last_outcome_at": "2026-06-01T10:42:12Z",
                            "last_result": "failed",
                            "last_result_at": "2026-06-01T10:42:11Z",
                            "error_kind": "QueryCanceledError",
                        }
                    ]
                }
            ]
        }
    )

    data: list[ViewReport]
