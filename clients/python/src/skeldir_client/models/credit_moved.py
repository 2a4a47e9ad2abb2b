from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="CreditMoved")


@_attrs_define
class CreditMoved:
    """What a model credits to a channel over all days, as the channel report has it, now and after the change.

    Attributes:
        channel (str):
        conversions_now (str): exact to 12 decimals
        conversions_then (str): exact to 12 decimals
        credited_cents_now (int): in the currency's smallest unit
        credited_cents_then (int): in the currency's smallest unit
        currency (str):
        difference_cents (int): in the currency's smallest unit
        model (str):
    """

    channel: str
    conversions_now: str
    conversions_then: str
    credited_cents_now: int
    credited_cents_then: int
    currency: str
    difference_cents: int
    model: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        channel = self.channel

        conversions_now = self.conversions_now

        conversions_then = self.conversions_then

        credited_cents_now = self.credited_cents_now

        credited_cents_then = self.credited_cents_then

        currency = self.currency

        difference_cents = self.difference_cents

        model = self.model

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "channel": channel,
                "conversions_now": conversions_now,
                "conversions_then": conversions_then,
                "credited_cents_now": credited_cents_now,
                "credited_cents_then": credited_cents_then,
                "currency": currency,
                "difference_cents": difference_cents,
                "model": model,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        channel = d.pop("channel")

        conversions_now = d.pop("conversions_now")

        conversions_then = d.pop("conversions_then")

        credited_cents_now = d.pop("credited_cents_now")

        credited_cents_then = d.pop("credited_cents_then")

        currency = d.pop("currency")

        difference_cents = d.pop("difference_cents")

        model = d.pop("model")

        credit_moved = cls(
            channel=channel,
            conversions_now=conversions_now,
            conversions_then=conversions_then,
            credited_cents_now=credited_cents_now,
            credited_cents_then=credited_cents_then,
            currency=currency,
            difference_cents=difference_cents,
            model=model,
        )

        credit_moved.additional_properties = d
        return credit_moved

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
