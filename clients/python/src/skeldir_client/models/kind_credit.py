from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="KindCredit")


@_attrs_define
class KindCredit:
    """What one model credits to a channel, by the kind of the entries; those that are known add up to the last.

    Attributes:
        disputed_cents (int): of disputes less their reversals
        gross_cents (int): of captures
        net_cents (int): by the day of entries, the credit in the channel report; else what is known
        not_known_cents (int | None): the rest: of orders that await credit, whose journeys are too long to be read for
            a report, or that were credited before journeys were stored; null unless the days are those of entries
        refunded_cents (int): of refunds less their reversals
    """

    disputed_cents: int
    gross_cents: int
    net_cents: int
    not_known_cents: int | None
    refunded_cents: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        disputed_cents = self.disputed_cents

        gross_cents = self.gross_cents

        net_cents = self.net_cents

        not_known_cents: int | None
        not_known_cents = self.not_known_cents

        refunded_cents = self.refunded_cents

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "disputed_cents": disputed_cents,
                "gross_cents": gross_cents,
                "net_cents": net_cents,
                "not_known_cents": not_known_cents,
                "refunded_cents": refunded_cents,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        disputed_cents = d.pop("disputed_cents")

        gross_cents = d.pop("gross_cents")

        net_cents = d.pop("net_cents")

        def _parse_not_known_cents(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        not_known_cents = _parse_not_known_cents(d.pop("not_known_cents"))

        refunded_cents = d.pop("refunded_cents")

        kind_credit = cls(
            disputed_cents=disputed_cents,
            gross_cents=gross_cents,
            net_cents=net_cents,
            not_known_cents=not_known_cents,
            refunded_cents=refunded_cents,
        )

        kind_credit.additional_properties = d
        return kind_credit

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
