from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.job_report_arguments import JobReportArguments


T = TypeVar("T", bound="JobReport")


@_attrs_define
class JobReport:
    """One job. A done one is forgotten after a while; a dead one has failed as often as it may be tried.

    Attributes:
        arguments (JobReportArguments):
        attempts (int): how often it was begun
        correlation_id (UUID): of the request or job that enqueued it
        created_at (datetime.datetime):
        error_kind (None | str): the kind of the latest fault, if there was one
        finished_at (datetime.datetime | None):
        id (UUID):
        kind (str):
        run_at (datetime.datetime): when it is, or was, due
        state (str):
    """

    arguments: JobReportArguments
    attempts: int
    correlation_id: UUID
    created_at: datetime.datetime
    error_kind: None | str
    finished_at: datetime.datetime | None
    id: UUID
    kind: str
    run_at: datetime.datetime
    state: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        arguments = self.arguments.to_dict()

        attempts = self.attempts

        correlation_id = str(self.correlation_id)

        created_at = self.created_at.isoformat()

        error_kind: None | str
        error_kind = self.error_kind

        finished_at: None | str
        if isinstance(self.finished_at, datetime.datetime):
            finished_at = self.finished_at.isoformat()
        else:
            finished_at = self.finished_at

        id = str(self.id)

        kind = self.kind

        run_at = self.run_at.isoformat()

        state = self.state

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "arguments": arguments,
                "attempts": attempts,
                "correlation_id": correlation_id,
                "created_at": created_at,
                "error_kind": error_kind,
                "finished_at": finished_at,
                "id": id,
                "kind": kind,
                "run_at": run_at,
                "state": state,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.job_report_arguments import JobReportArguments  # noqa: PLC0415

        d = dict(src_dict)
        arguments = JobReportArguments.from_dict(d.pop("arguments"))

        attempts = d.pop("attempts")

        correlation_id = UUID(d.pop("correlation_id"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        def _parse_error_kind(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        error_kind = _parse_error_kind(d.pop("error_kind"))

        def _parse_finished_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                finished_at_type_0 = datetime.datetime.fromisoformat(data)

                return finished_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        finished_at = _parse_finished_at(d.pop("finished_at"))

        id = UUID(d.pop("id"))

        kind = d.pop("kind")

        run_at = datetime.datetime.fromisoformat(d.pop("run_at"))

        state = d.pop("state")

        job_report = cls(
            arguments=arguments,
            attempts=attempts,
            correlation_id=correlation_id,
            created_at=created_at,
            error_kind=error_kind,
            finished_at=finished_at,
            id=id,
            kind=kind,
            run_at=run_at,
            state=state,
        )

        job_report.additional_properties = d
        return job_report

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
