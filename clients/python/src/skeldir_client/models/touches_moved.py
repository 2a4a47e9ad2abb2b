from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="TouchesMoved")


@_attrs_define
class TouchesMoved:
    """Touches that get another channel.

    Attributes:
        channel_now (str):
        channel_then (str):
        touches (int):
    """

    channel_now: str
    channel_then: str
    touches: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        channel_now = self.channel_now

        channel_then = self.channel_then

        touches = self.touches

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "channel_now": channel_now,
                "channel_then": channel_then,
                "touches": touches,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        channel_now = d.pop("channel_now")

        channel_then = d.pop("channel_then")

        touches = d.pop("touches")

        touches_moved = cls(
            channel_now=channel_now,
            channel_then=channel_then,
            touches=touches,
        )

        touches_moved.additional_properties = d
        return touches_moved

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
