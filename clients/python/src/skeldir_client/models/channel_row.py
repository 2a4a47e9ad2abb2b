from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.channel_row_compared_type_0 import ChannelRowComparedType0
    from ..models.channel_row_models import ChannelRowModels


T = TypeVar("T", bound="ChannelRow")


@_attrs_define
class ChannelRow:
    """The credit of a channel in a period and currency, by model.

    Attributes:
        channel (str):
        currency (str): ISO 4217
        models (ChannelRowModels):
        period (datetime.date | None): first day of the period, weeks from Monday; null for `total`
        compared (ChannelRowComparedType0 | None | Unset): by model, with `compare`; null for a model that was not in
            force at the moment compared with
    """

    channel: str
    currency: str
    models: ChannelRowModels
    period: datetime.date | None
    compared: ChannelRowComparedType0 | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.channel_row_compared_type_0 import ChannelRowComparedType0  # noqa: PLC0415

        channel = self.channel

        currency = self.currency

        models = self.models.to_dict()

        period: None | str
        if isinstance(self.period, datetime.date):
            period = self.period.isoformat()
        else:
            period = self.period

        compared: dict[str, Any] | None | Unset
        if isinstance(self.compared, Unset):
            compared = UNSET
        elif isinstance(self.compared, ChannelRowComparedType0):
            compared = self.compared.to_dict()
        else:
            compared = self.compared

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "channel": channel,
                "currency": currency,
                "models": models,
                "period": period,
            }
        )
        if compared is not UNSET:
            field_dict["compared"] = compared

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.channel_row_compared_type_0 import ChannelRowComparedType0  # noqa: PLC0415
        from ..models.channel_row_models import ChannelRowModels  # noqa: PLC0415

        d = dict(src_dict)
        channel = d.pop("channel")

        currency = d.pop("currency")

        models = ChannelRowModels.from_dict(d.pop("models"))

        def _parse_period(data: object) -> datetime.date | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                period_type_0 = datetime.date.fromisoformat(data)

                return period_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.date | None, data)

        period = _parse_period(d.pop("period"))

        def _parse_compared(data: object) -> ChannelRowComparedType0 | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                compared_type_0 = ChannelRowComparedType0.from_dict(data)

                return compared_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ChannelRowComparedType0 | None | Unset, data)

        compared = _parse_compared(d.pop("compared", UNSET))

        channel_row = cls(
            channel=channel,
            currency=currency,
            models=models,
            period=period,
            compared=compared,
        )

        channel_row.additional_properties = d
        return channel_row

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
