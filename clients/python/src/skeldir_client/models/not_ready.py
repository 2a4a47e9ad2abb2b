from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.not_ready_checks import NotReadyChecks


T = TypeVar("T", bound="NotReady")


@_attrs_define
class NotReady:
    """The process cannot do its work; checks other than `ok` give the reason.

    Attributes:
        checks (NotReadyChecks):
        code (str):
        correlation_id (UUID):
        cure (str):
        detail (str):
        status (int):
        title (str):
        type_ (str):
    """

    checks: NotReadyChecks
    code: str
    correlation_id: UUID
    cure: str
    detail: str
    status: int
    title: str
    type_: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        checks = self.checks.to_dict()

        code = self.code

        correlation_id = str(self.correlation_id)

        cure = self.cure

        detail = self.detail

        status = self.status

        title = self.title

        type_ = self.type_

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "checks": checks,
                "code": code,
                "correlation_id": correlation_id,
                "cure": cure,
                "detail": detail,
                "status": status,
                "title": title,
                "type": type_,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.not_ready_checks import NotReadyChecks  # noqa: PLC0415

        d = dict(src_dict)
        checks = NotReadyChecks.from_dict(d.pop("checks"))

        code = d.pop("code")

        correlation_id = UUID(d.pop("correlation_id"))

        cure = d.pop("cure")

        detail = d.pop("detail")

        status = d.pop("status")

        title = d.pop("title")

        type_ = d.pop("type")

        not_ready = cls(
            checks=checks,
            code=code,
            correlation_id=correlation_id,
            cure=cure,
            detail=detail,
            status=status,
            title=title,
            type_=type_,
        )

        not_ready.additional_properties = d
        return not_ready

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
