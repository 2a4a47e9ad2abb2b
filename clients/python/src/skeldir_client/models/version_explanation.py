from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.channel_share import ChannelShare
    from ..models.explained_allocation import ExplainedAllocation
    from ..models.touch_weight import TouchWeight


T = TypeVar("T", bound="VersionExplanation")


@_attrs_define
class VersionExplanation:
    """The credit of one active model version.

    After each entry, in their order, the balance so far in its currency is divided over the channels in proportion
    to `shares[].weight`, by largest remainder (rounded towards zero, the units left over to the largest remainders,
    among equal remainders the channel whose code comes first); the entry is credited with each channel's change.

        Attributes:
            after_conversion (str):
            allocations (list[ExplainedAllocation]):
            half_life_days (int): matters to time_decay only
            journey_begins_after (datetime.datetime | None): with `reset`, the previous conversion: touches up to it are
                left out
            lookback_days (int):
            model (str):
            model_version (str):
            shares (list[ChannelShare]): of all touches in the window, by channel, bytewise; the conversion is divided like
                money
            touches (list[TouchWeight]): those in the window, of the touches that the order shows, in order
            touches_forgotten (bool): whether the window begins before the oldest touch that is kept, or the order's traces
                were erased. Touches that are gone are shown from the order's stored journey; if the order was credited before
                journeys were stored, `touches` has only those that are left, and `shares` are those of the kept credit
            window_end (datetime.datetime | None): the last moment of the window: the capture's
            window_start (datetime.datetime | None): the first moment of the window
    """

    after_conversion: str
    allocations: list[ExplainedAllocation]
    half_life_days: int
    journey_begins_after: datetime.datetime | None
    lookback_days: int
    model: str
    model_version: str
    shares: list[ChannelShare]
    touches: list[TouchWeight]
    touches_forgotten: bool
    window_end: datetime.datetime | None
    window_start: datetime.datetime | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        after_conversion = self.after_conversion

        allocations = []
        for allocations_item_data in self.allocations:
            allocations_item = allocations_item_data.to_dict()
            allocations.append(allocations_item)

        half_life_days = self.half_life_days

        journey_begins_after: None | str
        if isinstance(self.journey_begins_after, datetime.datetime):
            journey_begins_after = self.journey_begins_after.isoformat()
        else:
            journey_begins_after = self.journey_begins_after

        lookback_days = self.lookback_days

        model = self.model

        model_version = self.model_version

        shares = []
        for shares_item_data in self.shares:
            shares_item = shares_item_data.to_dict()
            shares.append(shares_item)

        touches = []
        for touches_item_data in self.touches:
            touches_item = touches_item_data.to_dict()
            touches.append(touches_item)

        touches_forgotten = self.touches_forgotten

        window_end: None | str
        if isinstance(self.window_end, datetime.datetime):
            window_end = self.window_end.isoformat()
        else:
            window_end = self.window_end

        window_start: None | str
        if isinstance(self.window_start, datetime.datetime):
            window_start = self.window_start.isoformat()
        else:
            window_start = self.window_start

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "after_conversion": after_conversion,
                "allocations": allocations,
                "half_life_days": half_life_days,
                "journey_begins_after": journey_begins_after,
                "lookback_days": lookback_days,
                "model": model,
                "model_version": model_version,
                "shares": shares,
                "touches": touches,
                "touches_forgotten": touches_forgotten,
                "window_end": window_end,
                "window_start": window_start,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.channel_share import ChannelShare  # noqa: PLC0415
        from ..models.explained_allocation import ExplainedAllocation  # noqa: PLC0415
        from ..models.touch_weight import TouchWeight  # noqa: PLC0415

        d = dict(src_dict)
        after_conversion = d.pop("after_conversion")

        allocations = []
        _allocations = d.pop("allocations")
        for allocations_item_data in _allocations:
            allocations_item = ExplainedAllocation.from_dict(allocations_item_data)

            allocations.append(allocations_item)

        half_life_days = d.pop("half_life_days")

        def _parse_journey_begins_after(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                journey_begins_after_type_0 = datetime.datetime.fromisoformat(data)

                return journey_begins_after_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        journey_begins_after = _parse_journey_begins_after(d.pop("journey_begins_after"))

        lookback_days = d.pop("lookback_days")

        model = d.pop("model")

        model_version = d.pop("model_version")

        shares = []
        _shares = d.pop("shares")
        for shares_item_data in _shares:
            shares_item = ChannelShare.from_dict(shares_item_data)

            shares.append(shares_item)

        touches = []
        _touches = d.pop("touches")
        for touches_item_data in _touches:
            touches_item = TouchWeight.from_dict(touches_item_data)

            touches.append(touches_item)

        touches_forgotten = d.pop("touches_forgotten")

        def _parse_window_end(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                window_end_type_0 = datetime.datetime.fromisoformat(data)

                return window_end_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        window_end = _parse_window_end(d.pop("window_end"))

        def _parse_window_start(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                window_start_type_0 = datetime.datetime.fromisoformat(data)

                return window_start_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        window_start = _parse_window_start(d.pop("window_start"))

        version_explanation = cls(
            after_conversion=after_conversion,
            allocations=allocations,
            half_life_days=half_life_days,
            journey_begins_after=journey_begins_after,
            lookback_days=lookback_days,
            model=model,
            model_version=model_version,
            shares=shares,
            touches=touches,
            touches_forgotten=touches_forgotten,
            window_end=window_end,
            window_start=window_start,
        )

        version_explanation.additional_properties = d
        return version_explanation

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
