from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.ad_receipt_totals import AdReceiptTotals
    from ..models.rejection import Rejection


T = TypeVar("T", bound="AdReceipt")


@_attrs_define
class AdReceipt:
    """`new + restated + unchanged + len(rejected)` is the number of items sent.

    Attributes:
        load_id (None | UUID): the load that was recorded; null if nothing is new
        new (int):
        rejected (list[Rejection]):
        restated (int):
        totals (AdReceiptTotals): what the accepted items cost by currency, now that they are recorded
        unchanged (int):
    """

    load_id: None | UUID
    new: int
    rejected: list[Rejection]
    restated: int
    totals: AdReceiptTotals
    unchanged: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        load_id: None | str
        if isinstance(self.load_id, UUID):
            load_id = str(self.load_id)
        else:
            load_id = self.load_id

        new = self.new

        rejected = []
        for rejected_item_data in self.rejected:
            rejected_item = rejected_item_data.to_dict()
            rejected.append(rejected_item)

        restated = self.restated

        totals = self.totals.to_dict()

        unchanged = self.unchanged

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "load_id": load_id,
                "new": new,
                "rejected": rejected,
                "restated": restated,
                "totals": totals,
                "unchanged": unchanged,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.ad_receipt_totals import AdReceiptTotals  # noqa: PLC0415
        from ..models.rejection import Rejection  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_load_id(data: object) -> None | UUID:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                load_id_type_0 = UUID(data)

                return load_id_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | UUID, data)

        load_id = _parse_load_id(d.pop("load_id"))

        new = d.pop("new")

        rejected = []
        _rejected = d.pop("rejected")
        for rejected_item_data in _rejected:
            rejected_item = Rejection.from_dict(rejected_item_data)

            rejected.append(rejected_item)

        restated = d.pop("restated")

        totals = AdReceiptTotals.from_dict(d.pop("totals"))

        unchanged = d.pop("unchanged")

        ad_receipt = cls(
            load_id=load_id,
            new=new,
            rejected=rejected,
            restated=restated,
            totals=totals,
            unchanged=unchanged,
        )

        ad_receipt.additional_properties = d
        return ad_receipt

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
