from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.rates_sent_rate_item import RatesSentRateItem


T = TypeVar("T", bound="RatesSent")


@_attrs_define
class RatesSent:
    """What `POST /v1/rates` takes; one wrong rate refuses all of them.

    Attributes:
        base (str): each rate is for one unit of it
        rates (list[RatesSentRateItem]):
        source (str):
        accept_jumps (bool | Unset): record rates that are twice or half those of the days before Default: False.
    """

    base: str
    rates: list[RatesSentRateItem]
    source: str
    accept_jumps: bool | Unset = False

    def to_dict(self) -> dict[str, Any]:

        base = self.base

        rates = []
        for rates_item_data in self.rates:
            rates_item = rates_item_data.to_dict()
            rates.append(rates_item)

        source = self.source

        accept_jumps = self.accept_jumps

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "base": base,
                "rates": rates,
                "source": source,
            }
        )
        if accept_jumps is not UNSET:
            field_dict["accept_jumps"] = accept_jumps

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.rates_sent_rate_item import RatesSentRateItem  # noqa: PLC0415

        d = dict(src_dict)
        base = d.pop("base")

        rates = []
        _rates = d.pop("rates")
        for rates_item_data in _rates:
            rates_item = RatesSentRateItem.from_dict(rates_item_data)

            rates.append(rates_item)

        source = d.pop("source")

        accept_jumps = d.pop("accept_jumps", UNSET)

        rates_sent = cls(
            base=base,
            rates=rates,
            source=source,
            accept_jumps=accept_jumps,
        )

        return rates_sent
