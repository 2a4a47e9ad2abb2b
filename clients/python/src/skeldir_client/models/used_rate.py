from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.stated_rate import StatedRate


T = TypeVar("T", bound="UsedRate")


@_attrs_define
class UsedRate:
    """The rate that the money of some successive days was converted by.

    Attributes:
        currency (str): ISO 4217
        first_day (datetime.date): the first day with money that it was used for
        last_day (datetime.date): the last one
        rate (str): how many units of the target one unit of `currency` is, to 15 digits; sums are converted by the
            exact quotient of the stated rates
        rate_day (datetime.date): the day that the source states the rate for
        stated (list[StatedRate]):
    """

    currency: str
    first_day: datetime.date
    last_day: datetime.date
    rate: str
    rate_day: datetime.date
    stated: list[StatedRate]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        currency = self.currency

        first_day = self.first_day.isoformat()

        last_day = self.last_day.isoformat()

        rate = self.rate

        rate_day = self.rate_day.isoformat()

        stated = []
        for stated_item_data in self.stated:
            stated_item = stated_item_data.to_dict()
            stated.append(stated_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "currency": currency,
                "first_day": first_day,
                "last_day": last_day,
                "rate": rate,
                "rate_day": rate_day,
                "stated": stated,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.stated_rate import StatedRate  # noqa: PLC0415

        d = dict(src_dict)
        currency = d.pop("currency")

        first_day = datetime.date.fromisoformat(d.pop("first_day"))

        last_day = datetime.date.fromisoformat(d.pop("last_day"))

        rate = d.pop("rate")

        rate_day = datetime.date.fromisoformat(d.pop("rate_day"))

        stated = []
        _stated = d.pop("stated")
        for stated_item_data in _stated:
            stated_item = StatedRate.from_dict(stated_item_data)

            stated.append(stated_item)

        used_rate = cls(
            currency=currency,
            first_day=first_day,
            last_day=last_day,
            rate=rate,
            rate_day=rate_day,
            stated=stated,
        )

        used_rate.additional_properties = d
        return used_rate

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
