from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="PlatformReport")


@_attrs_define
class PlatformReport:
    """The sums of a platform's lines in a currency: `claimed_cents - verified_cents = ghost_cents - missed_cents`.

    Attributes:
        attribution_settings (list[str]): the settings that the claims were made by, as far as known
        claimed_cents (int | None): null: nothing that the platform claims is known
        currency (str): ISO 4217
        difference_bp (None | str): in basis points of the verified money
        ghost_cents (int | None): claimed and not verified
        lines (int): campaigns' days whose claim is known
        missed_cents (int | None): verified and not claimed
        platform (str):
        reversed_cents (int): what refunds and disputes took from the verified money
        state (str):
        timing_cents (int): in ghost and missed together: compensated by a neighbour day
        unknown_lines (int): campaigns' days whose claim is unknown
        unknown_verified_cents (int): verified on these
        verified_cents (int): on the days whose claim is known
    """

    attribution_settings: list[str]
    claimed_cents: int | None
    currency: str
    difference_bp: None | str
    ghost_cents: int | None
    lines: int
    missed_cents: int | None
    platform: str
    reversed_cents: int
    state: str
    timing_cents: int
    unknown_lines: int
    unknown_verified_cents: int
    verified_cents: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        attribution_settings = self.attribution_settings

        claimed_cents: int | None
        claimed_cents = self.claimed_cents

        currency = self.currency

        difference_bp: None | str
        difference_bp = self.difference_bp

        ghost_cents: int | None
        ghost_cents = self.ghost_cents

        lines = self.lines

        missed_cents: int | None
        missed_cents = self.missed_cents

        platform = self.platform

        reversed_cents = self.reversed_cents

        state = self.state

        timing_cents = self.timing_cents

        unknown_lines = self.unknown_lines

        unknown_verified_cents = self.unknown_verified_cents

        verified_cents = self.verified_cents

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "attribution_settings": attribution_settings,
                "claimed_cents": claimed_cents,
                "currency": currency,
                "difference_bp": difference_bp,
                "ghost_cents": ghost_cents,
                "lines": lines,
                "missed_cents": missed_cents,
                "platform": platform,
                "reversed_cents": reversed_cents,
                "state": state,
                "timing_cents": timing_cents,
                "unknown_lines": unknown_lines,
                "unknown_verified_cents": unknown_verified_cents,
                "verified_cents": verified_cents,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        attribution_settings = cast(list[str], d.pop("attribution_settings"))

        def _parse_claimed_cents(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        claimed_cents = _parse_claimed_cents(d.pop("claimed_cents"))

        currency = d.pop("currency")

        def _parse_difference_bp(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        difference_bp = _parse_difference_bp(d.pop("difference_bp"))

        def _parse_ghost_cents(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        ghost_cents = _parse_ghost_cents(d.pop("ghost_cents"))

        lines = d.pop("lines")

        def _parse_missed_cents(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        missed_cents = _parse_missed_cents(d.pop("missed_cents"))

        platform = d.pop("platform")

        reversed_cents = d.pop("reversed_cents")

        state = d.pop("state")

        timing_cents = d.pop("timing_cents")

        unknown_lines = d.pop("unknown_lines")

        unknown_verified_cents = d.pop("unknown_verified_cents")

        verified_cents = d.pop("verified_cents")

        platform_report = cls(
            attribution_settings=attribution_settings,
            claimed_cents=claimed_cents,
            currency=currency,
            difference_bp=difference_bp,
            ghost_cents=ghost_cents,
            lines=lines,
            missed_cents=missed_cents,
            platform=platform,
            reversed_cents=reversed_cents,
            state=state,
            timing_cents=timing_cents,
            unknown_lines=unknown_lines,
            unknown_verified_cents=unknown_verified_cents,
            verified_cents=verified_cents,
        )

        platform_report.additional_properties = d
        return platform_report

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
