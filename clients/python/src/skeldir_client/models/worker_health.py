from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.worker_health_processes import WorkerHealthProcesses


T = TypeVar("T", bound="WorkerHealth")


@_attrs_define
class WorkerHealth:
    """At least one worker is running; the processes by their role, `worker` or `beat`.

    Attributes:
        processes (WorkerHealthProcesses):
        status (str):
    """

    processes: WorkerHealthProcesses
    status: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        processes = self.processes.to_dict()

        status = self.status

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "processes": processes,
                "status": status,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.worker_health_processes import WorkerHealthProcesses  # noqa: PLC0415

        d = dict(src_dict)
        processes = WorkerHealthProcesses.from_dict(d.pop("processes"))

        status = d.pop("status")

        worker_health = cls(
            processes=processes,
            status=status,
        )

        worker_health.additional_properties = d
        return worker_health

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
