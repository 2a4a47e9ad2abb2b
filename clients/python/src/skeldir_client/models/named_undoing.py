from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="NamedUndoing")


@_attrs_define
class NamedUndoing:
    """Who took facts back, restated channels, or corrected a touch.

    Attributes:
        id (UUID):
        reason (str):
        requested_at (datetime.datetime):
        requested_by (str):
        target (str):
        target_kind (str):
    """

    id: UUID
    reason: str
    requested_at: datetime.datetime
    requested_by: str
    target: str
    target_kind: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = str(self.id)

        reason = self.reason

        requested_at = self.requested_at.isoformat()

        requested_by = self.requested_by

        target = self.target

        target_kind = self.target_kind

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "reason": reason,
                "requested_at": requested_at,
                "requested_by": requested_by,
                "target": target,
                "target_kind": target_kind,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = UUID(d.pop("id"))

        reason = d.pop("reason")

        requested_at = datetime.datetime.fromisoformat(d.pop("requested_at"))

        requested_by = d.pop("requested_by")

        target = d.pop("target")

        target_kind = d.pop("target_kind")

        named_undoing = cls(
            id=id,
            reason=reason,
            requested_at=requested_at,
            requested_by=requested_by,
            target=target,
            target_kind=target_kind,
        )

        named_undoing.additional_properties = d
        return named_undoing

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
