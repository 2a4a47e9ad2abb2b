from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.origin_row import OriginRow
    from ..models.origins_report_model_versions import OriginsReportModelVersions


T = TypeVar("T", bound="OriginsReport")


@_attrs_define
class OriginsReport:
    """Channels by currency and code, each divided by source or campaign.

    Attributes:
        data (list[OriginRow]):
        model_versions (OriginsReportModelVersions): the active version of each model that is shown
        orders (int): orders with an entry on the days asked for
        renewals (str): `exclude` leaves out orders that are later payments of a subscription, as webhooks report them,
            with their refunds and disputes
        time_zone (str): the time zone of the days: an IANA name, such as Europe/Berlin
    """

    data: list[OriginRow]
    model_versions: OriginsReportModelVersions
    orders: int
    renewals: str
    time_zone: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        data = []
        for data_item_data in self.data:
            data_item = data_item_data.to_dict()
            data.append(data_item)

        model_versions = self.model_versions.to_dict()

        orders = self.orders

        renewals = self.renewals

        time_zone = self.time_zone

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "data": data,
                "model_versions": model_versions,
                "orders": orders,
                "renewals": renewals,
                "time_zone": time_zone,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.origin_row import OriginRow  # noqa: PLC0415
        from ..models.origins_report_model_versions import OriginsReportModelVersions  # noqa: PLC0415

        d = dict(src_dict)
        data = []
        _data = d.pop("data")
        for data_item_data in _data:
            data_item = OriginRow.from_dict(data_item_data)

            data.append(data_item)

        model_versions = OriginsReportModelVersions.from_dict(d.pop("model_versions"))

        orders = d.pop("orders")

        renewals = d.pop("renewals")

        time_zone = d.pop("time_zone")

        origins_report = cls(
            data=data,
            model_versions=model_versions,
            orders=orders,
            renewals=renewals,
            time_zone=time_zone,
        )

        origins_report.additional_properties = d
        return origins_report

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
