from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.fault import Fault


T = TypeVar("T", bound="RulesCheck")


@_attrs_define
class RulesCheck:
    """What is wrong with a document, by line; and its rules that an earlier one always precedes.

    Attributes:
        faults (list[Fault]):
        never_match (list[Fault]):
    """

    faults: list[Fault]
    never_match: list[Fault]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        faults = []
        for faults_item_data in self.faults:
            faults_item = faults_item_data.to_dict()
            faults.append(faults_item)

        never_match = []
        for never_match_item_data in self.never_match:
            never_match_item = never_match_item_data.to_dict()
            never_match.append(never_match_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "faults": faults,
                "never_match": never_match,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.fault import Fault  # noqa: PLC0415

        d = dict(src_dict)
        faults = []
        _faults = d.pop("faults")
        for faults_item_data in _faults:
            faults_item = Fault.from_dict(faults_item_data)

            faults.append(faults_item)

        never_match = []
        _never_match = d.pop("never_match")
        for never_match_item_data in _never_match:
            never_match_item = Fault.from_dict(never_match_item_data)

            never_match.append(never_match_item)

        rules_check = cls(
            faults=faults,
            never_match=never_match,
        )

        rules_check.additional_properties = d
        return rules_check

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
