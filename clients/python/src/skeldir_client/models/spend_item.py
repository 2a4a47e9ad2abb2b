from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="SpendItem")


@_attrs_define
class SpendItem:
    """What a campaign cost on a day. Sent again with other figures, it restates the day.

    Attributes:
        account (str): the ad account's id
        cost_cents (int | None): the currency's smallest unit; null if it is not known
        currency (str): ISO 4217
        day (datetime.date): a day of the ad account's own time zone
        platform (str): such as `google_ads`
        campaign_id (None | str | Unset):
        campaign_name (None | str | Unset):
        campaign_type (None | str | Unset):
        channel (None | str | Unset): a channel code, which overrides the rules and stays for the campaign
        clicks (int | None | Unset):
        impressions (int | None | Unset):
    """

    account: str
    cost_cents: int | None
    currency: str
    day: datetime.date
    platform: str
    campaign_id: None | str | Unset = UNSET
    campaign_name: None | str | Unset = UNSET
    campaign_type: None | str | Unset = UNSET
    channel: None | str | Unset = UNSET
    clicks: int | None | Unset = UNSET
    impressions: int | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        account = self.account

        cost_cents: int | None
        cost_cents = self.cost_cents

        currency = self.currency

        day = self.day.isoformat()

        platform = self.platform

        campaign_id: None | str | Unset
        if isinstance(self.campaign_id, Unset):
            campaign_id = UNSET
        else:
            campaign_id = self.campaign_id

        campaign_name: None | str | Unset
        if isinstance(self.campaign_name, Unset):
            campaign_name = UNSET
        else:
            campaign_name = self.campaign_name

        campaign_type: None | str | Unset
        if isinstance(self.campaign_type, Unset):
            campaign_type = UNSET
        else:
            campaign_type = self.campaign_type

        channel: None | str | Unset
        if isinstance(self.channel, Unset):
            channel = UNSET
        else:
            channel = self.channel

        clicks: int | None | Unset
        if isinstance(self.clicks, Unset):
            clicks = UNSET
        else:
            clicks = self.clicks

        impressions: int | None | Unset
        if isinstance(self.impressions, Unset):
            impressions = UNSET
        else:
            impressions = self.impressions

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "account": account,
                "cost_cents": cost_cents,
                "currency": currency,
                "day": day,
                "platform": platform,
            }
        )
        if campaign_id is not UNSET:
            field_dict["campaign_id"] = campaign_id
        if campaign_name is not UNSET:
            field_dict["campaign_name"] = campaign_name
        if campaign_type is not UNSET:
            field_dict["campaign_type"] = campaign_type
        if channel is not UNSET:
            field_dict["channel"] = channel
        if clicks is not UNSET:
            field_dict["clicks"] = clicks
        if impressions is not UNSET:
            field_dict["impressions"] = impressions

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        account = d.pop("account")

        def _parse_cost_cents(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        cost_cents = _parse_cost_cents(d.pop("cost_cents"))

        currency = d.pop("currency")

        day = datetime.date.fromisoformat(d.pop("day"))

        platform = d.pop("platform")

        def _parse_campaign_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        campaign_id = _parse_campaign_id(d.pop("campaign_id", UNSET))

        def _parse_campaign_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        campaign_name = _parse_campaign_name(d.pop("campaign_name", UNSET))

        def _parse_campaign_type(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        campaign_type = _parse_campaign_type(d.pop("campaign_type", UNSET))

        def _parse_channel(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        channel = _parse_channel(d.pop("channel", UNSET))

        def _parse_clicks(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        clicks = _parse_clicks(d.pop("clicks", UNSET))

        def _parse_impressions(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        impressions = _parse_impressions(d.pop("impressions", UNSET))

        spend_item = cls(
            account=account,
            cost_cents=cost_cents,
            currency=currency,
            day=day,
            platform=platform,
            campaign_id=campaign_id,
            campaign_name=campaign_name,
            campaign_type=campaign_type,
            channel=channel,
            clicks=clicks,
            impressions=impressions,
        )

        spend_item.additional_properties = d
        return spend_item

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
