from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.origin_part import OriginPart
    from ..models.origin_row_models import OriginRowModels
    from ..models.origin_row_not_known import OriginRowNotKnown
    from ..models.other_parts import OtherParts


T = TypeVar("T", bound="OriginRow")


@_attrs_define
class OriginRow:
    """A channel in a currency: its credit, and the parts of it, which add up to it.

    Attributes:
        channel (str):
        currency (str): ISO 4217
        models (OriginRowModels): the channel's credit, as in the channel report
        not_known (OriginRowNotKnown): the rest of the channel's credit: of touches that were forgotten, and of orders
            that await credit or whose journeys are too long to be read for a report
        others (OtherParts): The sum over the values that are not shown singly.
        parts (list[OriginPart]): the values with most credit first
        spend_cents (int): as in the channel report
        unmatched_spend_cents (int): the rest of the channel's spend: of campaigns whose touches have no credit here or
            several values, and spend without campaigns
    """

    channel: str
    currency: str
    models: OriginRowModels
    not_known: OriginRowNotKnown
    others: OtherParts
    parts: list[OriginPart]
    spend_cents: int
    unmatched_spend_cents: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        channel = self.channel

        currency = self.currency

        models = self.models.to_dict()

        not_known = self.not_known.to_dict()

        others = self.others.to_dict()

        parts = []
        for parts_item_data in self.parts:
            parts_item = parts_item_data.to_dict()
            parts.append(parts_item)

        spend_cents = self.spend_cents

        unmatched_spend_cents = self.unmatched_spend_cents

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "channel": channel,
                "currency": currency,
                "models": models,
                "not_known": not_known,
                "others": others,
                "parts": parts,
                "spend_cents": spend_cents,
                "unmatched_spend_cents": unmatched_spend_cents,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.origin_part import OriginPart  # noqa: PLC0415
        from ..models.origin_row_models import OriginRowModels  # noqa: PLC0415
        from ..models.origin_row_not_known import OriginRowNotKnown  # noqa: PLC0415
        from ..models.other_parts import OtherParts  # noqa: PLC0415

        d = dict(src_dict)
        channel = d.pop("channel")

        currency = d.pop("currency")

        models = OriginRowModels.from_dict(d.pop("models"))

        not_known = OriginRowNotKnown.from_dict(d.pop("not_known"))

        others = OtherParts.from_dict(d.pop("others"))

        parts = []
        _parts = d.pop("parts")
        for parts_item_data in _parts:
            parts_item = OriginPart.from_dict(parts_item_data)

            parts.append(parts_item)

        spend_cents = d.pop("spend_cents")

        unmatched_spend_cents = d.pop("unmatched_spend_cents")

        origin_row = cls(
            channel=channel,
            currency=currency,
            models=models,
            not_known=not_known,
            others=others,
            parts=parts,
            spend_cents=spend_cents,
            unmatched_spend_cents=unmatched_spend_cents,
        )

        origin_row.additional_properties = d
        return origin_row

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
