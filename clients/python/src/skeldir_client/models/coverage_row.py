from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.covered import Covered


T = TypeVar("T", bound="CoverageRow")


@_attrs_define
class CoverageRow:
    """The orders whose first capture by webhook was reported by one provider and lies on one day, in one currency.

    `unmatched`, `one_touch`, `more_touches` and `awaiting_credit` add up to `total`. An order with money in two
    currencies counts in the row of each.

        Attributes:
            awaiting_credit (Covered): Some orders, and their captured money that came by webhooks, whatever was refunded.
            currency (str): ISO 4217
            date (datetime.date): a day of the report's `time_zone`
            derived (Covered): Some orders, and their captured money that came by webhooks, whatever was refunded.
            first_payments (Covered): Some orders, and their captured money that came by webhooks, whatever was refunded.
            more_touches (Covered): Some orders, and their captured money that came by webhooks, whatever was refunded.
            one_touch (Covered): Some orders, and their captured money that came by webhooks, whatever was refunded.
            provider (str):
            renewals (Covered): Some orders, and their captured money that came by webhooks, whatever was refunded.
            total (Covered): Some orders, and their captured money that came by webhooks, whatever was refunded.
            unmatched (Covered): Some orders, and their captured money that came by webhooks, whatever was refunded.
            without_token (Covered): Some orders, and their captured money that came by webhooks, whatever was refunded.
    """

    awaiting_credit: Covered
    currency: str
    date: datetime.date
    derived: Covered
    first_payments: Covered
    more_touches: Covered
    one_touch: Covered
    provider: str
    renewals: Covered
    total: Covered
    unmatched: Covered
    without_token: Covered
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        awaiting_credit = self.awaiting_credit.to_dict()

        currency = self.currency

        date = self.date.isoformat()

        derived = self.derived.to_dict()

        first_payments = self.first_payments.to_dict()

        more_touches = self.more_touches.to_dict()

        one_touch = self.one_touch.to_dict()

        provider = self.provider

        renewals = self.renewals.to_dict()

        total = self.total.to_dict()

        unmatched = self.unmatched.to_dict()

        without_token = self.without_token.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "awaiting_credit": awaiting_credit,
                "currency": currency,
                "date": date,
                "derived": derived,
                "first_payments": first_payments,
                "more_touches": more_touches,
                "one_touch": one_touch,
                "provider": provider,
                "renewals": renewals,
                "total": total,
                "unmatched": unmatched,
                "without_token": without_token,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.covered import Covered  # noqa: PLC0415

        d = dict(src_dict)
        awaiting_credit = Covered.from_dict(d.pop("awaiting_credit"))

        currency = d.pop("currency")

        date = datetime.date.fromisoformat(d.pop("date"))

        derived = Covered.from_dict(d.pop("derived"))

        first_payments = Covered.from_dict(d.pop("first_payments"))

        more_touches = Covered.from_dict(d.pop("more_touches"))

        one_touch = Covered.from_dict(d.pop("one_touch"))

        provider = d.pop("provider")

        renewals = Covered.from_dict(d.pop("renewals"))

        total = Covered.from_dict(d.pop("total"))

        unmatched = Covered.from_dict(d.pop("unmatched"))

        without_token = Covered.from_dict(d.pop("without_token"))

        coverage_row = cls(
            awaiting_credit=awaiting_credit,
            currency=currency,
            date=date,
            derived=derived,
            first_payments=first_payments,
            more_touches=more_touches,
            one_touch=one_touch,
            provider=provider,
            renewals=renewals,
            total=total,
            unmatched=unmatched,
            without_token=without_token,
        )

        coverage_row.additional_properties = d
        return coverage_row

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
