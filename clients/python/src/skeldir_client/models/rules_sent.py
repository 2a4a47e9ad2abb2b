from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="RulesSent")


@_attrs_define
class RulesSent:
    """What `POST /v1/rules` takes.

    Attributes:
        document (str): the rules in order, as TOML (see the page on rules)
        reason (str):
    """

    document: str
    reason: str

    def to_dict(self) -> dict[str, Any]:
        document = self.document

        reason = self.reason

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "document": document,
                "reason": reason,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        document = d.pop("document")

        reason = d.pop("reason")

        rules_sent = cls(
            document=document,
            reason=reason,
        )

        return rules_sent
