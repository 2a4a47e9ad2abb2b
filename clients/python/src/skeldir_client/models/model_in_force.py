from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ModelInForce")


@_attrs_define
class ModelInForce:
    """A model in force with its parameters.

    Attributes:
        after_conversion (str):
        changed_by (None | str): null when `in_force_since` is
        half_life_days (int): matters to time_decay only
        in_force_since (datetime.datetime | None): null when it was set before changes were recorded
        lookback_days (int):
        model (str):
        model_version (str):
    """

    after_conversion: str
    changed_by: None | str
    half_life_days: int
    in_force_since: datetime.datetime | None
    lookback_days: int
    model: str
    model_version: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        after_conversion = self.after_conversion

        changed_by: None | str
        changed_by = self.changed_by

        half_life_days = self.half_life_days

        in_force_since: None | str
        if isinstance(self.in_force_since, datetime.datetime):
            in_force_since = self.in_force_since.isoformat()
        else:
            in_force_since = self.in_force_since

        lookback_days = self.lookback_days

        model = self.model

        model_version = self.model_version

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "after_conversion": after_conversion,
                "changed_by": changed_by,
                "half_life_days": half_life_days,
                "in_force_since": in_force_since,
                "lookback_days": lookback_days,
                "model": model,
                "model_version": model_version,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        after_conversion = d.pop("after_conversion")

        def _parse_changed_by(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        changed_by = _parse_changed_by(d.pop("changed_by"))

        half_life_days = d.pop("half_life_days")

        def _parse_in_force_since(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                in_force_since_type_0 = datetime.datetime.fromisoformat(data)

                return in_force_since_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        in_force_since = _parse_in_force_since(d.pop("in_force_since"))

        lookback_days = d.pop("lookback_days")

        model = d.pop("model")

        model_version = d.pop("model_version")

        model_in_force = cls(
            after_conversion=after_conversion,
            changed_by=changed_by,
            half_life_days=half_life_days,
            in_force_since=in_force_since,
            lookback_days=lookback_days,
            model=model,
            model_version=model_version,
        )

        model_in_force.additional_properties = d
        return model_in_force

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
