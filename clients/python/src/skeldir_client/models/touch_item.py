from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="TouchItem")


@_attrs_define
class TouchItem:
    """One visit: its journey, its time, and where it came from or its channel.

    Attributes:
        idempotency_key (str):
        journey_key (str): only its keyed hash is stored
        occurred_at (datetime.datetime): ISO 8601 with an offset; at most 10 minutes ahead
        campaign (None | str | Unset):
        channel (None | str | Unset): a channel code, which overrides the rules
        click_ids (list[str] | Unset): names of the parameters, never their values; they add to those of landing_path
        landing_path (None | str | Unset): path or URL; utm tags and names of click ids are read, in its first 2000
            characters; only the path is kept
        medium (None | str | Unset):
        referrer_host (None | str | Unset): host or URL; only the host is kept
        session_id (None | str | Unset):
        source (None | str | Unset):
    """

    idempotency_key: str
    journey_key: str
    occurred_at: datetime.datetime
    campaign: None | str | Unset = UNSET
    channel: None | str | Unset = UNSET
    click_ids: list[str] | Unset = UNSET
    landing_path: None | str | Unset = UNSET
    medium: None | str | Unset = UNSET
    referrer_host: None | str | Unset = UNSET
    session_id: None | str | Unset = UNSET
    source: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        idempotency_key = self.idempotency_key

        journey_key = self.journey_key

        occurred_at = self.occurred_at.isoformat()

        campaign: None | str | Unset
        if isinstance(self.campaign, Unset):
            campaign = UNSET
        else:
            campaign = self.campaign

        channel: None | str | Unset
        if isinstance(self.channel, Unset):
            channel = UNSET
        else:
            channel = self.channel

        click_ids: list[str] | Unset = UNSET
        if not isinstance(self.click_ids, Unset):
            click_ids = self.click_ids

        landing_path: None | str | Unset
        if isinstance(self.landing_path, Unset):
            landing_path = UNSET
        else:
            landing_path = self.landing_path

        medium: None | str | Unset
        if isinstance(self.medium, Unset):
            medium = UNSET
        else:
            medium = self.medium

        referrer_host: None | str | Unset
        if isinstance(self.referrer_host, Unset):
            referrer_host = UNSET
        else:
            referrer_host = self.referrer_host

        session_id: None | str | Unset
        if isinstance(self.session_id, Unset):
            session_id = UNSET
        else:
            session_id = self.session_id

        source: None | str | Unset
        if isinstance(self.source, Unset):
            source = UNSET
        else:
            source = self.source

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "idempotency_key": idempotency_key,
                "journey_key": journey_key,
                "occurred_at": occurred_at,
            }
        )
        if campaign is not UNSET:
            field_dict["campaign"] = campaign
        if channel is not UNSET:
            field_dict["channel"] = channel
        if click_ids is not UNSET:
            field_dict["click_ids"] = click_ids
        if landing_path is not UNSET:
            field_dict["landing_path"] = landing_path
        if medium is not UNSET:
            field_dict["medium"] = medium
        if referrer_host is not UNSET:
            field_dict["referrer_host"] = referrer_host
        if session_id is not UNSET:
            field_dict["session_id"] = session_id
        if source is not UNSET:
            field_dict["source"] = source

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        idempotency_key = d.pop("idempotency_key")

        journey_key = d.pop("journey_key")

        occurred_at = datetime.datetime.fromisoformat(d.pop("occurred_at"))

        def _parse_campaign(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        campaign = _parse_campaign(d.pop("campaign", UNSET))

        def _parse_channel(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        channel = _parse_channel(d.pop("channel", UNSET))

        click_ids = cast(list[str], d.pop("click_ids", UNSET))

        def _parse_landing_path(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        landing_path = _parse_landing_path(d.pop("landing_path", UNSET))

        def _parse_medium(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        medium = _parse_medium(d.pop("medium", UNSET))

        def _parse_referrer_host(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        referrer_host = _parse_referrer_host(d.pop("referrer_host", UNSET))

        def _parse_session_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        session_id = _parse_session_id(d.pop("session_id", UNSET))

        def _parse_source(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        source = _parse_source(d.pop("source", UNSET))

        touch_item = cls(
            idempotency_key=idempotency_key,
            journey_key=journey_key,
            occurred_at=occurred_at,
            campaign=campaign,
            channel=channel,
            click_ids=click_ids,
            landing_path=landing_path,
            medium=medium,
            referrer_host=referrer_host,
            session_id=session_id,
            source=source,
        )

        touch_item.additional_properties = d
        return touch_item

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
