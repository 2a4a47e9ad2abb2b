from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="RatesSentRateItem")


@_attrs_define
class RatesSentRateItem:
    """A rate of a day.

    Attributes:
        day (str):
        quote (str): ISO 4217
        rate (str): a decimal as text: how many units of the quote one unit of the base is
    """

    day: str
    quote: str
    rate: str

    def to_dict(self) -> dict[str, Any]:
        day = self.day

        quote = self.quote

        rate = self.rate

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "day": day,
                "quote": quote,
                "rate": rate,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        day = d.pop("day")

        quote = d.pop("quote")

        rate = d.pop("rate")

        rates_sent_rate_item = cls(
            day=day,
            quote=quote,
            rate=rate,
        )

        return rates_sent_rate_item
