from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.missing_rate import MissingRate
    from ..models.used_rate import UsedRate


T = TypeVar("T", bound="ConvertedBy")


@_attrs_define
class ConvertedBy:
    """What sums were converted to, and by what.

    Of each day and currency the sum is converted, and rounded to the nearest smallest unit (halves to the even one).
    Its parts are rounded down, and the largest remainders get the units that are left. So parts add up to their sum,
    and days to their total.

        Attributes:
            base (str): the currency that the source quotes others for
            currency (str): ISO 4217
            days_old_at_most (int): how old a rate may be: sources state none on weekends and holidays
            missing (list[MissingRate]): what could not be converted
            rates (list[UsedRate]): by currency and day; the latest 400 if there are more
            rates_left_out (int): how many more rates were used
            source (str):
    """

    base: str
    currency: str
    days_old_at_most: int
    missing: list[MissingRate]
    rates: list[UsedRate]
    rates_left_out: int
    source: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        base = self.base

        currency = self.currency

        days_old_at_most = self.days_old_at_most

        missing = []
        for missing_item_data in self.missing:
            missing_item = missing_item_data.to_dict()
            missing.append(missing_item)

        rates = []
        for rates_item_data in self.rates:
            rates_item = rates_item_data.to_dict()
            rates.append(rates_item)

        rates_left_out = self.rates_left_out

        source = self.source

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "base": base,
                "currency": currency,
                "days_old_at_most": days_old_at_most,
                "missing": missing,
                "rates": rates,
                "rates_left_out": rates_left_out,
                "source": source,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.missing_rate import MissingRate  # noqa: PLC0415
        from ..models.used_rate import UsedRate  # noqa: PLC0415

        d = dict(src_dict)
        base = d.pop("base")

        currency = d.pop("currency")

        days_old_at_most = d.pop("days_old_at_most")

        missing = []
        _missing = d.pop("missing")
        for missing_item_data in _missing:
            missing_item = MissingRate.from_dict(missing_item_data)

            missing.append(missing_item)

        rates = []
        _rates = d.pop("rates")
        for rates_item_data in _rates:
            rates_item = UsedRate.from_dict(rates_item_data)

            rates.append(rates_item)

        rates_left_out = d.pop("rates_left_out")

        source = d.pop("source")

        converted_by = cls(
            base=base,
            currency=currency,
            days_old_at_most=days_old_at_most,
            missing=missing,
            rates=rates,
            rates_left_out=rates_left_out,
            source=source,
        )

        converted_by.additional_properties = d
        return converted_by

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
