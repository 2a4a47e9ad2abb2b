from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.model_parameters_after_conversion_type_0 import (
    ModelParametersAfterConversionType0,
    check_model_parameters_after_conversion_type_0,
)
from ..types import UNSET, Unset

T = TypeVar("T", bound="ModelParameters")


@_attrs_define
class ModelParameters:
    """The parameters to set.

    One that is left out keeps its value; a retired model keeps the values it was retired with. The defaults for a model
    that never was in force are 30 days of lookback, `keep`, and 7 days of half-life.

        Attributes:
            after_conversion (ModelParametersAfterConversionType0 | None | Unset): whether earlier touches may earn again
                (`keep`) or not (`reset`)
            half_life_days (int | None | Unset): matters to time_decay only
            lookback_days (int | None | Unset): how long before a conversion a touch may lie
    """

    after_conversion: ModelParametersAfterConversionType0 | None | Unset = UNSET
    half_life_days: int | None | Unset = UNSET
    lookback_days: int | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        after_conversion: None | str | Unset
        if isinstance(self.after_conversion, Unset):
            after_conversion = UNSET
        elif isinstance(self.after_conversion, str):
            after_conversion = self.after_conversion
        else:
            after_conversion = self.after_conversion

        half_life_days: int | None | Unset
        if isinstance(self.half_life_days, Unset):
            half_life_days = UNSET
        else:
            half_life_days = self.half_life_days

        lookback_days: int | None | Unset
        if isinstance(self.lookback_days, Unset):
            lookback_days = UNSET
        else:
            lookback_days = self.lookback_days

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if after_conversion is not UNSET:
            field_dict["after_conversion"] = after_conversion
        if half_life_days is not UNSET:
            field_dict["half_life_days"] = half_life_days
        if lookback_days is not UNSET:
            field_dict["lookback_days"] = lookback_days

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_after_conversion(data: object) -> ModelParametersAfterConversionType0 | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                after_conversion_type_0 = check_model_parameters_after_conversion_type_0(data)

                return after_conversion_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ModelParametersAfterConversionType0 | None | Unset, data)

        after_conversion = _parse_after_conversion(d.pop("after_conversion", UNSET))

        def _parse_half_life_days(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        half_life_days = _parse_half_life_days(d.pop("half_life_days", UNSET))

        def _parse_lookback_days(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        lookback_days = _parse_lookback_days(d.pop("lookback_days", UNSET))

        model_parameters = cls(
            after_conversion=after_conversion,
            half_life_days=half_life_days,
            lookback_days=lookback_days,
        )

        return model_parameters
