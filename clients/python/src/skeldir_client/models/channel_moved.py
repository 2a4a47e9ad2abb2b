from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ChannelMoved")


@_attrs_define
class ChannelMoved:
    """What a channel has of an order by two versions, in minor units.

    Attributes:
        channel (str):
        credited_cents (int): whole number of the currency's smallest unit, signed: yen for JPY
        other_credited_cents (int): whole number of the currency's smallest unit, signed: yen for JPY
    """

    channel: str
    credited_cents: int
    other_credited_cents: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        channel = self.channel

        credited_cents = self.credited_cents

        other_credited_cents = self.other_credited_cents

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "channel": channel,
                "credited_cents": credited_cents,
                "other_credited_cents": other_credited_cents,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        channel = d.pop("channel")

        credited_cents = d.pop("credited_cents")

        other_credited_cents = d.pop("other_credited_cents")

        channel_moved = cls(
            channel=channel,
            credited_cents=credited_cents,
            other_credited_cents=other_credited_cents,
        )

        channel_moved.additional_properties = d
        return channel_moved

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
