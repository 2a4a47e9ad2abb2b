from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.compared_channel import ComparedChannel
    from ..models.orders_moved import OrdersMoved


T = TypeVar("T", bound="FitComparison")


@_attrs_define
class FitComparison:
    """The channels of two fits, the largest difference first, and the orders whose credit they divide differently.

    Attributes:
        data (list[ComparedChannel]):
        orders_moved (OrdersMoved): The orders that move most from one version to another, currency by currency, the
            largest move first.

            Of each currency there are MOST_ORDERS_SHOWN at most, of the tenant's first stored orders by order id.
    """

    data: list[ComparedChannel]
    orders_moved: OrdersMoved
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        data = []
        for data_item_data in self.data:
            data_item = data_item_data.to_dict()
            data.append(data_item)

        orders_moved = self.orders_moved.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "data": data,
                "orders_moved": orders_moved,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.compared_channel import ComparedChannel  # noqa: PLC0415
        from ..models.orders_moved import OrdersMoved  # noqa: PLC0415

        d = dict(src_dict)
        data = []
        _data = d.pop("data")
        for data_item_data in _data:
            data_item = ComparedChannel.from_dict(data_item_data)

            data.append(data_item)

        orders_moved = OrdersMoved.from_dict(d.pop("orders_moved"))

        fit_comparison = cls(
            data=data,
            orders_moved=orders_moved,
        )

        fit_comparison.additional_properties = d
        return fit_comparison

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
