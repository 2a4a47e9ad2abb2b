from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="TouchWeight")


@_attrs_define
class TouchWeight:
    """The weight of one touch by the model, as a part of all touches in the window.

    Attributes:
        channel (str):
        place (int): of the touch in `touches` of the order
        weight (str): a part of the whole: a fraction such as 2/7, or, if its terms are long, a decimal of 18 digits
    """

    channel: str
    place: int
    weight: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        channel = self.channel

        place = self.place

        weight = self.weight

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "channel": channel,
                "place": place,
                "weight": weight,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        channel = d.pop("channel")

        place = d.pop("place")

        weight = d.pop("weight")

        touch_weight = cls(
            channel=channel,
            place=place,
            weight=weight,
        )

        touch_weight.additional_properties = d
        return touch_weight

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
