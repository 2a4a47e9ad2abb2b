from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.credit_change_causes import CreditChangeCauses


T = TypeVar("T", bound="CreditChange")


@_attrs_define
class CreditChange:
    """What a model credited at both moments, and what the difference is made of.

    Attributes:
        after_cents (int): whole number of the currency's smallest unit, signed: yen for JPY
        before_cents (int): whole number of the currency's smallest unit, signed: yen for JPY
        causes (CreditChangeCauses): signed minor units by cause, without those of 0: new captures, refunds and disputes
            with the reversals of these, touches that came late, what was taken back, restated channels, corrected touches,
            another version of the model, another time zone
        rest_cents (int): what the causes do not explain: forgotten or erased touches, orders awaiting credit at one of
            the moments, and orders with too many entries or touches to be credited together; otherwise 0
    """

    after_cents: int
    before_cents: int
    causes: CreditChangeCauses
    rest_cents: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        after_cents = self.after_cents

        before_cents = self.before_cents

        causes = self.causes.to_dict()

        rest_cents = self.rest_cents

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "after_cents": after_cents,
                "before_cents": before_cents,
                "causes": causes,
                "rest_cents": rest_cents,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.credit_change_causes import CreditChangeCauses  # noqa: PLC0415

        d = dict(src_dict)
        after_cents = d.pop("after_cents")

        before_cents = d.pop("before_cents")

        causes = CreditChangeCauses.from_dict(d.pop("causes"))

        rest_cents = d.pop("rest_cents")

        credit_change = cls(
            after_cents=after_cents,
            before_cents=before_cents,
            causes=causes,
            rest_cents=rest_cents,
        )

        credit_change.additional_properties = d
        return credit_change

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
