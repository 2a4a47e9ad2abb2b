from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="FlaggedPayments")


@_attrs_define
class FlaggedPayments:
    """Payments with a flag. One with several flags is counted for each.

    Attributes:
        flag (str): such as `sdk_basis_open`; see `GET /v1/payments`
        meaning (str):
        payments (int):
    """

    flag: str
    meaning: str
    payments: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        flag = self.flag

        meaning = self.meaning

        payments = self.payments

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "flag": flag,
                "meaning": meaning,
                "payments": payments,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        flag = d.pop("flag")

        meaning = d.pop("meaning")

        payments = d.pop("payments")

        flagged_payments = cls(
            flag=flag,
            meaning=meaning,
            payments=payments,
        )

        flagged_payments.additional_properties = d
        return flagged_payments

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
