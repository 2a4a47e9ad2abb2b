from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.conversion_item_kind import ConversionItemKind, check_conversion_item_kind
from ..types import UNSET, Unset

T = TypeVar("T", bound="ConversionItem")


@_attrs_define
class ConversionItem:
    """One movement of an order's money.

    Attributes:
        amount_cents (int): the currency's smallest unit, no sign: yen for JPY
        currency (str): ISO 4217
        idempotency_key (str):
        kind (ConversionItemKind):
        occurred_at (datetime.datetime): ISO 8601 with an offset; at most 10 minutes ahead
        order_id (str):
        journey_key (None | str | Unset):
    """

    amount_cents: int
    currency: str
    idempotency_key: str
    kind: ConversionItemKind
    occurred_at: datetime.datetime
    order_id: str
    journey_key: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        amount_cents = self.amount_cents

        currency = self.currency

        idempotency_key = self.idempotency_key

        kind: str = self.kind

        occurred_at = self.occurred_at.isoformat()

        order_id = self.order_id

        journey_key: None | str | Unset
        if isinstance(self.journey_key, Unset):
            journey_key = UNSET
        else:
            journey_key = self.journey_key

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "amount_cents": amount_cents,
                "currency": currency,
                "idempotency_key": idempotency_key,
                "kind": kind,
                "occurred_at": occurred_at,
                "order_id": order_id,
            }
        )
        if journey_key is not UNSET:
            field_dict["journey_key"] = journey_key

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        amount_cents = d.pop("amount_cents")

        currency = d.pop("currency")

        idempotency_key = d.pop("idempotency_key")

        kind = check_conversion_item_kind(d.pop("kind"))

        occurred_at = datetime.datetime.fromisoformat(d.pop("occurred_at"))

        order_id = d.pop("order_id")

        def _parse_journey_key(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        journey_key = _parse_journey_key(d.pop("journey_key", UNSET))

        conversion_item = cls(
            amount_cents=amount_cents,
            currency=currency,
            idempotency_key=idempotency_key,
            kind=kind,
            occurred_at=occurred_at,
            order_id=order_id,
            journey_key=journey_key,
        )

        conversion_item.additional_properties = d
        return conversion_item

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
