from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.other_parts_models import OtherPartsModels


T = TypeVar("T", bound="OtherParts")


@_attrs_define
class OtherParts:
    """The sum over the values that are not shown singly.

    Attributes:
        models (OtherPartsModels):
        spend_cents (int | None): null if none of theirs is known
        values (int): how many they are
    """

    models: OtherPartsModels
    spend_cents: int | None
    values: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        models = self.models.to_dict()

        spend_cents: int | None
        spend_cents = self.spend_cents

        values = self.values

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "models": models,
                "spend_cents": spend_cents,
                "values": values,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.other_parts_models import OtherPartsModels  # noqa: PLC0415

        d = dict(src_dict)
        models = OtherPartsModels.from_dict(d.pop("models"))

        def _parse_spend_cents(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        spend_cents = _parse_spend_cents(d.pop("spend_cents"))

        values = d.pop("values")

        other_parts = cls(
            models=models,
            spend_cents=spend_cents,
            values=values,
        )

        other_parts.additional_properties = d
        return other_parts

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
