from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.model_figure import ModelFigure


T = TypeVar("T", bound="LiftTest")


@_attrs_define
class LiftTest:
    """What an experiment measured of a channel, and what models credit to the channel on the same days.

    Attributes:
        channel (str):
        currency (None | str): of `value` only
        experiment (str):
        first_day (datetime.date): the first day, in the tenant's time zone
        incremental (str): what the channel added, as measured
        last_day (datetime.date): the last day, included
        level_percent (int): the level of the interval, as the test says
        lower (str): the lower end of its interval
        measure (str):
        models (list[ModelFigure]): the models in force, then the latest fit of each model of just these days
        recorded_at (datetime.datetime):
        recorded_by (str):
        revision (int): 2 and more: what it says now replaced others
        source (str): the file
        upper (str): the upper end of its interval
    """

    channel: str
    currency: None | str
    experiment: str
    first_day: datetime.date
    incremental: str
    last_day: datetime.date
    level_percent: int
    lower: str
    measure: str
    models: list[ModelFigure]
    recorded_at: datetime.datetime
    recorded_by: str
    revision: int
    source: str
    upper: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        channel = self.channel

        currency: None | str
        currency = self.currency

        experiment = self.experiment

        first_day = self.first_day.isoformat()

        incremental = self.incremental

        last_day = self.last_day.isoformat()

        level_percent = self.level_percent

        lower = self.lower

        measure = self.measure

        models = []
        for models_item_data in self.models:
            models_item = models_item_data.to_dict()
            models.append(models_item)

        recorded_at = self.recorded_at.isoformat()

        recorded_by = self.recorded_by

        revision = self.revision

        source = self.source

        upper = self.upper

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "channel": channel,
                "currency": currency,
                "experiment": experiment,
                "first_day": first_day,
                "incremental": incremental,
                "last_day": last_day,
                "level_percent": level_percent,
                "lower": lower,
                "measure": measure,
                "models": models,
                "recorded_at": recorded_at,
                "recorded_by": recorded_by,
                "revision": revision,
                "source": source,
                "upper": upper,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.model_figure import ModelFigure  # noqa: PLC0415

        d = dict(src_dict)
        channel = d.pop("channel")

        def _parse_currency(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        currency = _parse_currency(d.pop("currency"))

        experiment = d.pop("experiment")

        first_day = datetime.date.fromisoformat(d.pop("first_day"))

        incremental = d.pop("incremental")

        last_day = datetime.date.fromisoformat(d.pop("last_day"))

        level_percent = d.pop("level_percent")

        lower = d.pop("lower")

        measure = d.pop("measure")

        models = []
        _models = d.pop("models")
        for models_item_data in _models:
            models_item = ModelFigure.from_dict(models_item_data)

            models.append(models_item)

        recorded_at = datetime.datetime.fromisoformat(d.pop("recorded_at"))

        recorded_by = d.pop("recorded_by")

        revision = d.pop("revision")

        source = d.pop("source")

        upper = d.pop("upper")

        lift_test = cls(
            channel=channel,
            currency=currency,
            experiment=experiment,
            first_day=first_day,
            incremental=incremental,
            last_day=last_day,
            level_percent=level_percent,
            lower=lower,
            measure=measure,
            models=models,
            recorded_at=recorded_at,
            recorded_by=recorded_by,
            revision=revision,
            source=source,
            upper=upper,
        )

        lift_test.additional_properties = d
        return lift_test

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
