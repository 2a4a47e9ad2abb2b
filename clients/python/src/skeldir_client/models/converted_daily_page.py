from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.converted_by import ConvertedBy
    from ..models.daily_revenue import DailyRevenue


T = TypeVar("T", bound="ConvertedDailyPage")


@_attrs_define
class ConvertedDailyPage:
    """A page of the daily summary in one currency, by date and state.

    Rows in another currency are what no rate is known for. They count in the page's limit, but are in no converted row.

        Attributes:
            converted_by (ConvertedBy): What sums were converted to, and by what.

                Of each day and currency the sum is converted, and rounded to the nearest smallest unit (halves to the even
                one).
                Its parts are rounded down, and the largest remainders get the units that are left. So parts add up to their
                sum,
                and days to their total.
            data (list[DailyRevenue]):
            next_cursor (None | str):
            not_converted (list[DailyRevenue]):
            renewals (str): `exclude` leaves out orders that are later payments of a subscription, as webhooks report them,
                with their refunds and disputes
            time_zone (str): the time zone of the days: an IANA name, such as Europe/Berlin
    """

    converted_by: ConvertedBy
    data: list[DailyRevenue]
    next_cursor: None | str
    not_converted: list[DailyRevenue]
    renewals: str
    time_zone: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        converted_by = self.converted_by.to_dict()

        data = []
        for data_item_data in self.data:
            data_item = data_item_data.to_dict()
            data.append(data_item)

        next_cursor: None | str
        next_cursor = self.next_cursor

        not_converted = []
        for not_converted_item_data in self.not_converted:
            not_converted_item = not_converted_item_data.to_dict()
            not_converted.append(not_converted_item)

        renewals = self.renewals

        time_zone = self.time_zone

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "converted_by": converted_by,
                "data": data,
                "next_cursor": next_cursor,
                "not_converted": not_converted,
                "renewals": renewals,
                "time_zone": time_zone,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.converted_by import ConvertedBy  # noqa: PLC0415
        from ..models.daily_revenue import DailyRevenue  # noqa: PLC0415

        d = dict(src_dict)
        converted_by = ConvertedBy.from_dict(d.pop("converted_by"))

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

        not_converted = []
        _not_converted = d.pop("not_converted")
        for not_converted_item_data in _not_converted:
            not_converted_item = DailyRevenue.from_dict(not_converted_item_data)

            not_converted.append(not_converted_item)

        renewals = d.pop("renewals")

        time_zone = d.pop("time_zone")

        converted_daily_page = cls(
            converted_by=converted_by,
            data=data,
            next_cursor=next_cursor,
            not_converted=not_converted,
            renewals=renewals,
            time_zone=time_zone,
        )

        converted_daily_page.additional_properties = d
        return converted_daily_page

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
