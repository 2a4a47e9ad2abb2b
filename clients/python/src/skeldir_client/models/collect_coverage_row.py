from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="CollectCoverageRow")


@_attrs_define
class CollectCoverageRow:
    """A day: the landings that the collector reported on it, and the orders that were first captured on it.

    `granted_kept`, `granted_capped`, `session_kept` and `session_capped` add up to all landings of the day.

        Attributes:
            date (datetime.date): a day of the report's `time_zone`
            granted_capped (int): landings whose key the browser deletes early, as Safari does after 7 days
            granted_kept (int): landings whose key is kept for all days that the page states
            orders (int): orders with a landing of the collector in their journeys
            session_capped (int): the same, in such a browser
            session_kept (int): landings whose key ends with the visit, as the visitor chose
            short_lived_orders (int): those of these orders of which no landing is in `granted_kept`: earlier visits may be
                missing
    """

    date: datetime.date
    granted_capped: int
    granted_kept: int
    orders: int
    session_capped: int
    session_kept: int
    short_lived_orders: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        date = self.date.isoformat()

        granted_capped = self.granted_capped

        granted_kept = self.granted_kept

        orders = self.orders

        session_capped = self.session_capped

        session_kept = self.session_kept

        short_lived_orders = self.short_lived_orders

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "date": date,
                "granted_capped": granted_capped,
                "granted_kept": granted_kept,
                "orders": orders,
                "session_capped": session_capped,
                "session_kept": session_kept,
                "short_lived_orders": short_lived_orders,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        date = datetime.date.fromisoformat(d.pop("date"))

        granted_capped = d.pop("granted_capped")

        granted_kept = d.pop("granted_kept")

        orders = d.pop("orders")

        session_capped = d.pop("session_capped")

        session_kept = d.pop("session_kept")

        short_lived_orders = d.pop("short_lived_orders")

        collect_coverage_row = cls(
            date=date,
            granted_capped=granted_capped,
            granted_kept=granted_kept,
            orders=orders,
            session_capped=session_capped,
            session_kept=session_kept,
            short_lived_orders=short_lived_orders,
        )

        collect_coverage_row.additional_properties = d
        return collect_coverage_row

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
