from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="CampaignMoved")


@_attrs_define
class CampaignMoved:
    """A campaign of which days get another channel, and what these days cost.

    Attributes:
        account (str):
        campaign (str):
        channel_now (str):
        channel_then (str):
        cost_cents (int): in the currency's smallest unit
        currency (str):
        days (int):
        platform (str):
    """

    account: str
    campaign: str
    channel_now: str
    channel_then: str
    cost_cents: int
    currency: str
    days: int
    platform: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        account = self.account

        campaign = self.campaign

        channel_now = self.channel_now

        channel_then = self.channel_then

        cost_cents = self.cost_cents

        currency = self.currency

        days = self.days

        platform = self.platform

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "account": account,
                "campaign": campaign,
                "channel_now": channel_now,
                "channel_then": channel_then,
                "cost_cents": cost_cents,
                "currency": currency,
                "days": days,
                "platform": platform,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        account = d.pop("account")

        campaign = d.pop("campaign")

        channel_now = d.pop("channel_now")

        channel_then = d.pop("channel_then")

        cost_cents = d.pop("cost_cents")

        currency = d.pop("currency")

        days = d.pop("days")

        platform = d.pop("platform")

        campaign_moved = cls(
            account=account,
            campaign=campaign,
            channel_now=channel_now,
            channel_then=channel_then,
            cost_cents=cost_cents,
            currency=currency,
            days=days,
            platform=platform,
        )

        campaign_moved.additional_properties = d
        return campaign_moved

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
