from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.part import Part


T = TypeVar("T", bound="ChannelEarning")


@_attrs_define
class ChannelEarning:
    """What a channel earns of the money of a currency: its share, and that in minor units.

    There is no interval if too few of the channel's journeys left money of the currency.

        Attributes:
            cents (int): whole number of the currency's smallest unit, signed: yen for JPY
            currency (str): ISO 4217
            lower_cents (int | None):
            share (Part): An estimate, with the ends of its interval; null where there is too little data for an interval.
            upper_cents (int | None):
    """

    cents: int
    currency: str
    lower_cents: int | None
    share: Part
    upper_cents: int | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        cents = self.cents

        currency = self.currency

        lower_cents: int | None
        lower_cents = self.lower_cents

        share = self.share.to_dict()

        upper_cents: int | None
        upper_cents = self.upper_cents

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "cents": cents,
                "currency": currency,
                "lower_cents": lower_cents,
                "share": share,
                "upper_cents": upper_cents,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.part import Part  # noqa: PLC0415

        d = dict(src_dict)
        cents = d.pop("cents")

        currency = d.pop("currency")

        def _parse_lower_cents(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        lower_cents = _parse_lower_cents(d.pop("lower_cents"))

        share = Part.from_dict(d.pop("share"))

        def _parse_upper_cents(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        upper_cents = _parse_upper_cents(d.pop("upper_cents"))

        channel_earning = cls(
            cents=cents,
            currency=currency,
            lower_cents=lower_cents,
            share=share,
            upper_cents=upper_cents,
        )

        channel_earning.additional_properties = d
        return channel_earning

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
