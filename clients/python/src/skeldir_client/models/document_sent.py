from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="DocumentSent")


@_attrs_define
class DocumentSent:
    """What `POST /v1/rules/check` takes.

    Attributes:
        document (str): the rules in order, as TOML (see the page on rules)
    """

    document: str

    def to_dict(self) -> dict[str, Any]:
        document = self.document

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "document": document,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        document = d.pop("document")

        document_sent = cls(
            document=document,
        )

        return document_sent
