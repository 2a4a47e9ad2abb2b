from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ChannelTouches")


@_attrs_define
class ChannelTouches:
    """The touches of a channel, now and by the rules.

    Attributes:
        channel (str):
        difference (int):
        touches_now (int):
        touches_then (int):
    """

    channel: str
    difference: int
    touches_now: int
    touches_then: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        channel = self.channel

        difference = self.difference

        touches_now = self.touches_now

        touches_then = self.touches_then

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "channel": channel,
                "difference": difference,
                "touches_now": touches_now,
                "touches_then": touches_then,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        channel = d.pop("channel")

        difference = d.pop("difference")

        touches_now = d.pop("touches_now")

        touches_then = d.pop("touches_then")

        channel_touches = cls(
            channel=channel,
            difference=difference,
            touches_now=touches_now,
            touches_then=touches_then,
        )

        channel_touches.additional_properties = d
        return channel_touches

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
