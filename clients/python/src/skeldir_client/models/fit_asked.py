from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="FitAsked")


@_attrs_define
class FitAsked:
    """The parameters of a fit; days are the tenant's, both included.

    Shapley values have no order, and do not say whether repeats count: `chain_order` and `collapse_repeats` are null.

        Attributes:
            first_day (datetime.date): in the tenant's time zone
            last_day (datetime.date): at most 1,100 days with the first
            model (str):
            chain_order (int | None | Unset): how many touches a Markov chain remembers; null: chosen by cross-validation
            collapse_repeats (bool | None | Unset): whether touches of one channel in a row are one; markov only, and false
                if it is left out
            draws (int | Unset): how often the journeys are drawn Default: 1000.
            level_percent (int | Unset): how many of a hundred draws an interval holds Default: 90.
            lookback_days (int | Unset): how far before its end a journey's touches count Default: 30.
            seed (int | Unset): the same seed draws the same Default: 0.
    """

    first_day: datetime.date
    last_day: datetime.date
    model: str
    chain_order: int | None | Unset = UNSET
    collapse_repeats: bool | None | Unset = UNSET
    draws: int | Unset = 1000
    level_percent: int | Unset = 90
    lookback_days: int | Unset = 30
    seed: int | Unset = 0

    def to_dict(self) -> dict[str, Any]:
        first_day = self.first_day.isoformat()

        last_day = self.last_day.isoformat()

        model = self.model

        chain_order: int | None | Unset
        if isinstance(self.chain_order, Unset):
            chain_order = UNSET
        else:
            chain_order = self.chain_order

        collapse_repeats: bool | None | Unset
        if isinstance(self.collapse_repeats, Unset):
            collapse_repeats = UNSET
        else:
            collapse_repeats = self.collapse_repeats

        draws = self.draws

        level_percent = self.level_percent

        lookback_days = self.lookback_days

        seed = self.seed

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "first_day": first_day,
                "last_day": last_day,
                "model": model,
            }
        )
        if chain_order is not UNSET:
            field_dict["chain_order"] = chain_order
        if collapse_repeats is not UNSET:
            field_dict["collapse_repeats"] = collapse_repeats
        if draws is not UNSET:
            field_dict["draws"] = draws
        if level_percent is not UNSET:
            field_dict["level_percent"] = level_percent
        if lookback_days is not UNSET:
            field_dict["lookback_days"] = lookback_days
        if seed is not UNSET:
            field_dict["seed"] = seed

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        first_day = datetime.date.fromisoformat(d.pop("first_day"))

        last_day = datetime.date.fromisoformat(d.pop("last_day"))

        model = d.pop("model")

        def _parse_chain_order(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        chain_order = _parse_chain_order(d.pop("chain_order", UNSET))

        def _parse_collapse_repeats(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        collapse_repeats = _parse_collapse_repeats(d.pop("collapse_repeats", UNSET))

        draws = d.pop("draws", UNSET)

        level_percent = d.pop("level_percent", UNSET)

        lookback_days = d.pop("lookback_days", UNSET)

        seed = d.pop("seed", UNSET)

        fit_asked = cls(
            first_day=first_day,
            last_day=last_day,
            model=model,
            chain_order=chain_order,
            collapse_repeats=collapse_repeats,
            draws=draws,
            level_percent=level_percent,
            lookback_days=lookback_days,
            seed=seed,
        )

        return fit_asked
