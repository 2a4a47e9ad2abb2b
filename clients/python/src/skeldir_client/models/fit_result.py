from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.channel_fit import ChannelFit
    from ..models.order_likelihood import OrderLikelihood
    from ..models.part import Part


T = TypeVar("T", bound="FitResult")


@_attrs_define
class FitResult:
    """What a fit found.

    Attributes:
        channels (list[ChannelFit]):
        conversion_probability (None | Part): of a journey; markov only
        largest_difference (float | None): between Shapley values worked out in two ways, in conversions; null with more
            than 16 channels
        orders (list[OrderLikelihood]): the figures by which the order was chosen; empty if it was given
        over_refunded (int): orders with less than nothing left in a currency, taken as nothing
        without_key (int): orders that name no journey
        without_touch (int): orders whose journey has no touch that counts: no channel earns them
    """

    channels: list[ChannelFit]
    conversion_probability: None | Part
    largest_difference: float | None
    orders: list[OrderLikelihood]
    over_refunded: int
    without_key: int
    without_touch: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.part import Part  # noqa: PLC0415

        channels = []
        for channels_item_data in self.channels:
            channels_item = channels_item_data.to_dict()
            channels.append(channels_item)

        conversion_probability: dict[str, Any] | None
        if isinstance(self.conversion_probability, Part):
            conversion_probability = self.conversion_probability.to_dict()
        else:
            conversion_probability = self.conversion_probability

        largest_difference: float | None
        largest_difference = self.largest_difference

        orders = []
        for orders_item_data in self.orders:
            orders_item = orders_item_data.to_dict()
            orders.append(orders_item)

        over_refunded = self.over_refunded

        without_key = self.without_key

        without_touch = self.without_touch

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "channels": channels,
                "conversion_probability": conversion_probability,
                "largest_difference": largest_difference,
                "orders": orders,
                "over_refunded": over_refunded,
                "without_key": without_key,
                "without_touch": without_touch,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.channel_fit import ChannelFit  # noqa: PLC0415
        from ..models.order_likelihood import OrderLikelihood  # noqa: PLC0415
        from ..models.part import Part  # noqa: PLC0415

        d = dict(src_dict)
        channels = []
        _channels = d.pop("channels")
        for channels_item_data in _channels:
            channels_item = ChannelFit.from_dict(channels_item_data)

            channels.append(channels_item)

        def _parse_conversion_probability(data: object) -> None | Part:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                conversion_probability_type_0 = Part.from_dict(data)

                return conversion_probability_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Part, data)

        conversion_probability = _parse_conversion_probability(d.pop("conversion_probability"))

        def _parse_largest_difference(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        largest_difference = _parse_largest_difference(d.pop("largest_difference"))

        orders = []
        _orders = d.pop("orders")
        for orders_item_data in _orders:
            orders_item = OrderLikelihood.from_dict(orders_item_data)

            orders.append(orders_item)

        over_refunded = d.pop("over_refunded")

        without_key = d.pop("without_key")

        without_touch = d.pop("without_touch")

        fit_result = cls(
            channels=channels,
            conversion_probability=conversion_probability,
            largest_difference=largest_difference,
            orders=orders,
            over_refunded=over_refunded,
            without_key=without_key,
            without_touch=without_touch,
        )

        fit_result.additional_properties = d
        return fit_result

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
