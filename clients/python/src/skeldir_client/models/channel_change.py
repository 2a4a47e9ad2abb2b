from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ChannelChange")


@_attrs_define
class ChannelChange:
    """The credit of a channel from the orders covered, by the version now and after the change.

    Attributes:
        channel (str):
        credited_cents_now (int): whole number of the currency's smallest unit, signed: yen for JPY
        credited_cents_then (int): whole number of the currency's smallest unit, signed: yen for JPY
        currency (str): ISO 4217
        difference_cents (int): whole number of the currency's smallest unit, signed: yen for JPY
    """

    channel: str
    credited_cents_now: int
    credited_cents_then: int
    currency: str
    difference_cents: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        channel = self.channel

        credited_cents_now = self.credited_cents_now

        credited_cents_then = self.credited_cents_then

        currency = self.currency

        difference_cents = self.difference_cents

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "channel": channel,
                "credited_cents_now": credited_cents_now,
                "credited_cents_then": credited_cents_then,
                "currency": currency,
                "difference_cents": difference_cents,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        channel = d.pop("channel")

        credited_cents_now = d.pop("credited_cents_now")

        credited_cents_then = d.pop("credited_cents_then")

        currency = d.pop("currency")

        difference_cents = d.pop("difference_cents")

        channel_change = cls(
            channel=channel,
            credited_cents_now=credited_cents_now,
            credited_cents_then=credited_cents_then,
            currency=currency,
            difference_cents=difference_cents,
        )

        channel_change.additional_properties = d
        return channel_change

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
