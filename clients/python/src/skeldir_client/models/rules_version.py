from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="RulesVersion")


@_attrs_define
class RulesVersion:
    """A stored version of the rules: who wrote it, when and why.

    Attributes:
        reason (str):
        version (int):
        written_at (datetime.datetime):
        written_by (str):
    """

    reason: str
    version: int
    written_at: datetime.datetime
    written_by: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        reason = self.reason

        version = self.version

        written_at = self.written_at.isoformat()

        written_by = self.written_by

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "reason": reason,
                "version": version,
                "written_at": written_at,
                "written_by": written_by,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        reason = d.pop("reason")

        version = d.pop("version")

        written_at = datetime.datetime.fromisoformat(d.pop("written_at"))

        written_by = d.pop("written_by")

        rules_version = cls(
            reason=reason,
            version=version,
            written_at=written_at,
            written_by=written_by,
        )

        rules_version.additional_properties = d
        return rules_version

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
