from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.changed_channel import ChangedChannel
    from ..models.changes_report_model_versions_after import ChangesReportModelVersionsAfter
    from ..models.changes_report_model_versions_before import ChangesReportModelVersionsBefore
    from ..models.changes_report_named_orders import ChangesReportNamedOrders
    from ..models.named_undoing import NamedUndoing


T = TypeVar("T", bound="ChangesReport")


@_attrs_define
class ChangesReport:
    """What changed in the channel report between two moments.

    Attributes:
        data (list[ChangedChannel]): channels with a difference
        model_versions_after (ChangesReportModelVersionsAfter):
        model_versions_before (ChangesReportModelVersionsBefore):
        named_orders (ChangesReportNamedOrders): up to 20 orders for a cause
        orders (int): orders that were credited again to find the causes
        since (datetime.datetime):
        time_zone (str): the time zone of the days: an IANA name, such as Europe/Berlin
        undoings (list[NamedUndoing]): up to 20 that ran between the moments
        until (datetime.datetime):
    """

    data: list[ChangedChannel]
    model_versions_after: ChangesReportModelVersionsAfter
    model_versions_before: ChangesReportModelVersionsBefore
    named_orders: ChangesReportNamedOrders
    orders: int
    since: datetime.datetime
    time_zone: str
    undoings: list[NamedUndoing]
    until: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        data = []
        for data_item_data in self.data:
            data_item = data_item_data.to_dict()
            data.append(data_item)

        model_versions_after = self.model_versions_after.to_dict()

        model_versions_before = self.model_versions_before.to_dict()

        named_orders = self.named_orders.to_dict()

        orders = self.orders

        since = self.since.isoformat()

        time_zone = self.time_zone

        undoings = []
        for undoings_item_data in self.undoings:
            undoings_item = undoings_item_data.to_dict()
            undoings.append(undoings_item)

        until = self.until.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "data": data,
                "model_versions_after": model_versions_after,
                "model_versions_before": model_versions_before,
                "named_orders": named_orders,
                "orders": orders,
                "since": since,
                "time_zone": time_zone,
                "undoings": undoings,
                "until": until,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.changed_channel import ChangedChannel  # noqa: PLC0415
        from ..models.changes_report_model_versions_after import ChangesReportModelVersionsAfter  # noqa: PLC0415
        from ..models.changes_report_model_versions_before import ChangesReportModelVersionsBefore  # noqa: PLC0415
        from ..models.changes_report_named_orders import ChangesReportNamedOrders  # noqa: PLC0415
        from ..models.named_undoing import NamedUndoing  # noqa: PLC0415

        d = dict(src_dict)
        data = []
        _data = d.pop("data")
        for data_item_data in _data:
            data_item = ChangedChannel.from_dict(data_item_data)

            data.append(data_item)

        model_versions_after = ChangesReportModelVersionsAfter.from_dict(d.pop("model_versions_after"))

        model_versions_before = ChangesReportModelVersionsBefore.from_dict(d.pop("model_versions_before"))

        named_orders = ChangesReportNamedOrders.from_dict(d.pop("named_orders"))

        orders = d.pop("orders")

        since = datetime.datetime.fromisoformat(d.pop("since"))

        time_zone = d.pop("time_zone")

        undoings = []
        _undoings = d.pop("undoings")
        for undoings_item_data in _undoings:
            undoings_item = NamedUndoing.from_dict(undoings_item_data)

            undoings.append(undoings_item)

        until = datetime.datetime.fromisoformat(d.pop("until"))

        changes_report = cls(
            data=data,
            model_versions_after=model_versions_after,
            model_versions_before=model_versions_before,
            named_orders=named_orders,
            orders=orders,
            since=since,
            time_zone=time_zone,
            undoings=undoings,
            until=until,
        )

        changes_report.additional_properties = d
        return changes_report

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
