from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Overlap")


@_attrs_define
class Overlap:
    """Orders whose journeys have touches of both platforms: each may claim all of their money.

    Attributes:
        captured_cents (int): whole number of the currency's smallest unit, signed: yen for JPY
        currency (str): ISO 4217
        orders (int):
        other_platform (str):
        platform (str):
    """

    captured_cents: int
    currency: str
    orders: int
    other_platform: str
    platform: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        captured_cents = self.captured_cents

        currency = self.currency

        orders = self.orders

        other_platform = self.other_platform

        platform = self.platform

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "captured_cents": captured_cents,
                "currency": currency,
                "orders": orders,
                "other_platform": other_platform,
                "platform": platform,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        captured_cents = d.pop("captured_cents")

        currency = d.pop("currency")

        orders = d.pop("orders")

        other_platform = d.pop("other_platform")

        platform = d.pop("platform")

        overlap = cls(
            captured_cents=captured_cents,
            currency=currency,
            orders=orders,
            other_platform=other_platform,
            platform=platform,
        )

        overlap.additional_properties = d
        return overlap

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
