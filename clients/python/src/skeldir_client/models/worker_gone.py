from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.worker_gone_processes import WorkerGoneProcesses


T = TypeVar("T", bound="WorkerGone")


@_attrs_define
class WorkerGone:
    """No worker sent a heartbeat; the processes that once did, by their role.

    Attributes:
        code (str):
        correlation_id (UUID):
        cure (str):
        detail (str):
        processes (WorkerGoneProcesses):
        status (int):
        title (str):
        type_ (str):
    """

    code: str
    correlation_id: UUID
    cure: str
    detail: str
    processes: WorkerGoneProcesses
    status: int
    title: str
    type_: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        code = self.code

        correlation_id = str(self.correlation_id)

        cure = self.cure

        detail = self.detail

        processes = self.processes.to_dict()

        status = self.status

        title = self.title

        type_ = self.type_

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "code": code,
                "correlation_id": correlation_id,
                "cure": cure,
                "detail": detail,
                "processes": processes,
                "status": status,
                "title": title,
                "type": type_,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.worker_gone_processes import WorkerGoneProcesses  # noqa: PLC0415

        d = dict(src_dict)
        code = d.pop("code")

        correlation_id = UUID(d.pop("correlation_id"))

        cure = d.pop("cure")

        detail = d.pop("detail")

        processes = WorkerGoneProcesses.from_dict(d.pop("processes"))

        status = d.pop("status")

        title = d.pop("title")

        type_ = d.pop("type")

        worker_gone = cls(
            code=code,
            correlation_id=correlation_id,
            cure=cure,
            detail=detail,
            processes=processes,
            status=status,
            title=title,
            type_=type_,
        )

        worker_gone.additional_properties = d
        return worker_gone

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
