from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="OriginCredit")


@_attrs_define
class OriginCredit:
    """What one model credits to a part of a channel.

    Attributes:
        conversions (str): exact decimal, to 10^-12
        credited_cents (int): whole number of the currency's smallest unit, signed: yen for JPY
        cpa_cents (None | str | Unset): spend for one conversion; null without known spend or conversions
        roas (None | str | Unset): credited money divided by spend; null without known spend
        share (None | str | Unset): a part's: of its channel's credited money; a channel's: of all channels' in the
            currency, null if one channel was asked for; null if the whole is not above 0
    """

    conversions: str
    credited_cents: int
    cpa_cents: None | str | Unset = UNSET
    roas: None | str | Unset = UNSET
    share: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        conversions = self.conversions

        credited_cents = self.credited_cents

        cpa_cents: None | str | Unset
        if isinstance(self.cpa_cents, Unset):
            cpa_cents = UNSET
        else:
            cpa_cents = self.cpa_cents

        roas: None | str | Unset
        if isinstance(self.roas, Unset):
            roas = UNSET
        else:
            roas = self.roas

        share: None | str | Unset
        if isinstance(self.share, Unset):
            share = UNSET
        else:
            share = self.share

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "conversions": conversions,
                "credited_cents": credited_cents,
            }
        )
        if cpa_cents is not UNSET:
            field_dict["cpa_cents"] = cpa_cents
        if roas is not UNSET:
            field_dict["roas"] = roas
        if share is not UNSET:
            field_dict["share"] = share

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        conversions = d.pop("conversions")

        credited_cents = d.pop("credited_cents")

        def _parse_cpa_cents(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        cpa_cents = _parse_cpa_cents(d.pop("cpa_cents", UNSET))

        def _parse_roas(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        roas = _parse_roas(d.pop("roas", UNSET))

        def _parse_share(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        share = _parse_share(d.pop("share", UNSET))

        origin_credit = cls(
            conversions=conversions,
            credited_cents=credited_cents,
            cpa_cents=cpa_cents,
            roas=roas,
            share=share,
        )

        origin_credit.additional_properties = d
        return origin_credit

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
