from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.flagged_order import FlaggedOrder
    from ..models.rejection import Rejection


T = TypeVar("T", bound="Receipt")


@_attrs_define
class Receipt:
    """`accepted + duplicates + len(rejected)` is the number of items sent.

    `flagged` lists orders that need attention: `awaiting_capture` or `over_refunded`.

        Attributes:
            accepted (int):
            duplicates (int):
            flagged (list[FlaggedOrder]):
            rejected (list[Rejection]):
    """

    accepted: int
    duplicates: int
    flagged: list[FlaggedOrder]
    rejected: list[Rejection]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        accepted = self.accepted

        duplicates = self.duplicates

        flagged = []
        for flagged_item_data in self.flagged:
            flagged_item = flagged_item_data.to_dict()
            flagged.append(flagged_item)

        rejected = []
        for rejected_item_data in self.rejected:
            rejected_item = rejected_item_data.to_dict()
            rejected.append(rejected_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "accepted": accepted,
                "duplicates": duplicates,
                "flagged": flagged,
                "rejected": rejected,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.flagged_order import FlaggedOrder  # noqa: PLC0415
        from ..models.rejection import Rejection  # noqa: PLC0415

        d = dict(src_dict)
        accepted = d.pop("accepted")

        duplicates = d.pop("duplicates")

        flagged = []
        _flagged = d.pop("flagged")
        for flagged_item_data in _flagged:
            flagged_item = FlaggedOrder.from_dict(flagged_item_data)

            flagged.append(flagged_item)

        rejected = []
        _rejected = d.pop("rejected")
        for rejected_item_data in _rejected:
            rejected_item = Rejection.from_dict(rejected_item_data)

            rejected.append(rejected_item)

        receipt = cls(
            accepted=accepted,
            duplicates=duplicates,
            flagged=flagged,
            rejected=rejected,
        )

        receipt.additional_properties = d
        return receipt

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
