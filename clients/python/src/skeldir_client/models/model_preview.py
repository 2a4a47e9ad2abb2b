from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.channel_change import ChannelChange
    from ..models.complete_parameters import CompleteParameters


T = TypeVar("T", bound="ModelPreview")


@_attrs_define
class ModelPreview:
    """What the change would move, over the first stored orders by order id. Nothing is written.

    Attributes:
        channels (list[ChannelChange]):
        last_version (None | str): the version in force, or the last one of a retired model: a parameter that the
            request leaves out has the value in this version; null for a model that never was in force, which gets the
            defaults
        model (str):
        orders (int): orders covered
        orders_in_all (int): stored orders of the tenant; 1000000 means that many or more
        orders_known_in_part (int): covered orders whose stored journey holds less than the change needs, with too many
            facts for a preview to read. They are credited from what is stored
        orders_left_out (int): orders whose journeys are too long for a preview
        parameters_now (CompleteParameters | None): null when `version_now` is
        version_now (None | str): null when the model is not in force
        wanted (CompleteParameters): All parameters of a version.
        fit (None | str | Unset): the fit that would be in force; null for other models
    """

    channels: list[ChannelChange]
    last_version: None | str
    model: str
    orders: int
    orders_in_all: int
    orders_known_in_part: int
    orders_left_out: int
    parameters_now: CompleteParameters | None
    version_now: None | str
    wanted: CompleteParameters
    fit: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.complete_parameters import CompleteParameters  # noqa: PLC0415

        channels = []
        for channels_item_data in self.channels:
            channels_item = channels_item_data.to_dict()
            channels.append(channels_item)

        last_version: None | str
        last_version = self.last_version

        model = self.model

        orders = self.orders

        orders_in_all = self.orders_in_all

        orders_known_in_part = self.orders_known_in_part

        orders_left_out = self.orders_left_out

        parameters_now: dict[str, Any] | None
        if isinstance(self.parameters_now, CompleteParameters):
            parameters_now = self.parameters_now.to_dict()
        else:
            parameters_now = self.parameters_now

        version_now: None | str
        version_now = self.version_now

        wanted = self.wanted.to_dict()

        fit: None | str | Unset
        if isinstance(self.fit, Unset):
            fit = UNSET
        else:
            fit = self.fit

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "channels": channels,
                "last_version": last_version,
                "model": model,
                "orders": orders,
                "orders_in_all": orders_in_all,
                "orders_known_in_part": orders_known_in_part,
                "orders_left_out": orders_left_out,
                "parameters_now": parameters_now,
                "version_now": version_now,
                "wanted": wanted,
            }
        )
        if fit is not UNSET:
            field_dict["fit"] = fit

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.channel_change import ChannelChange  # noqa: PLC0415
        from ..models.complete_parameters import CompleteParameters  # noqa: PLC0415

        d = dict(src_dict)
        channels = []
        _channels = d.pop("channels")
        for channels_item_data in _channels:
            channels_item = ChannelChange.from_dict(channels_item_data)

            channels.append(channels_item)

        def _parse_last_version(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        last_version = _parse_last_version(d.pop("last_version"))

        model = d.pop("model")

        orders = d.pop("orders")

        orders_in_all = d.pop("orders_in_all")

        orders_known_in_part = d.pop("orders_known_in_part")

        orders_left_out = d.pop("orders_left_out")

        def _parse_parameters_now(data: object) -> CompleteParameters | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                parameters_now_type_0 = CompleteParameters.from_dict(data)

                return parameters_now_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(CompleteParameters | None, data)

        parameters_now = _parse_parameters_now(d.pop("parameters_now"))

        def _parse_version_now(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        version_now = _parse_version_now(d.pop("version_now"))

        wanted = CompleteParameters.from_dict(d.pop("wanted"))

        def _parse_fit(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        fit = _parse_fit(d.pop("fit", UNSET))

        model_preview = cls(
            channels=channels,
            last_version=last_version,
            model=model,
            orders=orders,
            orders_in_all=orders_in_all,
            orders_known_in_part=orders_known_in_part,
            orders_left_out=orders_left_out,
            parameters_now=parameters_now,
            version_now=version_now,
            wanted=wanted,
            fit=fit,
        )

        model_preview.additional_properties = d
        return model_preview

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
