from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.changed_channel_models import ChangedChannelModels


T = TypeVar("T", bound="ChangedChannel")


@_attrs_define
class ChangedChannel:
    """A channel in a currency; `causes` and the rest of each model add up to its difference.

    Attributes:
        channel (str):
        currency (str): ISO 4217
        models (ChangedChannelModels):
        spend_after_cents (int): differs by new and restated days of spend
        spend_before_cents (int): whole number of the currency's smallest unit, signed: yen for JPY
    """

    channel: str
    currency: str
    models: ChangedChannelModels
    spend_after_cents: int
    spend_before_cents: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        channel = self.channel

        currency = self.currency

        models = self.models.to_dict()

        spend_after_cents = self.spend_after_cents

        spend_before_cents = self.spend_before_cents

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "channel": channel,
                "currency": currency,
                "models": models,
                "spend_after_cents": spend_after_cents,
                "spend_before_cents": spend_before_cents,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.changed_channel_models import ChangedChannelModels  # noqa: PLC0415

        d = dict(src_dict)
        channel = d.pop("channel")

        currency = d.pop("currency")

        models = ChangedChannelModels.from_dict(d.pop("models"))

        spend_after_cents = d.pop("spend_after_cents")

        spend_before_cents = d.pop("spend_before_cents")

        changed_channel = cls(
            channel=channel,
            currency=currency,
            models=models,
            spend_after_cents=spend_after_cents,
            spend_before_cents=spend_before_cents,
        )

        changed_channel.additional_properties = d
        return changed_channel

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
