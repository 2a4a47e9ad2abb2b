from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.origin_part_models import OriginPartModels


T = TypeVar("T", bound="OriginPart")


@_attrs_define
class OriginPart:
    """The credit of a channel's touches with one source or campaign, as it was sent.

    Attributes:
        models (OriginPartModels):
        spend_cents (int | None): what the campaigns cost whose touches here all have this value; null if none is known
        value (None | str): null: touches without one
    """

    models: OriginPartModels
    spend_cents: int | None
    value: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        models = self.models.to_dict()

        spend_cents: int | None
        spend_cents = self.spend_cents

        value: None | str
        value = self.value

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "models": models,
                "spend_cents": spend_cents,
                "value": value,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.origin_part_models import OriginPartModels  # noqa: PLC0415

        d = dict(src_dict)
        models = OriginPartModels.from_dict(d.pop("models"))

        def _parse_spend_cents(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        spend_cents = _parse_spend_cents(d.pop("spend_cents"))

        def _parse_value(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        value = _parse_value(d.pop("value"))

        origin_part = cls(
            models=models,
            spend_cents=spend_cents,
            value=value,
        )

        origin_part.additional_properties = d
        return origin_part

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
