from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.daily_revenue import DailyRevenue


T = TypeVar("T", bound="DailyPage")


@_attrs_define
class DailyPage:
    """A page of the daily summary, by date, currency and state.

    Attributes:
        data (list[DailyRevenue]):
        next_cursor (None | str):
        renewals (str): `exclude` leaves out orders that are later payments of a subscription, as webhooks report them,
            with their refunds and disputes
        time_zone (str): the time zone of the days: an IANA name, such as Europe/Berlin
        known_at (datetime.datetime | None | Unset): the moment that the report is of: `known_at`, or the end of an hour
            or day before it if that is too long ago to tell more finely; null for now
    """

    data: list[DailyRevenue]
    next_cursor: None | str
    renewals: str
    time_zone: str
    known_at: datetime.datetime | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        data = []
        for data_item_data in self.data:
            data_item = data_item_data.to_dict()
            data.append(data_item)

        next_cursor: None | str
        next_cursor = self.next_cursor

        renewals = self.renewals

        time_zone = self.time_zone

        known_at: None | str | Unset
        if isinstance(self.known_at, Unset):
            known_at = UNSET
        elif isinstance(self.known_at, datetime.datetime):
            known_at = self.known_at.isoformat()
        else:
            known_at = self.known_at

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "data": data,
                "next_cursor": next_cursor,
                "renewals": renewals,
                "time_zone": time_zone,
            }
        )
        if known_at is not UNSET:
            field_dict["known_at"] = known_at

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.daily_revenue import DailyRevenue  # noqa: PLC0415

        d = dict(src_dict)
        data = []
        _data = d.pop("data")
        for data_item_data in _data:
            data_item = DailyRevenue.from_dict(data_item_data)

            data.append(data_item)

        def _parse_next_cursor(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        next_cursor = _parse_next_cursor(d.pop("next_cursor"))

        renewals = d.pop("renewals")

        time_zone = d.pop("time_zone")

        def _parse_known_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                known_at_type_0 = datetime.datetime.fromisoformat(data)

                return known_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        known_at = _parse_known_at(d.pop("known_at", UNSET))

        daily_page = cls(
            data=data,
            next_cursor=next_cursor,
            renewals=renewals,
            time_zone=time_zone,
            known_at=known_at,
        )

        daily_page.additional_properties = d
        return daily_page

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
