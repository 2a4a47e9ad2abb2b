from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ClaimedOrder")


@_attrs_define
class ClaimedOrder:
    """What a page claimed of an order, and what the ledger has of the order. A refund may state no sum.

    Attributes:
        captured_cents (int | None): the sum of the order's captures in this currency; null without one
        claimed_at (datetime.datetime):
        currency (None | str):
        kind (str):
        order_id (str):
        protocol (str): of the library that sent it
        revenue_cents (int | None): the total without tax and shipping
        total_cents (int | None):
    """

    captured_cents: int | None
    claimed_at: datetime.datetime
    currency: None | str
    kind: str
    order_id: str
    protocol: str
    revenue_cents: int | None
    total_cents: int | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        captured_cents: int | None
        captured_cents = self.captured_cents

        claimed_at = self.claimed_at.isoformat()

        currency: None | str
        currency = self.currency

        kind = self.kind

        order_id = self.order_id

        protocol = self.protocol

        revenue_cents: int | None
        revenue_cents = self.revenue_cents

        total_cents: int | None
        total_cents = self.total_cents

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "captured_cents": captured_cents,
                "claimed_at": claimed_at,
                "currency": currency,
                "kind": kind,
                "order_id": order_id,
                "protocol": protocol,
                "revenue_cents": revenue_cents,
                "total_cents": total_cents,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_captured_cents(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        captured_cents = _parse_captured_cents(d.pop("captured_cents"))

        claimed_at = datetime.datetime.fromisoformat(d.pop("claimed_at"))

        def _parse_currency(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        currency = _parse_currency(d.pop("currency"))

        kind = d.pop("kind")

        order_id = d.pop("order_id")

        protocol = d.pop("protocol")

        def _parse_revenue_cents(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        revenue_cents = _parse_revenue_cents(d.pop("revenue_cents"))

        def _parse_total_cents(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        total_cents = _parse_total_cents(d.pop("total_cents"))

        claimed_order = cls(
            captured_cents=captured_cents,
            claimed_at=claimed_at,
            currency=currency,
            kind=kind,
            order_id=order_id,
            protocol=protocol,
            revenue_cents=revenue_cents,
            total_cents=total_cents,
        )

        claimed_order.additional_properties = d
        return claimed_order

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
