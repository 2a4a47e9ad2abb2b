"""The filters of the reports on payments and on how many of them have touches."""

from __future__ import annotations

from datetime import date as day
from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field, ValidationInfo, field_validator

from skeldir.http import Days, Filter, KeyText, NoQuery, PageQuery
from skeldir.inbox.states import PaymentState
from skeldir.revenue import LONGEST_KEY

MOST_DAYS: Final = 92

Flag = Annotated[str, Field(pattern="^[a-z_]{1,40}$")]


class CoverageQuery(Days):
    """The days of the coverage report: at most 92, and the last 31 without a start."""

    @field_validator("to")
    @classmethod
    def _is_near(cls, value: day | None, info: ValidationInfo) -> day | None:
        start = info.data.get("from_")
        if value is not None and start is not None and value - start > timedelta(days=MOST_DAYS):
            raise ValueError(f"`to` must be at most {MOST_DAYS} days after `from`")
        return value


class PaymentsQuery(PageQuery):
    """The filters of the list of payments."""

    state: Annotated[Filter[PaymentState], Field(description="payments in this state only")] = None
    flag: Annotated[
        Filter[Flag], Field(description="payments with this flag only, such as `over_refunded`")
    ] = None
    order_id: Annotated[
        Filter[Annotated[KeyText, Field(min_length=1, max_length=LONGEST_KEY)]],
        Field(description="payments of this order only"),
    ] = None


class TroublesQuery(NoQuery):
    """How far back the report of troubles looks."""

    days: Annotated[
        int, Field(ge=1, le=MOST_DAYS, description="how many days back dead deliveries are counted")
    ] = 7
