from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.dead_event_report_item import DeadEventReportItem


T = TypeVar("T", bound="DeadEventReport")


@_attrs_define
class DeadEventReport:
    """A rejected item, reduced to what may be kept of it.

    Attributes:
        code (str):
        cure (str):
        detail (str):
        id (UUID):
        item (DeadEventReportItem): its known fields; the journey key is left out, e-mail addresses are masked
        item_kind (str):
        origin (str): where it came from: the request or file, and its place in it
        recorded_at (datetime.datetime):
    """

    code: str
    cure: str
    detail: str
    id: UUID
    item: DeadEventReportItem
    item_kind: str
    origin: str
    recorded_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        code = self.code

        cure = self.cure

        detail = self.detail

        id = str(self.id)

        item = self.item.to_dict()

        item_kind = self.item_kind

        origin = self.origin

        recorded_at = self.recorded_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "code": code,
                "cure": cure,
                "detail": detail,
                "id": id,
                "item": item,
                "item_kind": item_kind,
                "origin": origin,
                "recorded_at": recorded_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.dead_event_report_item import DeadEventReportItem  # noqa: PLC0415

        d = dict(src_dict)
        code = d.pop("code")

        cure = d.pop("cure")

        detail = d.pop("detail")

        id = UUID(d.pop("id"))

        item = DeadEventReportItem.from_dict(d.pop("item"))

        item_kind = d.pop("item_kind")

        origin = d.pop("origin")

        recorded_at = datetime.datetime.fromisoformat(d.pop("recorded_at"))

        dead_event_report = cls(
            code=code,
            cure=cure,
            detail=detail,
            id=id,
            item=item,
            item_kind=item_kind,
            origin=origin,
            recorded_at=recorded_at,
        )

        dead_event_report.additional_properties = d
        return dead_event_report

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
