from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.channel_moved import ChannelMoved


T = TypeVar("T", bound="OrderMoved")


@_attrs_define
class OrderMoved:
    """An order that two versions divide differently, and the channels of which they do.

    Attributes:
        channels (list[ChannelMoved]):
        currency (str): ISO 4217
        moved_cents (int): what the other version gives to other channels, in minor units
        order_id (str):
    """

    channels: list[ChannelMoved]
    currency: str
    moved_cents: int
    order_id: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        channels = []
        for channels_item_data in self.channels:
            channels_item = channels_item_data.to_dict()
            channels.append(channels_item)

        currency = self.currency

        moved_cents = self.moved_cents

        order_id = self.order_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "channels": channels,
                "currency": currency,
                "moved_cents": moved_cents,
                "order_id": order_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.channel_moved import ChannelMoved  # noqa: PLC0415

        d = dict(src_dict)
        channels = []
        _channels = d.pop("channels")
        for channels_item_data in _channels:
            channels_item = ChannelMoved.from_dict(channels_item_data)

            channels.append(channels_item)

        currency = d.pop("currency")

        moved_cents = d.pop("moved_cents")

        order_id = d.pop("order_id")

        order_moved = cls(
            channels=channels,
            currency=currency,
            moved_cents=moved_cents,
            order_id=order_id,
        )

        order_moved.additional_properties = d
        return order_moved

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
