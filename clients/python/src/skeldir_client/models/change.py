from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Change")


@_attrs_define
class Change:
    """The report's figures less those compared with.

    Attributes:
        conversions (str):
        credited_cents (int): whole number of the currency's smallest unit, signed: yen for JPY
        roas (None | str): null unless both are known
        spend_cents (int): whole number of the currency's smallest unit, signed: yen for JPY
    """

    conversions: str
    credited_cents: int
    roas: None | str
    spend_cents: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        conversions = self.conversions

        credited_cents = self.credited_cents

        roas: None | str
        roas = self.roas

        spend_cents = self.spend_cents

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "conversions": conversions,
                "credited_cents": credited_cents,
                "roas": roas,
                "spend_cents": spend_cents,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        conversions = d.pop("conversions")

        credited_cents = d.pop("credited_cents")

        def _parse_roas(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        roas = _parse_roas(d.pop("roas"))

        spend_cents = d.pop("spend_cents")

        change = cls(
            conversions=conversions,
            credited_cents=credited_cents,
            roas=roas,
            spend_cents=spend_cents,
        )

        change.additional_properties = d
        return change

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
