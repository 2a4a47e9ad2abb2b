from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="LeftOut")


@_attrs_define
class LeftOut:
    """How much is not shown. If all counts are 0, the credit can be recomputed by hand.

    The exception is an order whose touches were forgotten before journeys were stored.

        Attributes:
            allocations (int): allocations that no version shows
            entries (int): entries after the last one in `entries`
            touches (int): touches that may earn credit, before the first one in `touches`; beyond 50000 in total they are
                not counted
    """

    allocations: int
    entries: int
    touches: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        allocations = self.allocations

        entries = self.entries

        touches = self.touches

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "allocations": allocations,
                "entries": entries,
                "touches": touches,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        allocations = d.pop("allocations")

        entries = d.pop("entries")

        touches = d.pop("touches")

        left_out = cls(
            allocations=allocations,
            entries=entries,
            touches=touches,
        )

        left_out.additional_properties = d
        return left_out

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
