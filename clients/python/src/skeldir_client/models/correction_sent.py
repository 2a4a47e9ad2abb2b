from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="CorrectionSent")


@_attrs_define
class CorrectionSent:
    """What `POST /v1/corrections` takes.

    Attributes:
        channel (str):
        reason (str):
        touch (str): the idempotency key of a touch
        dry_run (bool | Unset): show what it would move, and record nothing Default: False.
    """

    channel: str
    reason: str
    touch: str
    dry_run: bool | Unset = False

    def to_dict(self) -> dict[str, Any]:
        channel = self.channel

        reason = self.reason

        touch = self.touch

        dry_run = self.dry_run

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "channel": channel,
                "reason": reason,
                "touch": touch,
            }
        )
        if dry_run is not UNSET:
            field_dict["dry_run"] = dry_run

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        channel = d.pop("channel")

        reason = d.pop("reason")

        touch = d.pop("touch")

        dry_run = d.pop("dry_run", UNSET)

        correction_sent = cls(
            channel=channel,
            reason=reason,
            touch=touch,
            dry_run=dry_run,
        )

        return correction_sent
