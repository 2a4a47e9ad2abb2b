from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.correction import Correction
    from ..models.correction_moves import CorrectionMoves


T = TypeVar("T", bound="CorrectionAnswer")


@_attrs_define
class CorrectionAnswer:
    """The recorded correction or revocation, or for a dry run what it would move.

    Attributes:
        correction (Correction | None):
        moves (CorrectionMoves | None):
    """

    correction: Correction | None
    moves: CorrectionMoves | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.correction import Correction  # noqa: PLC0415
        from ..models.correction_moves import CorrectionMoves  # noqa: PLC0415

        correction: dict[str, Any] | None
        if isinstance(self.correction, Correction):
            correction = self.correction.to_dict()
        else:
            correction = self.correction

        moves: dict[str, Any] | None
        if isinstance(self.moves, CorrectionMoves):
            moves = self.moves.to_dict()
        else:
            moves = self.moves

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "correction": correction,
                "moves": moves,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.correction import Correction  # noqa: PLC0415
        from ..models.correction_moves import CorrectionMoves  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_correction(data: object) -> Correction | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                correction_type_0 = Correction.from_dict(data)

                return correction_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Correction | None, data)

        correction = _parse_correction(d.pop("correction"))

        def _parse_moves(data: object) -> CorrectionMoves | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                moves_type_0 = CorrectionMoves.from_dict(data)

                return moves_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(CorrectionMoves | None, data)

        moves = _parse_moves(d.pop("moves"))

        correction_answer = cls(
            correction=correction,
            moves=moves,
        )

        correction_answer.additional_properties = d
        return correction_answer

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
