from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ChannelShare")


@_attrs_define
class ChannelShare:
    """The sum of a channel's weights, and its share of the conversion.

    Attributes:
        channel (str):
        conversion_ppt (int): part of the order's one conversion, in 10^-12
        weight (str): a part of the whole: a fraction such as 2/7, or, if its terms are long, a decimal of 18 digits
    """

    channel: str
    conversion_ppt: int
    weight: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        channel = self.channel

        conversion_ppt = self.conversion_ppt

        weight = self.weight

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "channel": channel,
                "conversion_ppt": conversion_ppt,
                "weight": weight,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        channel = d.pop("channel")

        conversion_ppt = d.pop("conversion_ppt")

        weight = d.pop("weight")

        channel_share = cls(
            channel=channel,
            conversion_ppt=conversion_ppt,
            weight=weight,
        )

        channel_share.additional_properties = d
        return channel_share

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
