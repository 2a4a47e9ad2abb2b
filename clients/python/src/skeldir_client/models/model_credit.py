from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.credit_interval import CreditInterval


T = TypeVar("T", bound="ModelCredit")


@_attrs_define
class ModelCredit:
    """What one model credits to a channel in a period and currency.

    Attributes:
        conversions (str): exact decimal, to 10^-12
        credited_cents (int): whole number of the currency's smallest unit, signed: yen for JPY
        roas (None | str): credited money divided by spend, to 6 decimals; null without spend
        spend_cents (int): the channel's spend, the same for each model
        cpa_cents (None | str | Unset): spend for one conversion, to 6 decimals; null without spend or conversions
        interval (CreditInterval | None | Unset): by a fit, the interval of the channel's share carried over to its
            credit, not one of the credit itself; null for other models, and for a channel without an interval
        share (None | str | Unset): part of the credited money of all channels in the period and currency, to 6
            decimals; null if that is not above 0
    """

    conversions: str
    credited_cents: int
    roas: None | str
    spend_cents: int
    cpa_cents: None | str | Unset = UNSET
    interval: CreditInterval | None | Unset = UNSET
    share: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.credit_interval import CreditInterval  # noqa: PLC0415

        conversions = self.conversions

        credited_cents = self.credited_cents

        roas: None | str
        roas = self.roas

        spend_cents = self.spend_cents

        cpa_cents: None | str | Unset
        if isinstance(self.cpa_cents, Unset):
            cpa_cents = UNSET
        else:
            cpa_cents = self.cpa_cents

        interval: dict[str, Any] | None | Unset
        if isinstance(self.interval, Unset):
            interval = UNSET
        elif isinstance(self.interval, CreditInterval):
            interval = self.interval.to_dict()
        else:
            interval = self.interval

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
                "roas": roas,
                "spend_cents": spend_cents,
            }
        )
        if cpa_cents is not UNSET:
            field_dict["cpa_cents"] = cpa_cents
        if interval is not UNSET:
            field_dict["interval"] = interval
        if share is not UNSET:
            field_dict["share"] = share

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.credit_interval import CreditInterval  # noqa: PLC0415

        d = dict(src_dict)
        conversions = d.pop("conversions")

        credited_cents = d.pop("credited_cents")

        def _parse_roas(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        roas = _parse_roas(d.pop("roas"))

        spend_cents = d.pop("spend_cents")

        def _parse_cpa_cents(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        cpa_cents = _parse_cpa_cents(d.pop("cpa_cents", UNSET))

        def _parse_interval(data: object) -> CreditInterval | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                interval_type_0 = CreditInterval.from_dict(data)

                return interval_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(CreditInterval | None | Unset, data)

        interval = _parse_interval(d.pop("interval", UNSET))

        def _parse_share(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        share = _parse_share(d.pop("share", UNSET))

        model_credit = cls(
            conversions=conversions,
            credited_cents=credited_cents,
            roas=roas,
            spend_cents=spend_cents,
            cpa_cents=cpa_cents,
            interval=interval,
            share=share,
        )

        model_credit.additional_properties = d
        return model_credit

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
