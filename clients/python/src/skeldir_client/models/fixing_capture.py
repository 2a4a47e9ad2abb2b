from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="FixingCapture")


@_attrs_define
class FixingCapture:
    """The earliest capture by (time, business key): it fixes the journey.

    Attributes:
        business_key (str):
        has_journey (bool): whether it was sent with a journey key
        occurred_at (datetime.datetime):
    """

    business_key: str
    has_journey: bool
    occurred_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        business_key = self.business_key

        has_journey = self.has_journey

        occurred_at = self.occurred_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "business_key": business_key,
                "has_journey": has_journey,
                "occurred_at": occurred_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        business_key = d.pop("business_key")

        has_journey = d.pop("has_journey")

        occurred_at = datetime.datetime.fromisoformat(d.pop("occurred_at"))

        fixing_capture = cls(
            business_key=business_key,
            has_journey=has_journey,
            occurred_at=occurred_at,
        )

        fixing_capture.additional_properties = d
        return fixing_capture

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
