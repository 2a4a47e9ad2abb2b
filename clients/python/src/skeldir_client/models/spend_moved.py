from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="SpendMoved")


@_attrs_define
class SpendMoved:
    """What a channel costs over all days, now and by the rules.

    Attributes:
        channel (str):
        currency (str):
        difference_cents (int): in the currency's smallest unit
        spend_cents_now (int): in the currency's smallest unit
        spend_cents_then (int): in the currency's smallest unit
    """

    channel: str
    currency: str
    difference_cents: int
    spend_cents_now: int
    spend_cents_then: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        channel = self.channel

        currency = self.currency

        difference_cents = self.difference_cents

        spend_cents_now = self.spend_cents_now

        spend_cents_then = self.spend_cents_then

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "channel": channel,
                "currency": currency,
                "difference_cents": difference_cents,
                "spend_cents_now": spend_cents_now,
                "spend_cents_then": spend_cents_then,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        channel = d.pop("channel")

        currency = d.pop("currency")

        difference_cents = d.pop("difference_cents")

        spend_cents_now = d.pop("spend_cents_now")

        spend_cents_then = d.pop("spend_cents_then")

        spend_moved = cls(
            channel=channel,
            currency=currency,
            difference_cents=difference_cents,
            spend_cents_now=spend_cents_now,
            spend_cents_then=spend_cents_then,
        )

        spend_moved.additional_properties = d
        return spend_moved

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
