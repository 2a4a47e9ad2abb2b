from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="WhySetAside")


@_attrs_define
class WhySetAside:
    """Why the order is not credited by its journey.

    `journey_too_long`: more touches are in reach than a person's journey has; the money is `unattributed`.
    `order_too_large`, `credit_failed`: the order keeps the credit that it has, and its newer entries have none.

        Attributes:
            detail (str):
            reason (str):
            since (datetime.datetime):
    """

    detail: str
    reason: str
    since: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        detail = self.detail

        reason = self.reason

        since = self.since.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "detail": detail,
                "reason": reason,
                "since": since,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        detail = d.pop("detail")

        reason = d.pop("reason")

        since = datetime.datetime.fromisoformat(d.pop("since"))

        why_set_aside = cls(
            detail=detail,
            reason=reason,
            since=since,
        )

        why_set_aside.additional_properties = d
        return why_set_aside

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
