"""What goes over the wire: the filters of the list of jobs, and its rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field

from skeldir.http import Filter, PageQuery
from skeldir.jobs.kinds import QUEUE_OF

_State = Literal["ready", "running", "done", "dead"]


def _known_kind(kind: str) -> str:
    if kind not in QUEUE_OF:
        raise ValueError(f"there are {', '.join(sorted(QUEUE_OF))}")
    return kind


class JobsQuery(PageQuery):
    """The filters of the list of jobs."""

    state: Annotated[Filter[_State], Field(description="jobs of this state only")] = None
    kind: Annotated[
        Filter[
            Annotated[
                str,
                AfterValidator(_known_kind),
                Field(json_schema_extra=lambda schema: schema.update(enum=sorted(QUEUE_OF))),
            ]
        ],
        Field(description="jobs of this kind only"),
    ] = None


@dataclass(frozen=True, slots=True)
class JobReport:
    """One job. A done one is forgotten after a while; a dead one has failed as often as it may be tried."""

    id: UUID
    kind: str
    arguments: dict[str, Any]
    state: _State
    attempts: Annotated[int, Field(ge=0, description="how often it was begun")]
    run_at: Annotated[datetime, Field(description="when it is, or was, due")]
    error_kind: Annotated[
        str | None, Field(description="the kind of the latest fault, if there was one")
    ]
    correlation_id: Annotated[UUID, Field(description="of the request or job that enqueued it")]
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class JobsPage:
    """A page of jobs, the newest first."""

    __pydantic_config__ = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "data": [
                        {
                            "id": "0197277e-8e4f-7b6c-a1b4-0f1d2c3b4a59",
                            "kind": "attribution.credit",
                            "arguments": {},
                            "state": "dead",
                            "attempts": 5,
                            "run_at": "2026-06-01T10:42:10.120344Z",
                            "error_kind": "query_too_slow",
                            "correlation_id": "5a3f0c7e-3b1c-4f61-9d0f-5e2f3d9f8a11",
                            "created_at": "2026-06-01T10:42:10.120344Z",
                            "finished_at": "2026-06-01T10:42:10.318027Z",
                        }
                    ],
                    "next_cursor": "WyJmMDM4YmQ1N2E0ZTFjMjkwIixbIjIwMjYtMDYtMDEiXV0",
                }
            ]
        }
    )

    data: list[JobReport]
    next_cursor: str | None
