from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.written_file_sums_item import WrittenFileSumsItem


T = TypeVar("T", bound="WrittenFile")


@_attrs_define
class WrittenFile:
    """A complete file: its part, its name, how large it is, its SHA-256, its rows, and the sums of its cents.

    Attributes:
        bytes_ (int):
        file (str):
        part (str):
        rows (int):
        sha256 (str):
        sums (list[WrittenFileSumsItem]): an object for each currency, and model version if rows are of one: sums of
            columns of cents, of what is known; null if nothing is
    """

    bytes_: int
    file: str
    part: str
    rows: int
    sha256: str
    sums: list[WrittenFileSumsItem]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        bytes_ = self.bytes_

        file = self.file

        part = self.part

        rows = self.rows

        sha256 = self.sha256

        sums = []
        for sums_item_data in self.sums:
            sums_item = sums_item_data.to_dict()
            sums.append(sums_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "bytes": bytes_,
                "file": file,
                "part": part,
                "rows": rows,
                "sha256": sha256,
                "sums": sums,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.written_file_sums_item import WrittenFileSumsItem  # noqa: PLC0415

        d = dict(src_dict)
        bytes_ = d.pop("bytes")

        file = d.pop("file")

        part = d.pop("part")

        rows = d.pop("rows")

        sha256 = d.pop("sha256")

        sums = []
        _sums = d.pop("sums")
        for sums_item_data in _sums:
            sums_item = WrittenFileSumsItem.from_dict(sums_item_data)

            sums.append(sums_item)

        written_file = cls(
            bytes_=bytes_,
            file=file,
            part=part,
            rows=rows,
            sha256=sha256,
            sums=sums,
        )

        written_file.additional_properties = d
        return written_file

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
