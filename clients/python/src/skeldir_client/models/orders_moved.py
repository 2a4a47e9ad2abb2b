from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.order_moved import OrderMoved


T = TypeVar("T", bound="OrdersMoved")


@_attrs_define
class OrdersMoved:
    """The orders that move most from one version to another, currency by currency, the largest move first.

    Of each currency there are MOST_ORDERS_SHOWN at most, of the tenant's first stored orders by order id.

        Attributes:
            data (list[OrderMoved]):
            orders (int): orders covered
            orders_known_in_part (int): those of them of which less is stored than a version needs
    """

    data: list[OrderMoved]
    orders: int
    orders_known_in_part: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        data = []
        for data_item_data in self.data:
            data_item = data_item_data.to_dict()
            data.append(data_item)

        orders = self.orders

        orders_known_in_part = self.orders_known_in_part

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "data": data,
                "orders": orders,
                "orders_known_in_part": orders_known_in_part,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.order_moved import OrderMoved  # noqa: PLC0415

        d = dict(src_dict)
        data = []
        _data = d.pop("data")
        for data_item_data in _data:
            data_item = OrderMoved.from_dict(data_item_data)

            data.append(data_item)

        orders = d.pop("orders")

        orders_known_in_part = d.pop("orders_known_in_part")

        orders_moved = cls(
            data=data,
            orders=orders,
            orders_known_in_part=orders_known_in_part,
        )

        orders_moved.additional_properties = d
        return orders_moved

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
