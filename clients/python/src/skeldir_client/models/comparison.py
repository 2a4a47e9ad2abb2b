from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.comparison_model_versions import ComparisonModelVersions


T = TypeVar("T", bound="Comparison")


@_attrs_define
class Comparison:
    """What a report is compared with.

    Attributes:
        compare (str):
        end_day (datetime.date | None): the day after the last one; null if it is open
        first_day (datetime.date | None): first day; null if it is open on that side
        known_at (datetime.datetime | None): the moment that the report is of: `known_at`, or the end of an hour or day
            before it if that is too long ago to tell more finely; null for now
        match (str): `weekday`: the days were moved by full weeks, so that Mondays meet Mondays
        model_versions (ComparisonModelVersions): the versions compared with; a model that was not in force is missing
        time_zone (str): the time zone of the days: an IANA name, such as Europe/Berlin
    """

    compare: str
    end_day: datetime.date | None
    first_day: datetime.date | None
    known_at: datetime.datetime | None
    match: str
    model_versions: ComparisonModelVersions
    time_zone: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        compare = self.compare

        end_day: None | str
        if isinstance(self.end_day, datetime.date):
            end_day = self.end_day.isoformat()
        else:
            end_day = self.end_day

        first_day: None | str
        if isinstance(self.first_day, datetime.date):
            first_day = self.first_day.isoformat()
        else:
            first_day = self.first_day

        known_at: None | str
        if isinstance(self.known_at, datetime.datetime):
            known_at = self.known_at.isoformat()
        else:
            known_at = self.known_at

        match = self.match

        model_versions = self.model_versions.to_dict()

        time_zone = self.time_zone

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "compare": compare,
                "end_day": end_day,
                "first_day": first_day,
                "known_at": known_at,
                "match": match,
                "model_versions": model_versions,
                "time_zone": time_zone,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.comparison_model_versions import ComparisonModelVersions  # noqa: PLC0415

        d = dict(src_dict)
        compare = d.pop("compare")

        def _parse_end_day(data: object) -> datetime.date | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                end_day_type_0 = datetime.date.fromisoformat(data)

                return end_day_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.date | None, data)

        end_day = _parse_end_day(d.pop("end_day"))

        def _parse_first_day(data: object) -> datetime.date | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                first_day_type_0 = datetime.date.fromisoformat(data)

                return first_day_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.date | None, data)

        first_day = _parse_first_day(d.pop("first_day"))

        def _parse_known_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                known_at_type_0 = datetime.datetime.fromisoformat(data)

                return known_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        known_at = _parse_known_at(d.pop("known_at"))

        match = d.pop("match")

        model_versions = ComparisonModelVersions.from_dict(d.pop("model_versions"))

        time_zone = d.pop("time_zone")

        comparison = cls(
            compare=compare,
            end_day=end_day,
            first_day=first_day,
            known_at=known_at,
            match=match,
            model_versions=model_versions,
            time_zone=time_zone,
        )

        comparison.additional_properties = d
        return comparison

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
