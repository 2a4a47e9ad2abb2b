from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ViewReport")


@_attrs_define
class ViewReport:
    """One canonical view.

    Attributes:
        age_seconds (float | None): seconds since its last successful refresh began; null before the first
        error_kind (None | str): the kind of error, when the last result is `failed`
        last_outcome (None | str): of the latest refresh; `skipped_unchanged`: the view shows every change
        last_outcome_at (datetime.datetime | None):
        last_result (None | str): of the latest refresh that was not skipped
        last_result_at (datetime.datetime | None):
        last_success_at (datetime.datetime | None):
        name (str):
        says (str): what the view shows
    """

    age_seconds: float | None
    error_kind: None | str
    last_outcome: None | str
    last_outcome_at: datetime.datetime | None
    last_result: None | str
    last_result_at: datetime.datetime | None
    last_success_at: datetime.datetime | None
    name: str
    says: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        age_seconds: float | None
        age_seconds = self.age_seconds

        error_kind: None | str
        error_kind = self.error_kind

        last_outcome: None | str
        last_outcome = self.last_outcome

        last_outcome_at: None | str
        if isinstance(self.last_outcome_at, datetime.datetime):
            last_outcome_at = self.last_outcome_at.isoformat()
        else:
            last_outcome_at = self.last_outcome_at

        last_result: None | str
        last_result = self.last_result

        last_result_at: None | str
        if isinstance(self.last_result_at, datetime.datetime):
            last_result_at = self.last_result_at.isoformat()
        else:
            last_result_at = self.last_result_at

        last_success_at: None | str
        if isinstance(self.last_success_at, datetime.datetime):
            last_success_at = self.last_success_at.isoformat()
        else:
            last_success_at = self.last_success_at

        name = self.name

        says = self.says

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "age_seconds": age_seconds,
                "error_kind": error_kind,
                "last_outcome": last_outcome,
                "last_outcome_at": last_outcome_at,
                "last_result": last_result,
                "last_result_at": last_result_at,
                "last_success_at": last_success_at,
                "name": name,
                "says": says,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_age_seconds(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        age_seconds = _parse_age_seconds(d.pop("age_seconds"))

        def _parse_error_kind(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        error_kind = _parse_error_kind(d.pop("error_kind"))

        def _parse_last_outcome(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        last_outcome = _parse_last_outcome(d.pop("last_outcome"))

        def _parse_last_outcome_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                last_outcome_at_type_0 = datetime.datetime.fromisoformat(data)

                return last_outcome_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        last_outcome_at = _parse_last_outcome_at(d.pop("last_outcome_at"))

        def _parse_last_result(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        last_result = _parse_last_result(d.pop("last_result"))

        def _parse_last_result_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                last_result_at_type_0 = datetime.datetime.fromisoformat(data)

                return last_result_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        last_result_at = _parse_last_result_at(d.pop("last_result_at"))

        def _parse_last_success_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                last_success_at_type_0 = datetime.datetime.fromisoformat(data)

                return last_success_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        last_success_at = _parse_last_success_at(d.pop("last_success_at"))

        name = d.pop("name")

        says = d.pop("says")

        view_report = cls(
            age_seconds=age_seconds,
            error_kind=error_kind,
            last_outcome=last_outcome,
            last_outcome_at=last_outcome_at,
            last_result=last_result,
            last_result_at=last_result_at,
            last_success_at=last_success_at,
            name=name,
            says=says,
        )

        view_report.additional_properties = d
        return view_report

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
