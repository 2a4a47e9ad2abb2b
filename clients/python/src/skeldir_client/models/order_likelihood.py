from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="OrderLikelihood")


@_attrs_define
class OrderLikelihood:
    """How well a chain of an order foretells: the mean log-likelihood of a step, natural, and its standard error.

    The error is of the mean over the folds.

        Attributes:
            error (float):
            likelihood (float):
            order (int):
            states (int):
    """

    error: float
    likelihood: float
    order: int
    states: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        error = self.error

        likelihood = self.likelihood

        order = self.order

        states = self.states

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "error": error,
                "likelihood": likelihood,
                "order": order,
                "states": states,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        error = d.pop("error")

        likelihood = d.pop("likelihood")

        order = d.pop("order")

        states = d.pop("states")

        order_likelihood = cls(
            error=error,
            likelihood=likelihood,
            order=order,
            states=states,
        )

        order_likelihood.additional_properties = d
        return order_likelihood

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
