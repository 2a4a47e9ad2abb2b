from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.campaign_moved import CampaignMoved
    from ..models.channel_touches import ChannelTouches
    from ..models.credit_moved import CreditMoved
    from ..models.spend_moved import SpendMoved
    from ..models.touches_moved import TouchesMoved


T = TypeVar("T", bound="RulesDryRun")


@_attrs_define
class RulesDryRun:
    """What recorded touches, credit and spend would be by other rules. Nothing is written.

    Attributes:
        campaigns (list[CampaignMoved]): the 50 with the greatest cost
        campaigns_moved (int):
        credit (list[CreditMoved]):
        days_moved (int): days of campaigns that get another channel
        first_orders_moved (list[str]): the first 20 of them by order id
        moves (list[TouchesMoved]):
        orders_awaiting_credit (int): orders whose credit follows later in any case; the differences are those of the
            rules alone
        orders_moved (int): orders with a touch within a model's lookback that moves
        spend (list[SpendMoved]):
        touches (int): touches that stand
        touches_by_channel (list[ChannelTouches]):
        touches_derived (int): those whose channel was derived by rules
        touches_moved (int):
    """

    campaigns: list[CampaignMoved]
    campaigns_moved: int
    credit: list[CreditMoved]
    days_moved: int
    first_orders_moved: list[str]
    moves: list[TouchesMoved]
    orders_awaiting_credit: int
    orders_moved: int
    spend: list[SpendMoved]
    touches: int
    touches_by_channel: list[ChannelTouches]
    touches_derived: int
    touches_moved: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        campaigns = []
        for campaigns_item_data in self.campaigns:
            campaigns_item = campaigns_item_data.to_dict()
            campaigns.append(campaigns_item)

        campaigns_moved = self.campaigns_moved

        credit = []
        for credit_item_data in self.credit:
            credit_item = credit_item_data.to_dict()
            credit.append(credit_item)

        days_moved = self.days_moved

        first_orders_moved = self.first_orders_moved

        moves = []
        for moves_item_data in self.moves:
            moves_item = moves_item_data.to_dict()
            moves.append(moves_item)

        orders_awaiting_credit = self.orders_awaiting_credit

        orders_moved = self.orders_moved

        spend = []
        for spend_item_data in self.spend:
            spend_item = spend_item_data.to_dict()
            spend.append(spend_item)

        touches = self.touches

        touches_by_channel = []
        for touches_by_channel_item_data in self.touches_by_channel:
            touches_by_channel_item = touches_by_channel_item_data.to_dict()
            touches_by_channel.append(touches_by_channel_item)

        touches_derived = self.touches_derived

        touches_moved = self.touches_moved

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "campaigns": campaigns,
                "campaigns_moved": campaigns_moved,
                "credit": credit,
                "days_moved": days_moved,
                "first_orders_moved": first_orders_moved,
                "moves": moves,
                "orders_awaiting_credit": orders_awaiting_credit,
                "orders_moved": orders_moved,
                "spend": spend,
                "touches": touches,
                "touches_by_channel": touches_by_channel,
                "touches_derived": touches_derived,
                "touches_moved": touches_moved,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.campaign_moved import CampaignMoved  # noqa: PLC0415
        from ..models.channel_touches import ChannelTouches  # noqa: PLC0415
        from ..models.credit_moved import CreditMoved  # noqa: PLC0415
        from ..models.spend_moved import SpendMoved  # noqa: PLC0415
        from ..models.touches_moved import TouchesMoved  # noqa: PLC0415

        d = dict(src_dict)
        campaigns = []
        _campaigns = d.pop("campaigns")
        for campaigns_item_data in _campaigns:
            campaigns_item = CampaignMoved.from_dict(campaigns_item_data)

            campaigns.append(campaigns_item)

        campaigns_moved = d.pop("campaigns_moved")

        credit = []
        _credit = d.pop("credit")
        for credit_item_data in _credit:
            credit_item = CreditMoved.from_dict(credit_item_data)

            credit.append(credit_item)

        days_moved = d.pop("days_moved")

        first_orders_moved = cast(list[str], d.pop("first_orders_moved"))

        moves = []
        _moves = d.pop("moves")
        for moves_item_data in _moves:
            moves_item = TouchesMoved.from_dict(moves_item_data)

            moves.append(moves_item)

        orders_awaiting_credit = d.pop("orders_awaiting_credit")

        orders_moved = d.pop("orders_moved")

        spend = []
        _spend = d.pop("spend")
        for spend_item_data in _spend:
            spend_item = SpendMoved.from_dict(spend_item_data)

            spend.append(spend_item)

        touches = d.pop("touches")

        touches_by_channel = []
        _touches_by_channel = d.pop("touches_by_channel")
        for touches_by_channel_item_data in _touches_by_channel:
            touches_by_channel_item = ChannelTouches.from_dict(touches_by_channel_item_data)

            touches_by_channel.append(touches_by_channel_item)

        touches_derived = d.pop("touches_derived")

        touches_moved = d.pop("touches_moved")

        rules_dry_run = cls(
            campaigns=campaigns,
            campaigns_moved=campaigns_moved,
            credit=credit,
            days_moved=days_moved,
            first_orders_moved=first_orders_moved,
            moves=moves,
            orders_awaiting_credit=orders_awaiting_credit,
            orders_moved=orders_moved,
            spend=spend,
            touches=touches,
            touches_by_channel=touches_by_channel,
            touches_derived=touches_derived,
            touches_moved=touches_moved,
        )

        rules_dry_run.additional_properties = d
        return rules_dry_run

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
