from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="FitSummary")


@_attrs_define
class FitSummary:
    """A fit: a version of a tenant's that never changes.

    Attributes:
        chain_order (int | None): markov only
        collapse_repeats (bool | None): markov only
        conversions (int): those of them that ended with an order
        data_sha256 (str): of the counts: the same data in any order has the same
        draws (int):
        first_day (datetime.date):
        journeys (int): journeys with a touch that ended on the days
        last_day (datetime.date):
        level_percent (int): how many of a hundred draws an interval holds
        lookback_days (int):
        made_at (datetime.datetime):
        made_by (str):
        model (str):
        seed (int):
        touches (int):
        version (str): model and number, such as markov@3
    """

    chain_order: int | None
    collapse_repeats: bool | None
    conversions: int
    data_sha256: str
    draws: int
    first_day: datetime.date
    journeys: int
    last_day: datetime.date
    level_percent: int
    lookback_days: int
    made_at: datetime.datetime
    made_by: str
    model: str
    seed: int
    touches: int
    version: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        chain_order: int | None
        chain_order = self.chain_order

        collapse_repeats: bool | None
        collapse_repeats = self.collapse_repeats

        conversions = self.conversions

        data_sha256 = self.data_sha256

        draws = self.draws

        first_day = self.first_day.isoformat()

        journeys = self.journeys

        last_day = self.last_day.isoformat()

        level_percent = self.level_percent

        lookback_days = self.lookback_days

        made_at = self.made_at.isoformat()

        made_by = self.made_by

        model = self.model

        seed = self.seed

        touches = self.touches

        version = self.version

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "chain_order": chain_order,
                "collapse_repeats": collapse_repeats,
                "conversions": conversions,
                "data_sha256": data_sha256,
                "draws": draws,
                "first_day": first_day,
                "journeys": journeys,
                "last_day": last_day,
                "level_percent": level_percent,
                "lookback_days": lookback_days,
                "made_at": made_at,
                "made_by": made_by,
                "model": model,
                "seed": seed,
                "touches": touches,
                "version": version,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_chain_order(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        chain_order = _parse_chain_order(d.pop("chain_order"))

        def _parse_collapse_repeats(data: object) -> bool | None:
            if data is None:
                return data
            return cast(bool | None, data)

        collapse_repeats = _parse_collapse_repeats(d.pop("collapse_repeats"))

        conversions = d.pop("conversions")

        data_sha256 = d.pop("data_sha256")

        draws = d.pop("draws")

        first_day = datetime.date.fromisoformat(d.pop("first_day"))

        journeys = d.pop("journeys")

        last_day = datetime.date.fromisoformat(d.pop("last_day"))

        level_percent = d.pop("level_percent")

        lookback_days = d.pop("lookback_days")

        made_at = datetime.datetime.fromisoformat(d.pop("made_at"))

        made_by = d.pop("made_by")

        model = d.pop("model")

        seed = d.pop("seed")

        touches = d.pop("touches")

        version = d.pop("version")

        fit_summary = cls(
            chain_order=chain_order,
            collapse_repeats=collapse_repeats,
            conversions=conversions,
            data_sha256=data_sha256,
            draws=draws,
            first_day=first_day,
            journeys=journeys,
            last_day=last_day,
            level_percent=level_percent,
            lookback_days=lookback_days,
            made_at=made_at,
            made_by=made_by,
            model=model,
            seed=seed,
            touches=touches,
            version=version,
        )

        fit_summary.additional_properties = d
        return fit_summary

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
