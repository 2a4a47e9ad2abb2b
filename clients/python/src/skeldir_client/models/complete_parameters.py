from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="CompleteParameters")


@_attrs_define
class CompleteParameters:
    """All parameters of a version.

    Attributes:
        after_conversion (str):
        half_life_days (int): matters to time_decay only
        lookback_days (int):
    """

    after_conversion: str
    half_life_days: int
    lookback_days: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        after_conversion = self.after_conversion

        half_life_days = self.half_life_days

        lookback_days = self.lookback_days

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "after_conversion": after_conversion,
                "half_life_days": half_life_days,
                "lookback_days": lookback_days,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        after_conversion = d.pop("after_conversion")

        half_life_days = d.pop("half_life_days")

        lookback_days = d.pop("lookback_days")

        complete_parameters = cls(
            after_conversion=after_conversion,
            half_life_days=half_life_days,
            lookback_days=lookback_days,
        )

        complete_parameters.additional_properties = d
        return complete_parameters

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
