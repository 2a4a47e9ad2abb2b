from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Correction")


@_attrs_define
class Correction:
    """Who gave a touch, by its idempotency key, a channel, when and why; without a channel, who revoked that.

    Attributes:
        channel (None | str):
        id (UUID):
        is_in_force (bool):
        reason (str):
        requested_at (datetime.datetime):
        requested_by (str):
        touch (str):
    """

    channel: None | str
    id: UUID
    is_in_force: bool
    reason: str
    requested_at: datetime.datetime
    requested_by: str
    touch: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        channel: None | str
        channel = self.channel

        id = str(self.id)

        is_in_force = self.is_in_force

        reason = self.reason

        requested_at = self.requested_at.isoformat()

        requested_by = self.requested_by

        touch = self.touch

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "channel": channel,
                "id": id,
                "is_in_force": is_in_force,
                "reason": reason,
                "requested_at": requested_at,
                "requested_by": requested_by,
                "touch": touch,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_channel(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        channel = _parse_channel(d.pop("channel"))

        id = UUID(d.pop("id"))

        is_in_force = d.pop("is_in_force")

        reason = d.pop("reason")

        requested_at = datetime.datetime.fromisoformat(d.pop("requested_at"))

        requested_by = d.pop("requested_by")

        touch = d.pop("touch")

        correction = cls(
            channel=channel,
            id=id,
            is_in_force=is_in_force,
            reason=reason,
            requested_at=requested_at,
            requested_by=requested_by,
            touch=touch,
        )

        correction.additional_properties = d
        return correction

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
