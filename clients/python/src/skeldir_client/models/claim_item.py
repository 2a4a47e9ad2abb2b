from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="ClaimItem")


@_attrs_define
class ClaimItem:
    """What a platform claims a campaign brought on a day, of one kind of conversions.

    Attributes:
        account (str): the ad account's id
        claim_type (str):
        currency (str): ISO 4217
        day (datetime.date): a day of the ad account's own time zone
        platform (str): such as `google_ads`
        attribution_setting (None | str | Unset):
        campaign_id (None | str | Unset):
        campaign_name (None | str | Unset):
        campaign_type (None | str | Unset):
        channel (None | str | Unset): a channel code, which overrides the rules and stays for the campaign
        conversions (None | str | Unset): may be a fraction; null: not known
        value_cents (int | None | Unset):
    """

    account: str
    claim_type: str
    currency: str
    day: datetime.date
    platform: str
    attribution_setting: None | str | Unset = UNSET
    campaign_id: None | str | Unset = UNSET
    campaign_name: None | str | Unset = UNSET
    campaign_type: None | str | Unset = UNSET
    channel: None | str | Unset = UNSET
    conversions: None | str | Unset = UNSET
    value_cents: int | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        account = self.account

        claim_type = self.claim_type

        currency = self.currency

        day = self.day.isoformat()

        platform = self.platform

        attribution_setting: None | str | Unset
        if isinstance(self.attribution_setting, Unset):
            attribution_setting = UNSET
        else:
            attribution_setting = self.attribution_setting

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

        conversions: None | str | Unset
        if isinstance(self.conversions, Unset):
            conversions = UNSET
        else:
            conversions = self.conversions

        value_cents: int | None | Unset
        if isinstance(self.value_cents, Unset):
            value_cents = UNSET
        else:
            value_cents = self.value_cents

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "account": account,
                "claim_type": claim_type,
                "currency": currency,
                "day": day,
                "platform": platform,
            }
        )
        if attribution_setting is not UNSET:
            field_dict["attribution_setting"] = attribution_setting
        if campaign_id is not UNSET:
            field_dict["campaign_id"] = campaign_id
        if campaign_name is not UNSET:
            field_dict["campaign_name"] = campaign_name
        if campaign_type is not UNSET:
            field_dict["campaign_type"] = campaign_type
        if channel is not UNSET:
            field_dict["channel"] = channel
        if conversions is not UNSET:
            field_dict["conversions"] = conversions
        if value_cents is not UNSET:
            field_dict["value_cents"] = value_cents

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        account = d.pop("account")

        claim_type = d.pop("claim_type")

        currency = d.pop("currency")

        day = datetime.date.fromisoformat(d.pop("day"))

        platform = d.pop("platform")

        def _parse_attribution_setting(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        attribution_setting = _parse_attribution_setting(d.pop("attribution_setting", UNSET))

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

        def _parse_conversions(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        conversions = _parse_conversions(d.pop("conversions", UNSET))

        def _parse_value_cents(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        value_cents = _parse_value_cents(d.pop("value_cents", UNSET))

        claim_item = cls(
            account=account,
            claim_type=claim_type,
            currency=currency,
            day=day,
            platform=platform,
            attribution_setting=attribution_setting,
            campaign_id=campaign_id,
            campaign_name=campaign_name,
            campaign_type=campaign_type,
            channel=channel,
            conversions=conversions,
            value_cents=value_cents,
        )

        claim_item.additional_properties = d
        return claim_item

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
