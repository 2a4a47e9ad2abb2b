from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.converted_by import ConvertedBy
    from ..models.sum_of_states import SumOfStates


T = TypeVar("T", bound="ConvertedRealtime")


@_attrs_define
class ConvertedRealtime:
    """The money so far in one currency: the sums of all days, each converted by its own rate.

    Attributes:
        converted_by (ConvertedBy): What sums were converted to, and by what.

            Of each day and currency the sum is converted, and rounded to the nearest smallest unit (halves to the even
            one).
            Its parts are rounded down, and the largest remainders get the units that are left. So parts add up to their
            sum,
            and days to their total.
        last_entry_at (datetime.datetime | None): of the latest entry in any currency; null without any
        not_converted (list[SumOfStates]): what no rate is known for, by currency
        renewals (str): `exclude` leaves out orders that are later payments of a subscription, as webhooks report them,
            with their refunds and disputes
        total (SumOfStates): Money of one currency over days; the three kinds add up to the net.
    """

    converted_by: ConvertedBy
    last_entry_at: datetime.datetime | None
    not_converted: list[SumOfStates]
    renewals: str
    total: SumOfStates
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        converted_by = self.converted_by.to_dict()

        last_entry_at: None | str
        if isinstance(self.last_entry_at, datetime.datetime):
            last_entry_at = self.last_entry_at.isoformat()
        else:
            last_entry_at = self.last_entry_at

        not_converted = []
        for not_converted_item_data in self.not_converted:
            not_converted_item = not_converted_item_data.to_dict()
            not_converted.append(not_converted_item)

        renewals = self.renewals

        total = self.total.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "converted_by": converted_by,
                "last_entry_at": last_entry_at,
                "not_converted": not_converted,
                "renewals": renewals,
                "total": total,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.converted_by import ConvertedBy  # noqa: PLC0415
        from ..models.sum_of_states import SumOfStates  # noqa: PLC0415

        d = dict(src_dict)
        converted_by = ConvertedBy.from_dict(d.pop("converted_by"))

        def _parse_last_entry_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                last_entry_at_type_0 = datetime.datetime.fromisoformat(data)

                return last_entry_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        last_entry_at = _parse_last_entry_at(d.pop("last_entry_at"))

        not_converted = []
        _not_converted = d.pop("not_converted")
        for not_converted_item_data in _not_converted:
            not_converted_item = SumOfStates.from_dict(not_converted_item_data)

            not_converted.append(not_converted_item)

        renewals = d.pop("renewals")

        total = SumOfStates.from_dict(d.pop("total"))

        converted_realtime = cls(
            converted_by=converted_by,
            last_entry_at=last_entry_at,
            not_converted=not_converted,
            renewals=renewals,
            total=total,
        )

        converted_realtime.additional_properties = d
        return converted_realtime

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
