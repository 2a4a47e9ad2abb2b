from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.fault import Fault
    from ..models.rules_version import RulesVersion


T = TypeVar("T", bound="RulesStored")


@_attrs_define
class RulesStored:
    """The stored version, which is not in force yet; and its rules that an earlier one always precedes.

    Attributes:
        never_match (list[Fault]):
        version (RulesVersion): A stored version of the rules: who wrote it, when and why.
    """

    never_match: list[Fault]
    version: RulesVersion
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        never_match = []
        for never_match_item_data in self.never_match:
            never_match_item = never_match_item_data.to_dict()
            never_match.append(never_match_item)

        version = self.version.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "never_match": never_match,
                "version": version,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.fault import Fault  # noqa: PLC0415
        from ..models.rules_version import RulesVersion  # noqa: PLC0415

        d = dict(src_dict)
        never_match = []
        _never_match = d.pop("never_match")
        for never_match_item_data in _never_match:
            never_match_item = Fault.from_dict(never_match_item_data)

            never_match.append(never_match_item)

        version = RulesVersion.from_dict(d.pop("version"))

        rules_stored = cls(
            never_match=never_match,
            version=version,
        )

        rules_stored.additional_properties = d
        return rules_stored

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
