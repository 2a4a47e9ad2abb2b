from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.dead_deliveries import DeadDeliveries
    from ..models.flagged_payments import FlaggedPayments


T = TypeVar("T", bound="TroublesReport")


@_attrs_define
class TroublesReport:
    """What came from payment providers and SDKs and needs somebody.

    Attributes:
        days (int): of which dead deliveries are counted, up to now
        dead_deliveries (list[DeadDeliveries]): deliveries that were not understood, by provider and trouble
        flags (list[FlaggedPayments]): payments of which something does not fit or waits, whenever they came
    """

    days: int
    dead_deliveries: list[DeadDeliveries]
    flags: list[FlaggedPayments]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        days = self.days

        dead_deliveries = []
        for dead_deliveries_item_data in self.dead_deliveries:
            dead_deliveries_item = dead_deliveries_item_data.to_dict()
            dead_deliveries.append(dead_deliveries_item)

        flags = []
        for flags_item_data in self.flags:
            flags_item = flags_item_data.to_dict()
            flags.append(flags_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "days": days,
                "dead_deliveries": dead_deliveries,
                "flags": flags,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.dead_deliveries import DeadDeliveries  # noqa: PLC0415
        from ..models.flagged_payments import FlaggedPayments  # noqa: PLC0415

        d = dict(src_dict)
        days = d.pop("days")

        dead_deliveries = []
        _dead_deliveries = d.pop("dead_deliveries")
        for dead_deliveries_item_data in _dead_deliveries:
            dead_deliveries_item = DeadDeliveries.from_dict(dead_deliveries_item_data)

            dead_deliveries.append(dead_deliveries_item)

        flags = []
        _flags = d.pop("flags")
        for flags_item_data in _flags:
            flags_item = FlaggedPayments.from_dict(flags_item_data)

            flags.append(flags_item)

        troubles_report = cls(
            days=days,
            dead_deliveries=dead_deliveries,
            flags=flags,
        )

        troubles_report.additional_properties = d
        return troubles_report

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
