"""The shape of the channel report in one currency, converted from all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from skeldir.attribution.channel_rows import ChannelRow, ModelCredit
from skeldir.attribution.schemas import MOST_AWAITING
from skeldir.days import TimeZone
from skeldir.rates import ConvertedBy
from skeldir.revenue import RenewalsFilter

_CREDIT: JsonDict = {
    "credited_cents": 11972,
    "conversions": "1",
    "spend_cents": 4608,
    "roas": "2.598090",
    "cpa_cents": "4608.000000",
    "share": "1.000000",
}


@dataclass(frozen=True, slots=True)
class ConvertedChannelsPage:
    """A page of the channel report in one currency, by period and channel.

    The rows of all pages add up to `totals`. What no rate is known for is in neither, but in `not_converted`, over all
    periods and in its own currency.
    """

    __pydantic_config__ = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "time_zone": "Europe/Berlin",
                    "renewals": "include",
                    "model_versions": {"last_touch": "last_touch@1"},
                    "orders_awaiting_credit": 0,
                    "orders_set_aside": 0,
                    "converted_by": {
                        "currency": "EUR",
                        "source": "ecb",
                        "base": "EUR",
                        "days_old_at_most": 7,
                        "rates": [
                            {
                                "currency": "USD",
                                "rate_day": "2026-09-04",
                                "first_day": "2026-09-04",
                                "last_day": "2026-09-06",
                                "rate": "0.921658986175115",
                                "stated": [{"quote": "USD", "rate": "1.085", "revision": 1}],
                            }
                        ],
                        "rates_left_out": 0,
                        "missing": [],
                    },
                    "totals": {"last_touch": _CREDIT},
                    "not_converted": [],
                    "data": [
                        {
                            "period": "2026-09-01",
                            "currency": "EUR",
                            "channel": "paid_search",
                            "models": {"last_touch": _CREDIT},
                        }
                    ],
                    "next_cursor": "WyJmMDM4YmQ1N2E0ZTFjMjkwIixbIjIwMjYtMDYtMDEiXV0",
                }
            ]
        }
    )

    time_zone: TimeZone
    renewals: RenewalsFilter
    model_versions: Annotated[
        dict[str, str], Field(description="the active version of each model that is shown")
    ]
    orders_awaiting_credit: Annotated[int, Field(ge=0, le=MOST_AWAITING)]
    orders_set_aside: Annotated[int, Field(ge=0, le=MOST_AWAITING)]
    converted_by: ConvertedBy
    totals: Annotated[dict[str, ModelCredit], Field(description="the sums of all rows, by model")]
    not_converted: Annotated[
        list[ChannelRow],
        Field(description="what no rate is known for, by currency and channel over all periods"),
    ]
    data: list[ChannelRow]
    next_cursor: str | None
