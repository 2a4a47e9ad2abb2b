from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.rules_version import RulesVersion


T = TypeVar("T", bound="RulesText")


@_attrs_define
class RulesText:
    """A stored version, and its rules in order as TOML.

    Attributes:
        about (RulesVersion): A stored version of the rules: who wrote it, when and why.
        document (str):
    """

    about: RulesVersion
    document: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        about = self.about.to_dict()

        document = self.document

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "about": about,
                "document": document,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.rules_version import RulesVersion  # noqa: PLC0415

        d = dict(src_dict)
        about = RulesVersion.from_dict(d.pop("about"))

        document = d.pop("document")

        rules_text = cls(
            about=about,
            document=document,
        )

        rules_text.additional_properties = d
        return rules_text

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
