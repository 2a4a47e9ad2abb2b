from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="SumOfStates")


@_attrs_define
class SumOfStates:
    """Money of one currency over days; the three kinds add up to the net.

    Attributes:
        captured_cents (int): whole number of the currency's smallest unit, signed: yen for JPY
        currency (str): ISO 4217
        disputed_cents (int): disputes less their reversals
        net_cents (int): whole number of the currency's smallest unit, signed: yen for JPY
        orders (int): orders with a capture on these days
        refunded_cents (int): refunds less their reversals
    """

    captured_cents: int
    currency: str
    disputed_cents: int
    net_cents: int
    orders: int
    refunded_cents: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        captured_cents = self.captured_cents

        currency = self.currency

        disputed_cents = self.disputed_cents

        net_cents = self.net_cents

        orders = self.orders

        refunded_cents = self.refunded_cents

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "captured_cents": captured_cents,
                "currency": currency,
                "disputed_cents": disputed_cents,
                "net_cents": net_cents,
                "orders": orders,
                "refunded_cents": refunded_cents,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        captured_cents = d.pop("captured_cents")

        currency = d.pop("currency")

        disputed_cents = d.pop("disputed_cents")

        net_cents = d.pop("net_cents")

        orders = d.pop("orders")

        refunded_cents = d.pop("refunded_cents")

        sum_of_states = cls(
            captured_cents=captured_cents,
            currency=currency,
            disputed_cents=disputed_cents,
            net_cents=net_cents,
            orders=orders,
            refunded_cents=refunded_cents,
        )

        sum_of_states.additional_properties = d
        return sum_of_states

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
