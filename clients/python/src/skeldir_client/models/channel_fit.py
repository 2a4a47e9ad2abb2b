from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.channel_earning import ChannelEarning
    from ..models.part import Part


T = TypeVar("T", bound="ChannelFit")


@_attrs_define
class ChannelFit:
    """What a fit says of a channel.

    Attributes:
        channel (str):
        conversions (Part): An estimate, with the ends of its interval; null where there is too little data for an
            interval.
        converted (int): those of them that ended with an order
        earnings (list[ChannelEarning]): of each currency with money left, by value: not the share of conversions
        has_enough_data (bool): whether enough of them converted for an interval
        journeys (int): journeys with a touch of the channel
        posterior (None | Part): the same with an interval of the posterior, beside that of the bootstrap; markov only
        removal_effect (None | Part): which part of the conversions is lost without the channel; markov only
        share (Part): An estimate, with the ends of its interval; null where there is too little data for an interval.
    """

    channel: str
    conversions: Part
    converted: int
    earnings: list[ChannelEarning]
    has_enough_data: bool
    journeys: int
    posterior: None | Part
    removal_effect: None | Part
    share: Part
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.part import Part  # noqa: PLC0415

        channel = self.channel

        conversions = self.conversions.to_dict()

        converted = self.converted

        earnings = []
        for earnings_item_data in self.earnings:
            earnings_item = earnings_item_data.to_dict()
            earnings.append(earnings_item)

        has_enough_data = self.has_enough_data

        journeys = self.journeys

        posterior: dict[str, Any] | None
        if isinstance(self.posterior, Part):
            posterior = self.posterior.to_dict()
        else:
            posterior = self.posterior

        removal_effect: dict[str, Any] | None
        if isinstance(self.removal_effect, Part):
            removal_effect = self.removal_effect.to_dict()
        else:
            removal_effect = self.removal_effect

        share = self.share.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "channel": channel,
                "conversions": conversions,
                "converted": converted,
                "earnings": earnings,
                "has_enough_data": has_enough_data,
                "journeys": journeys,
                "posterior": posterior,
                "removal_effect": removal_effect,
                "share": share,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.channel_earning import ChannelEarning  # noqa: PLC0415
        from ..models.part import Part  # noqa: PLC0415

        d = dict(src_dict)
        channel = d.pop("channel")

        conversions = Part.from_dict(d.pop("conversions"))

        converted = d.pop("converted")

        earnings = []
        _earnings = d.pop("earnings")
        for earnings_item_data in _earnings:
            earnings_item = ChannelEarning.from_dict(earnings_item_data)

            earnings.append(earnings_item)

        has_enough_data = d.pop("has_enough_data")

        journeys = d.pop("journeys")

        def _parse_posterior(data: object) -> None | Part:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                posterior_type_0 = Part.from_dict(data)

                return posterior_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Part, data)

        posterior = _parse_posterior(d.pop("posterior"))

        def _parse_removal_effect(data: object) -> None | Part:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                removal_effect_type_0 = Part.from_dict(data)

                return removal_effect_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Part, data)

        removal_effect = _parse_removal_effect(d.pop("removal_effect"))

        share = Part.from_dict(d.pop("share"))

        channel_fit = cls(
            channel=channel,
            conversions=conversions,
            converted=converted,
            earnings=earnings,
            has_enough_data=has_enough_data,
            journeys=journeys,
            posterior=posterior,
            removal_effect=removal_effect,
            share=share,
        )

        channel_fit.additional_properties = d
        return channel_fit

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
