from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="RevocationSent")


@_attrs_define
class RevocationSent:
    """What `POST /v1/corrections/{correction_id}/revoke` takes.

    Attributes:
        reason (str):
        dry_run (bool | Unset): show what it would move, and record nothing Default: False.
    """

    reason: str
    dry_run: bool | Unset = False

    def to_dict(self) -> dict[str, Any]:
        reason = self.reason

        dry_run = self.dry_run

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "reason": reason,
            }
        )
        if dry_run is not UNSET:
            field_dict["dry_run"] = dry_run

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        reason = d.pop("reason")

        dry_run = d.pop("dry_run", UNSET)

        revocation_sent = cls(
            reason=reason,
            dry_run=dry_run,
        )

        return revocation_sent
