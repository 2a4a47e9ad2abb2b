from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.reconciliation_asked_model_type_0 import (
    ReconciliationAskedModelType0,
    check_reconciliation_asked_model_type_0,
)
from ..types import UNSET, Unset

T = TypeVar("T", bound="ReconciliationAsked")


@_attrs_define
class ReconciliationAsked:
    """What to compare: days from `first_day` to `last_day`, both included, of one platform or all, by a model.

    Attributes:
        first_day (datetime.date):
        last_day (datetime.date):
        model (None | ReconciliationAskedModelType0 | Unset): null: the model in force, if there is only one
        platform (None | str | Unset): null: all
    """

    first_day: datetime.date
    last_day: datetime.date
    model: None | ReconciliationAskedModelType0 | Unset = UNSET
    platform: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        first_day = self.first_day.isoformat()

        last_day = self.last_day.isoformat()

        model: None | str | Unset
        if isinstance(self.model, Unset):
            model = UNSET
        elif isinstance(self.model, str):
            model = self.model
        else:
            model = self.model

        platform: None | str | Unset
        if isinstance(self.platform, Unset):
            platform = UNSET
        else:
            platform = self.platform

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "first_day": first_day,
                "last_day": last_day,
            }
        )
        if model is not UNSET:
            field_dict["model"] = model
        if platform is not UNSET:
            field_dict["platform"] = platform

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        first_day = datetime.date.fromisoformat(d.pop("first_day"))

        last_day = datetime.date.fromisoformat(d.pop("last_day"))

        def _parse_model(data: object) -> None | ReconciliationAskedModelType0 | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                model_type_0 = check_reconciliation_asked_model_type_0(data)

                return model_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ReconciliationAskedModelType0 | Unset, data)

        model = _parse_model(d.pop("model", UNSET))

        def _parse_platform(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        platform = _parse_platform(d.pop("platform", UNSET))

        reconciliation_asked = cls(
            first_day=first_day,
            last_day=last_day,
            model=model,
            platform=platform,
        )

        return reconciliation_asked
