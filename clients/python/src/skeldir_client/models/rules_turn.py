from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="RulesTurn")


@_attrs_define
class RulesTurn:
    """When a version (None: the common rules only) came into force, by whom and why, and its restating.

    `touches` of the recorded ones have moved so far.

        Attributes:
            is_done (bool):
            reason (str):
            requested_at (datetime.datetime):
            requested_by (str):
            touches (int):
            turn (int):
            undoing_id (UUID):
            version (int | None):
    """

    is_done: bool
    reason: str
    requested_at: datetime.datetime
    requested_by: str
    touches: int
    turn: int
    undoing_id: UUID
    version: int | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        is_done = self.is_done

        reason = self.reason

        requested_at = self.requested_at.isoformat()

        requested_by = self.requested_by

        touches = self.touches

        turn = self.turn

        undoing_id = str(self.undoing_id)

        version: int | None
        version = self.version

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "is_done": is_done,
                "reason": reason,
                "requested_at": requested_at,
                "requested_by": requested_by,
                "touches": touches,
                "turn": turn,
                "undoing_id": undoing_id,
                "version": version,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        is_done = d.pop("is_done")

        reason = d.pop("reason")

        requested_at = datetime.datetime.fromisoformat(d.pop("requested_at"))

        requested_by = d.pop("requested_by")

        touches = d.pop("touches")

        turn = d.pop("turn")

        undoing_id = UUID(d.pop("undoing_id"))

        def _parse_version(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        version = _parse_version(d.pop("version"))

        rules_turn = cls(
            is_done=is_done,
            reason=reason,
            requested_at=requested_at,
            requested_by=requested_by,
            touches=touches,
            turn=turn,
            undoing_id=undoing_id,
            version=version,
        )

        rules_turn.additional_properties = d
        return rules_turn

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
