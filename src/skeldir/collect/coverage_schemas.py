"""The shapes of the report on what browsers keep of the collector's keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as day
from datetime import timedelta
from typing import Annotated, Final

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from skeldir.days import TimeZone
from skeldir.http import Days

MOST_DAYS: Final = 92

Count = Annotated[int, Field(ge=0)]


class CollectCoverageQuery(Days):
    """The days of the report: at most 92, and the last 31 without a start."""

    @field_validator("to")
    @classmethod
    def _is_near(cls, value: day | None, info: ValidationInfo) -> day | None:
        start = info.data.get("from_")
        if value is not None and start is not None and value - start > timedelta(days=MOST_DAYS):
            raise ValueError(f"`to` must be at most {MOST_DAYS} days after `from`")
        return value


@dataclass(frozen=True, slots=True)
class CollectCoverageRow:
    """A day: the landings that the collector reported on it, and the orders that were first captured on it.

    `granted_kept`, `granted_capped`, `session_kept` and `session_capped` add up to all landings of the day.
    """

    date: Annotated[day, Field(description="a day of the report's `time_zone`")]
    granted_kept: Annotated[
        Count, Field(description="landings whose key is kept for all days that the page states")
    ]
    granted_capped: Annotated[
        Count,
        Field(
            description="landings whose key the browser deletes early, as Safari does after 7 days"
        ),
    ]
    session_kept: Annotated[
        Count, Field(description="landings whose key ends with the visit, as the visitor chose")
    ]
    session_capped: Annotated[Count, Field(description="the same, in such a browser")]
    orders: Annotated[
        Count, Field(description="orders with a landing of the collector in their journeys")
    ]
    short_lived_orders: Annotated[
        Count,
        Field(
            description="those of these orders of which no landing is in `granted_kept`: earlier visits may be missing"
        ),
    ]


@dataclass(frozen=True, slots=True)
class CollectCoverageReport:
    """The landings and orders of some days. A day without either is left out."""

    __pydantic_config__ = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "time_zone": "Europe/Berlin",
                    "first_day": "2026-06-01",
                    "end_day": "2026-06-02",
                    "data": [
                        {
                            "date": "2026-06-01",
                            "granted_kept": 120,
                            "granted_capped": 45,
                            "session_kept": 30,
                            "session_capped": 10,
                            "orders": 8,
                            "short_lived_orders": 3,
                        }
                    ],
                }
            ]
        }
    )

    time_zone: TimeZone
    first_day: day
    end_day: Annotated[day, Field(description="the day after the last one")]
    data: list[CollectCoverageRow]
