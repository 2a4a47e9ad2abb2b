from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.part import Part


T = TypeVar("T", bound="ComparedChannel")


@_attrs_define
class ComparedChannel:
    """A channel by two fits.

    Attributes:
        channel (str):
        difference (float): the other share less the first
        intervals_meet (bool | None): whether the intervals have a point in common; null if one is unknown
        other_share (Part): An estimate, with the ends of its interval; null where there is too little data for an
            interval.
        share (Part): An estimate, with the ends of its interval; null where there is too little data for an interval.
    """

    channel: str
    difference: float
    intervals_meet: bool | None
    other_share: Part
    share: Part
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        channel = self.channel

        difference = self.difference

        intervals_meet: bool | None
        intervals_meet = self.intervals_meet

        other_share = self.other_share.to_dict()

        share = self.share.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "channel": channel,
                "difference": difference,
                "intervals_meet": intervals_meet,
                "other_share": other_share,
                "share": share,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.part import Part  # noqa: PLC0415

        d = dict(src_dict)
        channel = d.pop("channel")

        difference = d.pop("difference")

        def _parse_intervals_meet(data: object) -> bool | None:
            if data is None:
                return data
            return cast(bool | None, data)

        intervals_meet = _parse_intervals_meet(d.pop("intervals_meet"))

        other_share = Part.from_dict(d.pop("other_share"))

        share = Part.from_dict(d.pop("share"))

        compared_channel = cls(
            channel=channel,
            difference=difference,
            intervals_meet=intervals_meet,
            other_share=other_share,
            share=share,
        )

        compared_channel.additional_properties = d
        return compared_channel

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
