from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.change import Change
    from ..models.relative import Relative


T = TypeVar("T", bound="ComparedCredit")


@_attrs_define
class ComparedCredit:
    """What a model credited to the channel on the days, or at the moment, compared with.

    Attributes:
        change (Change): The report's figures less those compared with.
        conversions (str):
        credited_cents (int): whole number of the currency's smallest unit, signed: yen for JPY
        relative (Relative): Each change divided by the size of the figure compared with, to 6 decimals; null if that is
            0 or unknown.
        roas (None | str):
        spend_cents (int): whole number of the currency's smallest unit, signed: yen for JPY
    """

    change: Change
    conversions: str
    credited_cents: int
    relative: Relative
    roas: None | str
    spend_cents: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        change = self.change.to_dict()

        conversions = self.conversions

        credited_cents = self.credited_cents

        relative = self.relative.to_dict()

        roas: None | str
        roas = self.roas

        spend_cents = self.spend_cents

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "change": change,
                "conversions": conversions,
                "credited_cents": credited_cents,
                "relative": relative,
                "roas": roas,
                "spend_cents": spend_cents,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.change import Change  # noqa: PLC0415
        from ..models.relative import Relative  # noqa: PLC0415

        d = dict(src_dict)
        change = Change.from_dict(d.pop("change"))

        conversions = d.pop("conversions")

        credited_cents = d.pop("credited_cents")

        relative = Relative.from_dict(d.pop("relative"))

        def _parse_roas(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        roas = _parse_roas(d.pop("roas"))

        spend_cents = d.pop("spend_cents")

        compared_credit = cls(
            change=change,
            conversions=conversions,
            credited_cents=credited_cents,
            relative=relative,
            roas=roas,
            spend_cents=spend_cents,
        )

        compared_credit.additional_properties = d
        return compared_credit

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
