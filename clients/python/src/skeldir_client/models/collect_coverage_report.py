from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.collect_coverage_row import CollectCoverageRow


T = TypeVar("T", bound="CollectCoverageReport")


@_attrs_define
class CollectCoverageReport:
    """The landings and orders of some days. A day without either is left out.

    Attributes:
        data (list[CollectCoverageRow]):
        end_day (datetime.date): the day after the last one
        first_day (datetime.date):
        time_zone (str): the time zone of the days: an IANA name, such as Europe/Berlin
    """

    data: list[CollectCoverageRow]
    end_day: datetime.date
    first_day: datetime.date
    time_zone: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        data = []
        for data_item_data in self.data:
            data_item = data_item_data.to_dict()
            data.append(data_item)

        end_day = self.end_day.isoformat()

        first_day = self.first_day.isoformat()

        time_zone = self.time_zone

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "data": data,
                "end_day": end_day,
                "first_day": first_day,
                "time_zone": time_zone,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.collect_coverage_row import CollectCoverageRow  # noqa: PLC0415

        d = dict(src_dict)
        data = []
        _data = d.pop("data")
        for data_item_data in _data:
            data_item = CollectCoverageRow.from_dict(data_item_data)

            data.append(data_item)

        end_day = datetime.date.fromisoformat(d.pop("end_day"))

        first_day = datetime.date.fromisoformat(d.pop("first_day"))

        time_zone = d.pop("time_zone")

        collect_coverage_report = cls(
            data=data,
            end_day=end_day,
            first_day=first_day,
            time_zone=time_zone,
        )

        collect_coverage_report.additional_properties = d
        return collect_coverage_report

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
