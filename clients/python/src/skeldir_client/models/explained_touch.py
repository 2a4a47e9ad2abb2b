from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.explained_correction import ExplainedCorrection


T = TypeVar("T", bound="ExplainedTouch")


@_attrs_define
class ExplainedTouch:
    """One touch of the journey within the longest window, with the fields from which a rule chose its channel.

    Of a forgotten touch only the channel and the age are left, in the order's stored journey; all else is null.

        Attributes:
            age_seconds (float): how long before the capture it was
            campaign (None | str):
            channel (str):
            click_id_kinds (list[str]):
            correction (ExplainedCorrection | None): of the channel, if one is in force
            idempotency_key (None | str):
            is_forgotten (bool): whether the touch itself was deleted by the tenant's retention
            medium (None | str):
            occurred_at (datetime.datetime | None): null for a forgotten touch
            place (int):
            referrer_host (None | str):
            rule (None | str): the rule that chose the channel; `explicit`: the sender named it; `correction@…`: somebody
                corrected it, and behind a colon is the channel that the sender named; null for a forgotten touch
            source (None | str):
    """

    age_seconds: float
    campaign: None | str
    channel: str
    click_id_kinds: list[str]
    correction: ExplainedCorrection | None
    idempotency_key: None | str
    is_forgotten: bool
    medium: None | str
    occurred_at: datetime.datetime | None
    place: int
    referrer_host: None | str
    rule: None | str
    source: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.explained_correction import ExplainedCorrection  # noqa: PLC0415

        age_seconds = self.age_seconds

        campaign: None | str
        campaign = self.campaign

        channel = self.channel

        click_id_kinds = self.click_id_kinds

        correction: dict[str, Any] | None
        if isinstance(self.correction, ExplainedCorrection):
            correction = self.correction.to_dict()
        else:
            correction = self.correction

        idempotency_key: None | str
        idempotency_key = self.idempotency_key

        is_forgotten = self.is_forgotten

        medium: None | str
        medium = self.medium

        occurred_at: None | str
        if isinstance(self.occurred_at, datetime.datetime):
            occurred_at = self.occurred_at.isoformat()
        else:
            occurred_at = self.occurred_at

        place = self.place

        referrer_host: None | str
        referrer_host = self.referrer_host

        rule: None | str
        rule = self.rule

        source: None | str
        source = self.source

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "age_seconds": age_seconds,
                "campaign": campaign,
                "channel": channel,
                "click_id_kinds": click_id_kinds,
                "correction": correction,
                "idempotency_key": idempotency_key,
                "is_forgotten": is_forgotten,
                "medium": medium,
                "occurred_at": occurred_at,
                "place": place,
                "referrer_host": referrer_host,
                "rule": rule,
                "source": source,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.explained_correction import ExplainedCorrection  # noqa: PLC0415

        d = dict(src_dict)
        age_seconds = d.pop("age_seconds")

        def _parse_campaign(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        campaign = _parse_campaign(d.pop("campaign"))

        channel = d.pop("channel")

        click_id_kinds = cast(list[str], d.pop("click_id_kinds"))

        def _parse_correction(data: object) -> ExplainedCorrection | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                correction_type_0 = ExplainedCorrection.from_dict(data)

                return correction_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ExplainedCorrection | None, data)

        correction = _parse_correction(d.pop("correction"))

        def _parse_idempotency_key(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        idempotency_key = _parse_idempotency_key(d.pop("idempotency_key"))

        is_forgotten = d.pop("is_forgotten")

        def _parse_medium(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        medium = _parse_medium(d.pop("medium"))

        def _parse_occurred_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                occurred_at_type_0 = datetime.datetime.fromisoformat(data)

                return occurred_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        occurred_at = _parse_occurred_at(d.pop("occurred_at"))

        place = d.pop("place")

        def _parse_referrer_host(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        referrer_host = _parse_referrer_host(d.pop("referrer_host"))

        def _parse_rule(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        rule = _parse_rule(d.pop("rule"))

        def _parse_source(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        source = _parse_source(d.pop("source"))

        explained_touch = cls(
            age_seconds=age_seconds,
            campaign=campaign,
            channel=channel,
            click_id_kinds=click_id_kinds,
            correction=correction,
            idempotency_key=idempotency_key,
            is_forgotten=is_forgotten,
            medium=medium,
            occurred_at=occurred_at,
            place=place,
            referrer_host=referrer_host,
            rule=rule,
            source=source,
        )

        explained_touch.additional_properties = d
        return explained_touch

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
