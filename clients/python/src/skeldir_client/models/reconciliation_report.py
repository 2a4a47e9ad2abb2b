from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.overlap import Overlap
    from ..models.platform_report import PlatformReport
    from ..models.reconciliation import Reconciliation


T = TypeVar("T", bound="ReconciliationReport")


@_attrs_define
class ReconciliationReport:
    """A comparison with its sums, the overlaps of platforms, and what the figures mean.

    Attributes:
        overlaps (list[Overlap]):
        platforms (list[PlatformReport]):
        reconciliation (Reconciliation): A comparison as it was asked for, and how it ended.
        words (list[str]):
    """

    overlaps: list[Overlap]
    platforms: list[PlatformReport]
    reconciliation: Reconciliation
    words: list[str]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        overlaps = []
        for overlaps_item_data in self.overlaps:
            overlaps_item = overlaps_item_data.to_dict()
            overlaps.append(overlaps_item)

        platforms = []
        for platforms_item_data in self.platforms:
            platforms_item = platforms_item_data.to_dict()
            platforms.append(platforms_item)

        reconciliation = self.reconciliation.to_dict()

        words = self.words

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "overlaps": overlaps,
                "platforms": platforms,
                "reconciliation": reconciliation,
                "words": words,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.overlap import Overlap  # noqa: PLC0415
        from ..models.platform_report import PlatformReport  # noqa: PLC0415
        from ..models.reconciliation import Reconciliation  # noqa: PLC0415

        d = dict(src_dict)
        overlaps = []
        _overlaps = d.pop("overlaps")
        for overlaps_item_data in _overlaps:
            overlaps_item = Overlap.from_dict(overlaps_item_data)

            overlaps.append(overlaps_item)

        platforms = []
        _platforms = d.pop("platforms")
        for platforms_item_data in _platforms:
            platforms_item = PlatformReport.from_dict(platforms_item_data)

            platforms.append(platforms_item)

        reconciliation = Reconciliation.from_dict(d.pop("reconciliation"))

        words = cast(list[str], d.pop("words"))

        reconciliation_report = cls(
            overlaps=overlaps,
            platforms=platforms,
            reconciliation=reconciliation,
            words=words,
        )

        reconciliation_report.additional_properties = d
        return reconciliation_report

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
