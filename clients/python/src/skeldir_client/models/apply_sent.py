from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="ApplySent")


@_attrs_define
class ApplySent:
    """What `POST /v1/rules/apply` takes; the version null puts none in force.

    Attributes:
        reason (str):
        version (int | None):
    """

    reason: str
    version: int | None

    def to_dict(self) -> dict[str, Any]:
        reason = self.reason

        version: int | None
        version = self.version

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "reason": reason,
                "version": version,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        reason = d.pop("reason")

        def _parse_version(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        version = _parse_version(d.pop("version"))

        apply_sent = cls(
            reason=reason,
            version=version,
        )

        return apply_sent
