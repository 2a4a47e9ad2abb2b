from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ExplainedAllocation")


@_attrs_define
class ExplainedAllocation:
    """The credit of an entry to a channel, as it is included in the sums.

    Attributes:
        allocated_cents (int): whole number of the currency's smallest unit, signed: yen for JPY
        business_key (str):
        channel (str):
        conversion_ppt (int): part of the order's one conversion, in 10^-12
    """

    allocated_cents: int
    business_key: str
    channel: str
    conversion_ppt: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        allocated_cents = self.allocated_cents

        business_key = self.business_key

        channel = self.channel

        conversion_ppt = self.conversion_ppt

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "allocated_cents": allocated_cents,
                "business_key": business_key,
                "channel": channel,
                "conversion_ppt": conversion_ppt,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        allocated_cents = d.pop("allocated_cents")

        business_key = d.pop("business_key")

        channel = d.pop("channel")

        conversion_ppt = d.pop("conversion_ppt")

        explained_allocation = cls(
            allocated_cents=allocated_cents,
            business_key=business_key,
            channel=channel,
            conversion_ppt=conversion_ppt,
        )

        explained_allocation.additional_properties = d
        return explained_allocation

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
