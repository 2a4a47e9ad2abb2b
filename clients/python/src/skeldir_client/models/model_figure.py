from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ModelFigure")


@_attrs_define
class ModelFigure:
    """What a model credits to the channel of a test on its days, against the test's interval.

    Attributes:
        beyond (str): how far from the nearer end of the interval; 0 inside it
        credited (str): an exact decimal: conversions, or for `value` whole units of the currency and its decimals
        difference (str): this less what the test measured
        is_fit (bool):
        position (str): where this is: below the interval, inside it or above it
        version (str): of a model in force, or of a fit of these days
    """

    beyond: str
    credited: str
    difference: str
    is_fit: bool
    position: str
    version: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        beyond = self.beyond

        credited = self.credited

        difference = self.difference

        is_fit = self.is_fit

        position = self.position

        version = self.version

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "beyond": beyond,
                "credited": credited,
                "difference": difference,
                "is_fit": is_fit,
                "position": position,
                "version": version,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        beyond = d.pop("beyond")

        credited = d.pop("credited")

        difference = d.pop("difference")

        is_fit = d.pop("is_fit")

        position = d.pop("position")

        version = d.pop("version")

        model_figure = cls(
            beyond=beyond,
            credited=credited,
            difference=difference,
            is_fit=is_fit,
            position=position,
            version=version,
        )

        model_figure.additional_properties = d
        return model_figure

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
