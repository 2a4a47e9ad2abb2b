from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.model_change import ModelChange
    from ..models.model_in_force import ModelInForce


T = TypeVar("T", bound="ModelsReport")


@_attrs_define
class ModelsReport:
    """The models in force, and the latest changes, the newest first.

    Attributes:
        changes (list[ModelChange]):
        data (list[ModelInForce]):
    """

    changes: list[ModelChange]
    data: list[ModelInForce]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        changes = []
        for changes_item_data in self.changes:
            changes_item = changes_item_data.to_dict()
            changes.append(changes_item)

        data = []
        for data_item_data in self.data:
            data_item = data_item_data.to_dict()
            data.append(data_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "changes": changes,
                "data": data,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.model_change import ModelChange  # noqa: PLC0415
        from ..models.model_in_force import ModelInForce  # noqa: PLC0415

        d = dict(src_dict)
        changes = []
        _changes = d.pop("changes")
        for changes_item_data in _changes:
            changes_item = ModelChange.from_dict(changes_item_data)

            changes.append(changes_item)

        data = []
        _data = d.pop("data")
        for data_item_data in _data:
            data_item = ModelInForce.from_dict(data_item_data)

            data.append(data_item)

        models_report = cls(
            changes=changes,
            data=data,
        )

        models_report.additional_properties = d
        return models_report

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
