from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="RateRevision")


@_attrs_define
class RateRevision:
    """A rate as it was recorded: one unit of `base` is `rate` units of `quote`.

    Attributes:
        base (str): ISO 4217
        day (datetime.date):
        quote (str): ISO 4217
        rate (str): a decimal as text: how many units of the quote one unit of the base is
        reason (str): the file or route that it came by, or why it was set
        recorded_at (datetime.datetime):
        recorded_by (str):
        revision (int):
        source (str):
    """

    base: str
    day: datetime.date
    quote: str
    rate: str
    reason: str
    recorded_at: datetime.datetime
    recorded_by: str
    revision: int
    source: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        base = self.base

        day = self.day.isoformat()

        quote = self.quote

        rate = self.rate

        reason = self.reason

        recorded_at = self.recorded_at.isoformat()

        recorded_by = self.recorded_by

        revision = self.revision

        source = self.source

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "base": base,
                "day": day,
                "quote": quote,
                "rate": rate,
                "reason": reason,
                "recorded_at": recorded_at,
                "recorded_by": recorded_by,
                "revision": revision,
                "source": source,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        base = d.pop("base")

        day = datetime.date.fromisoformat(d.pop("day"))

        quote = d.pop("quote")

        rate = d.pop("rate")

        reason = d.pop("reason")

        recorded_at = datetime.datetime.fromisoformat(d.pop("recorded_at"))

        recorded_by = d.pop("recorded_by")

        revision = d.pop("revision")

        source = d.pop("source")

        rate_revision = cls(
            base=base,
            day=day,
            quote=quote,
            rate=rate,
            reason=reason,
            recorded_at=recorded_at,
            recorded_by=recorded_by,
            revision=revision,
            source=source,
        )

        rate_revision.additional_properties = d
        return rate_revision

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
