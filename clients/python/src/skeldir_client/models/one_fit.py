from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.fit_result import FitResult
    from ..models.fit_summary import FitSummary


T = TypeVar("T", bound="Fit")


@_attrs_define
class Fit:
    """A fit with what it found.

    Attributes:
        fit (FitSummary): A fit: a version of a tenant's that never changes.
        result (FitResult): What a fit found.
    """

    fit: FitSummary
    result: FitResult
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        fit = self.fit.to_dict()

        result = self.result.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "fit": fit,
                "result": result,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.fit_result import FitResult  # noqa: PLC0415
        from ..models.fit_summary import FitSummary  # noqa: PLC0415

        d = dict(src_dict)
        fit = FitSummary.from_dict(d.pop("fit"))

        result = FitResult.from_dict(d.pop("result"))

        one_fit = cls(
            fit=fit,
            result=result,
        )

        one_fit.additional_properties = d
        return one_fit

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
