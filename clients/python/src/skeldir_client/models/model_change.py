from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.complete_parameters import CompleteParameters


T = TypeVar("T", bound="ModelChange")


@_attrs_define
class ModelChange:
    """A version that replaced another, with the parameters of both.

    The values before are null if the model was not in force, those after if it was retired.

        Attributes:
            changed_at (datetime.datetime):
            changed_by (str): `key:` with prefix and name of an API key, `command:` with the database role, `import`,
                `tenant created`, or `program`
            from_version (None | str):
            model (str):
            parameters_after (CompleteParameters | None):
            parameters_before (CompleteParameters | None):
            to_version (None | str):
    """

    changed_at: datetime.datetime
    changed_by: str
    from_version: None | str
    model: str
    parameters_after: CompleteParameters | None
    parameters_before: CompleteParameters | None
    to_version: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.complete_parameters import CompleteParameters  # noqa: PLC0415

        changed_at = self.changed_at.isoformat()

        changed_by = self.changed_by

        from_version: None | str
        from_version = self.from_version

        model = self.model

        parameters_after: dict[str, Any] | None
        if isinstance(self.parameters_after, CompleteParameters):
            parameters_after = self.parameters_after.to_dict()
        else:
            parameters_after = self.parameters_after

        parameters_before: dict[str, Any] | None
        if isinstance(self.parameters_before, CompleteParameters):
            parameters_before = self.parameters_before.to_dict()
        else:
            parameters_before = self.parameters_before

        to_version: None | str
        to_version = self.to_version

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "changed_at": changed_at,
                "changed_by": changed_by,
                "from_version": from_version,
                "model": model,
                "parameters_after": parameters_after,
                "parameters_before": parameters_before,
                "to_version": to_version,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.complete_parameters import CompleteParameters  # noqa: PLC0415

        d = dict(src_dict)
        changed_at = datetime.datetime.fromisoformat(d.pop("changed_at"))

        changed_by = d.pop("changed_by")

        def _parse_from_version(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        from_version = _parse_from_version(d.pop("from_version"))

        model = d.pop("model")

        def _parse_parameters_after(data: object) -> CompleteParameters | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                parameters_after_type_0 = CompleteParameters.from_dict(data)

                return parameters_after_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(CompleteParameters | None, data)

        parameters_after = _parse_parameters_after(d.pop("parameters_after"))

        def _parse_parameters_before(data: object) -> CompleteParameters | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                parameters_before_type_0 = CompleteParameters.from_dict(data)

                return parameters_before_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(CompleteParameters | None, data)

        parameters_before = _parse_parameters_before(d.pop("parameters_before"))

        def _parse_to_version(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        to_version = _parse_to_version(d.pop("to_version"))

        model_change = cls(
            changed_at=changed_at,
            changed_by=changed_by,
            from_version=from_version,
            model=model,
            parameters_after=parameters_after,
            parameters_before=parameters_before,
            to_version=to_version,
        )

        model_change.additional_properties = d
        return model_change

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
