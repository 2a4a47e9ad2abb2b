from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="BookedMoney")


@_attrs_define
class BookedMoney:
    """What webhooks booked of a payment's order in a currency; reversals are taken off what they reverse.

    Attributes:
        balance_cents (int): captured less refunded and disputed
        captured_cents (int): whole number of the currency's smallest unit, signed: yen for JPY
        currency (str): ISO 4217
        disputed_cents (int): whole number of the currency's smallest unit, signed: yen for JPY
        refunded_cents (int): whole number of the currency's smallest unit, signed: yen for JPY
    """

    balance_cents: int
    captured_cents: int
    currency: str
    disputed_cents: int
    refunded_cents: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        balance_cents = self.balance_cents

        captured_cents = self.captured_cents

        currency = self.currency

        disputed_cents = self.disputed_cents

        refunded_cents = self.refunded_cents

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "balance_cents": balance_cents,
                "captured_cents": captured_cents,
                "currency": currency,
                "disputed_cents": disputed_cents,
                "refunded_cents": refunded_cents,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        balance_cents = d.pop("balance_cents")

        captured_cents = d.pop("captured_cents")

        currency = d.pop("currency")

        disputed_cents = d.pop("disputed_cents")

        refunded_cents = d.pop("refunded_cents")

        booked_money = cls(
            balance_cents=balance_cents,
            captured_cents=captured_cents,
            currency=currency,
            disputed_cents=disputed_cents,
            refunded_cents=refunded_cents,
        )

        booked_money.additional_properties = d
        return booked_money

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
