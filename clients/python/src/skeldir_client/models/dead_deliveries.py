from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="DeadDeliveries")


@_attrs_define
class DeadDeliveries:
    """Deliveries of one provider that were not understood for the same reason; nothing of them is booked.

    Attributes:
        cure (str):
        deliveries (int):
        last_at (datetime.datetime): when the latest one came
        provider (str):
        trouble (str): why, such as `currency_missing`
    """

    cure: str
    deliveries: int
    last_at: datetime.datetime
    provider: str
    trouble: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        cure = self.cure

        deliveries = self.deliveries

        last_at = self.last_at.isoformat()

        provider = self.provider

        trouble = self.trouble

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "cure": cure,
                "deliveries": deliveries,
                "last_at": last_at,
                "provider": provider,
                "trouble": trouble,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        cure = d.pop("cure")

        deliveries = d.pop("deliveries")

        last_at = datetime.datetime.fromisoformat(d.pop("last_at"))

        provider = d.pop("provider")

        trouble = d.pop("trouble")

        dead_deliveries = cls(
            cure=cure,
            deliveries=deliveries,
            last_at=last_at,
            provider=provider,
            trouble=trouble,
        )

        dead_deliveries.additional_properties = d
        return dead_deliveries

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
