from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.reconciliation_unplaced import ReconciliationUnplaced


T = TypeVar("T", bound="Reconciliation")


@_attrs_define
class Reconciliation:
    """A comparison as it was asked for, and how it ended.

    Attributes:
        ended_at (datetime.datetime | None):
        error (None | str): the latest fault
        first_day (datetime.date):
        id (UUID):
        last_day (datetime.date):
        left_out_orders (int | None): orders whose journeys could not be read, so that nothing of them is verified
        model_version (str):
        orders (int | None):
        platform (None | str):
        requested_at (datetime.datetime):
        requested_by (str):
        state (str):
        time_zone (None | str): the zone of the days of orders
        unplaced (ReconciliationUnplaced): credit of paid touches that could be of several platforms, or whose campaign
            was forgotten
    """

    ended_at: datetime.datetime | None
    error: None | str
    first_day: datetime.date
    id: UUID
    last_day: datetime.date
    left_out_orders: int | None
    model_version: str
    orders: int | None
    platform: None | str
    requested_at: datetime.datetime
    requested_by: str
    state: str
    time_zone: None | str
    unplaced: ReconciliationUnplaced
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        ended_at: None | str
        if isinstance(self.ended_at, datetime.datetime):
            ended_at = self.ended_at.isoformat()
        else:
            ended_at = self.ended_at

        error: None | str
        error = self.error

        first_day = self.first_day.isoformat()

        id = str(self.id)

        last_day = self.last_day.isoformat()

        left_out_orders: int | None
        left_out_orders = self.left_out_orders

        model_version = self.model_version

        orders: int | None
        orders = self.orders

        platform: None | str
        platform = self.platform

        requested_at = self.requested_at.isoformat()

        requested_by = self.requested_by

        state = self.state

        time_zone: None | str
        time_zone = self.time_zone

        unplaced = self.unplaced.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "ended_at": ended_at,
                "error": error,
                "first_day": first_day,
                "id": id,
                "last_day": last_day,
                "left_out_orders": left_out_orders,
                "model_version": model_version,
                "orders": orders,
                "platform": platform,
                "requested_at": requested_at,
                "requested_by": requested_by,
                "state": state,
                "time_zone": time_zone,
                "unplaced": unplaced,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.reconciliation_unplaced import ReconciliationUnplaced  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_ended_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                ended_at_type_0 = datetime.datetime.fromisoformat(data)

                return ended_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        ended_at = _parse_ended_at(d.pop("ended_at"))

        def _parse_error(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        error = _parse_error(d.pop("error"))

        first_day = datetime.date.fromisoformat(d.pop("first_day"))

        id = UUID(d.pop("id"))

        last_day = datetime.date.fromisoformat(d.pop("last_day"))

        def _parse_left_out_orders(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        left_out_orders = _parse_left_out_orders(d.pop("left_out_orders"))

        model_version = d.pop("model_version")

        def _parse_orders(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        orders = _parse_orders(d.pop("orders"))

        def _parse_platform(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        platform = _parse_platform(d.pop("platform"))

        requested_at = datetime.datetime.fromisoformat(d.pop("requested_at"))

        requested_by = d.pop("requested_by")

        state = d.pop("state")

        def _parse_time_zone(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        time_zone = _parse_time_zone(d.pop("time_zone"))

        unplaced = ReconciliationUnplaced.from_dict(d.pop("unplaced"))

        reconciliation = cls(
            ended_at=ended_at,
            error=error,
            first_day=first_day,
            id=id,
            last_day=last_day,
            left_out_orders=left_out_orders,
            model_version=model_version,
            orders=orders,
            platform=platform,
            requested_at=requested_at,
            requested_by=requested_by,
            state=state,
            time_zone=time_zone,
            unplaced=unplaced,
        )

        reconciliation.additional_properties = d
        return reconciliation

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
