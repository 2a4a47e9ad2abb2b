from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="DailyRevenue")


@_attrs_define
class DailyRevenue:
    """The entries of one day, currency and state.

    Attributes:
        amount_cents (int): whole number of the currency's smallest unit, signed: yen for JPY
        currency (str): ISO 4217
        date (datetime.date): a day of the page's `time_zone`
        entries (int):
        state (str):
    """

    amount_cents: int
    currency: str
    date: datetime.date
    entries: int
    state: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        amount_cents = self.amount_cents

        currency = self.currency

        date = self.date.isoformat()

        entries = self.entries

        state = self.state

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "amount_cents": amount_cents,
                "currency": currency,
                "date": date,
                "entries": entries,
                "state": state,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        amount_cents = d.pop("amount_cents")

        currency = d.pop("currency")

        date = datetime.date.fromisoformat(d.pop("date"))

        entries = d.pop("entries")

        state = d.pop("state")

        daily_revenue = cls(
            amount_cents=amount_cents,
            currency=currency,
            date=date,
            entries=entries,
            state=state,
        )

        daily_revenue.additional_properties = d
        return daily_revenue

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
