from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.credit_moved import CreditMoved


T = TypeVar("T", bound="CorrectionMoves")


@_attrs_define
class CorrectionMoves:
    """What the channel of one touch changes: its orders, and the credit of each model by channel, now and then.

    Attributes:
        channel_now (str):
        channel_then (str):
        credit (list[CreditMoved]):
        first_orders_moved (list[str]): the first 20 of them by order id
        orders_awaiting_credit (int): orders whose credit follows later in any case; the differences are those of the
            touch alone
        orders_moved (int): orders with the touch within a model's lookback, if it moves
        touch (str):
    """

    channel_now: str
    channel_then: str
    credit: list[CreditMoved]
    first_orders_moved: list[str]
    orders_awaiting_credit: int
    orders_moved: int
    touch: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        channel_now = self.channel_now

        channel_then = self.channel_then

        credit = []
        for credit_item_data in self.credit:
            credit_item = credit_item_data.to_dict()
            credit.append(credit_item)

        first_orders_moved = self.first_orders_moved

        orders_awaiting_credit = self.orders_awaiting_credit

        orders_moved = self.orders_moved

        touch = self.touch

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "channel_now": channel_now,
                "channel_then": channel_then,
                "credit": credit,
                "first_orders_moved": first_orders_moved,
                "orders_awaiting_credit": orders_awaiting_credit,
                "orders_moved": orders_moved,
                "touch": touch,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.credit_moved import CreditMoved  # noqa: PLC0415

        d = dict(src_dict)
        channel_now = d.pop("channel_now")

        channel_then = d.pop("channel_then")

        credit = []
        _credit = d.pop("credit")
        for credit_item_data in _credit:
            credit_item = CreditMoved.from_dict(credit_item_data)

            credit.append(credit_item)

        first_orders_moved = cast(list[str], d.pop("first_orders_moved"))

        orders_awaiting_credit = d.pop("orders_awaiting_credit")

        orders_moved = d.pop("orders_moved")

        touch = d.pop("touch")

        correction_moves = cls(
            channel_now=channel_now,
            channel_then=channel_then,
            credit=credit,
            first_orders_moved=first_orders_moved,
            orders_awaiting_credit=orders_awaiting_credit,
            orders_moved=orders_moved,
            touch=touch,
        )

        correction_moves.additional_properties = d
        return correction_moves

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
