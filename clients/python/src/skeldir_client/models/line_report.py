from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="LineReport")


@_attrs_define
class LineReport:
    """What a platform claims of a campaign's day, and what the ledger confirms; null for what is unknown.

    Attributes:
        account (str): empty, as the campaign, if touches could mean several campaigns
        attribution_setting (None | str):
        campaign (str): the id; of a campaign without one, `name:` and its name
        campaign_name (None | str): the latest that was known of the campaign; the same on all of its lines
        claim_type (None | str):
        claimed_cents (int | None):
        currency (str): ISO 4217
        day (datetime.date):
        difference_bp (None | str):
        ghost_cents (int | None):
        missed_cents (int | None):
        platform (str):
        reason (str):
        reversed_cents (int): whole number of the currency's smallest unit, signed: yen for JPY
        timing_cents (int): whole number of the currency's smallest unit, signed: yen for JPY
        verified_cents (int): whole number of the currency's smallest unit, signed: yen for JPY
    """

    account: str
    attribution_setting: None | str
    campaign: str
    campaign_name: None | str
    claim_type: None | str
    claimed_cents: int | None
    currency: str
    day: datetime.date
    difference_bp: None | str
    ghost_cents: int | None
    missed_cents: int | None
    platform: str
    reason: str
    reversed_cents: int
    timing_cents: int
    verified_cents: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        account = self.account

        attribution_setting: None | str
        attribution_setting = self.attribution_setting

        campaign = self.campaign

        campaign_name: None | str
        campaign_name = self.campaign_name

        claim_type: None | str
        claim_type = self.claim_type

        claimed_cents: int | None
        claimed_cents = self.claimed_cents

        currency = self.currency

        day = self.day.isoformat()

        difference_bp: None | str
        difference_bp = self.difference_bp

        ghost_cents: int | None
        ghost_cents = self.ghost_cents

        missed_cents: int | None
        missed_cents = self.missed_cents

        platform = self.platform

        reason = self.reason

        reversed_cents = self.reversed_cents

        timing_cents = self.timing_cents

        verified_cents = self.verified_cents

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "account": account,
                "attribution_setting": attribution_setting,
                "campaign": campaign,
                "campaign_name": campaign_name,
                "claim_type": claim_type,
                "claimed_cents": claimed_cents,
                "currency": currency,
                "day": day,
                "difference_bp": difference_bp,
                "ghost_cents": ghost_cents,
                "missed_cents": missed_cents,
                "platform": platform,
                "reason": reason,
                "reversed_cents": reversed_cents,
                "timing_cents": timing_cents,
                "verified_cents": verified_cents,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        account = d.pop("account")

        def _parse_attribution_setting(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        attribution_setting = _parse_attribution_setting(d.pop("attribution_setting"))

        campaign = d.pop("campaign")

        def _parse_campaign_name(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        campaign_name = _parse_campaign_name(d.pop("campaign_name"))

        def _parse_claim_type(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        claim_type = _parse_claim_type(d.pop("claim_type"))

        def _parse_claimed_cents(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        claimed_cents = _parse_claimed_cents(d.pop("claimed_cents"))

        currency = d.pop("currency")

        day = datetime.date.fromisoformat(d.pop("day"))

        def _parse_difference_bp(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        difference_bp = _parse_difference_bp(d.pop("difference_bp"))

        def _parse_ghost_cents(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        ghost_cents = _parse_ghost_cents(d.pop("ghost_cents"))

        def _parse_missed_cents(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        missed_cents = _parse_missed_cents(d.pop("missed_cents"))

        platform = d.pop("platform")

        reason = d.pop("reason")

        reversed_cents = d.pop("reversed_cents")

        timing_cents = d.pop("timing_cents")

        verified_cents = d.pop("verified_cents")

        line_report = cls(
            account=account,
            attribution_setting=attribution_setting,
            campaign=campaign,
            campaign_name=campaign_name,
            claim_type=claim_type,
            claimed_cents=claimed_cents,
            currency=currency,
            day=day,
            difference_bp=difference_bp,
            ghost_cents=ghost_cents,
            missed_cents=missed_cents,
            platform=platform,
            reason=reason,
            reversed_cents=reversed_cents,
            timing_cents=timing_cents,
            verified_cents=verified_cents,
        )

        line_report.additional_properties = d
        return line_report

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
