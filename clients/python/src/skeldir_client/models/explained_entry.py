from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ExplainedEntry")


@_attrs_define
class ExplainedEntry:
    """One entry of the order.

    Attributes:
        amount_cents (int): whole number of the currency's smallest unit, signed: yen for JPY
        business_key (str):
        currency (str): ISO 4217
        kind (str):
        occurred_at (datetime.datetime):
        recorded_at (datetime.datetime):
        source (str):
    """

    amount_cents: int
    business_key: str
    currency: str
    kind: str
    occurred_at: datetime.datetime
    recorded_at: datetime.datetime
    source: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        amount_cents = self.amount_cents

        business_key = self.business_key

        currency = self.currency

        kind = self.kind

        occurred_at = self.occurred_at.isoformat()

        recorded_at = self.recorded_at.isoformat()

        source = self.source

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "amount_cents": amount_cents,
                "business_key": business_key,
                "currency": currency,
                "kind": kind,
                "occurred_at": occurred_at,
                "recorded_at": recorded_at,
                "source": source,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        amount_cents = d.pop("amount_cents")

        business_key = d.pop("business_key")

        currency = d.pop("currency")

        kind = d.pop("kind")

        occurred_at = datetime.datetime.fromisoformat(d.pop("occurred_at"))

        recorded_at = datetime.datetime.fromisoformat(d.pop("recorded_at"))

        source = d.pop("source")

        explained_entry = cls(
            amount_cents=amount_cents,
            business_key=business_key,
            currency=currency,
            kind=kind,
            occurred_at=occurred_at,
            recorded_at=recorded_at,
            source=source,
        )

        explained_entry.additional_properties = d
        return explained_entry

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
