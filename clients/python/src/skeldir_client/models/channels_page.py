from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.channel_row import ChannelRow
    from ..models.channels_page_model_versions import ChannelsPageModelVersions
    from ..models.comparison import Comparison


T = TypeVar("T", bound="ChannelsPage")


@_attrs_define
class ChannelsPage:
    """A page of the channel report, by period, currency and channel; never summed across currencies.

    Attributes:
        data (list[ChannelRow]):
        model_versions (ChannelsPageModelVersions): the version of each model that is shown: the active one, or that of
            `known_at`
        next_cursor (None | str):
        orders_awaiting_credit (int | None): orders of the tenant that await credit because of new facts or new models;
            10000 means that many or more. With 0 all credit is computed, and the rows show it as soon as the sums of its
            days are written, seconds later; they do not wait for a refresh of a view. Null for an earlier moment: how many
            they were then is not recorded
        orders_set_aside (int | None): orders that could not be credited from their journey; the explanation of an order
            gives the reason. 10000 means that many or more. Null for an earlier moment
        renewals (str): `exclude` leaves out orders that are later payments of a subscription, as webhooks report them,
            with their refunds and disputes
        time_zone (str): the time zone of the days: an IANA name, such as Europe/Berlin
        comparison (Comparison | None | Unset):
        known_at (datetime.datetime | None | Unset): the moment that the report is of: `known_at`, or the end of an hour
            or day before it if that is too long ago to tell more finely; null for now
    """

    data: list[ChannelRow]
    model_versions: ChannelsPageModelVersions
    next_cursor: None | str
    orders_awaiting_credit: int | None
    orders_set_aside: int | None
    renewals: str
    time_zone: str
    comparison: Comparison | None | Unset = UNSET
    known_at: datetime.datetime | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.comparison import Comparison  # noqa: PLC0415

        data = []
        for data_item_data in self.data:
            data_item = data_item_data.to_dict()
            data.append(data_item)

        model_versions = self.model_versions.to_dict()

        next_cursor: None | str
        next_cursor = self.next_cursor

        orders_awaiting_credit: int | None
        orders_awaiting_credit = self.orders_awaiting_credit

        orders_set_aside: int | None
        orders_set_aside = self.orders_set_aside

        renewals = self.renewals

        time_zone = self.time_zone

        comparison: dict[str, Any] | None | Unset
        if isinstance(self.comparison, Unset):
            comparison = UNSET
        elif isinstance(self.comparison, Comparison):
            comparison = self.comparison.to_dict()
        else:
            comparison = self.comparison

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
                "model_versions": model_versions,
                "next_cursor": next_cursor,
                "orders_awaiting_credit": orders_awaiting_credit,
                "orders_set_aside": orders_set_aside,
                "renewals": renewals,
                "time_zone": time_zone,
            }
        )
        if comparison is not UNSET:
            field_dict["comparison"] = comparison
        if known_at is not UNSET:
            field_dict["known_at"] = known_at

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.channel_row import ChannelRow  # noqa: PLC0415
        from ..models.channels_page_model_versions import ChannelsPageModelVersions  # noqa: PLC0415
        from ..models.comparison import Comparison  # noqa: PLC0415

        d = dict(src_dict)
        data = []
        _data = d.pop("data")
        for data_item_data in _data:
            data_item = ChannelRow.from_dict(data_item_data)

            data.append(data_item)

        model_versions = ChannelsPageModelVersions.from_dict(d.pop("model_versions"))

        def _parse_next_cursor(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        next_cursor = _parse_next_cursor(d.pop("next_cursor"))

        def _parse_orders_awaiting_credit(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        orders_awaiting_credit = _parse_orders_awaiting_credit(d.pop("orders_awaiting_credit"))

        def _parse_orders_set_aside(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        orders_set_aside = _parse_orders_set_aside(d.pop("orders_set_aside"))

        renewals = d.pop("renewals")

        time_zone = d.pop("time_zone")

        def _parse_comparison(data: object) -> Comparison | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                comparison_type_0 = Comparison.from_dict(data)

                return comparison_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Comparison | None | Unset, data)

        comparison = _parse_comparison(d.pop("comparison", UNSET))

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

        channels_page = cls(
            data=data,
            model_versions=model_versions,
            next_cursor=next_cursor,
            orders_awaiting_credit=orders_awaiting_credit,
            orders_set_aside=orders_set_aside,
            renewals=renewals,
            time_zone=time_zone,
            comparison=comparison,
            known_at=known_at,
        )

        channels_page.additional_properties = d
        return channels_page

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
