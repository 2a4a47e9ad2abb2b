from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="CreditInterval")


@_attrs_define
class CreditInterval:
    """The credit by a fit, multiplied by both ends of the channel's interval divided by its share in the fit.

    Attributes:
        lower_cents (int): whole number of the currency's smallest unit, signed: yen for JPY
        upper_cents (int): whole number of the currency's smallest unit, signed: yen for JPY
    """

    lower_cents: int
    upper_cents: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        lower_cents = self.lower_cents

        upper_cents = self.upper_cents

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "lower_cents": lower_cents,
                "upper_cents": upper_cents,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        lower_cents = d.pop("lower_cents")

        upper_cents = d.pop("upper_cents")

        credit_interval = cls(
            lower_cents=lower_cents,
            upper_cents=upper_cents,
        )

        credit_interval.additional_properties = d
        return credit_interval

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
