from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Relative")


@_attrs_define
class Relative:
    """Each change divided by the size of the figure compared with, to 6 decimals; null if that is 0 or unknown.

    Attributes:
        conversions (None | str):
        credited_cents (None | str):
        roas (None | str):
        spend_cents (None | str):
    """

    conversions: None | str
    credited_cents: None | str
    roas: None | str
    spend_cents: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        conversions: None | str
        conversions = self.conversions

        credited_cents: None | str
        credited_cents = self.credited_cents

        roas: None | str
        roas = self.roas

        spend_cents: None | str
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

        def _parse_conversions(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        conversions = _parse_conversions(d.pop("conversions"))

        def _parse_credited_cents(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        credited_cents = _parse_credited_cents(d.pop("credited_cents"))

        def _parse_roas(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        roas = _parse_roas(d.pop("roas"))

        def _parse_spend_cents(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        spend_cents = _parse_spend_cents(d.pop("spend_cents"))

        relative = cls(
            conversions=conversions,
            credited_cents=credited_cents,
            roas=roas,
            spend_cents=spend_cents,
        )

        relative.additional_properties = d
        return relative

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
