from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.fit_asked import FitAsked
    from ..models.fit_refusal import FitRefusal


T = TypeVar("T", bound="FitRequest")


@_attrs_define
class FitRequest:
    """A fit that was asked for, and what became of it.

    Attributes:
        asked (FitAsked): The parameters of a fit; days are the tenant's, both included.

            Shapley values have no order, and do not say whether repeats count: `chain_order` and `collapse_repeats` are
            null.
        asked_at (datetime.datetime):
        asked_by (str):
        ended_at (datetime.datetime | None):
        id (UUID):
        refusal (FitRefusal | None): null unless it was refused
        state (str): `waiting`: no worker has begun
        version (None | str): the fit, such as markov@3; null until it is done
    """

    asked: FitAsked
    asked_at: datetime.datetime
    asked_by: str
    ended_at: datetime.datetime | None
    id: UUID
    refusal: FitRefusal | None
    state: str
    version: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.fit_refusal import FitRefusal  # noqa: PLC0415

        asked = self.asked.to_dict()

        asked_at = self.asked_at.isoformat()

        asked_by = self.asked_by

        ended_at: None | str
        if isinstance(self.ended_at, datetime.datetime):
            ended_at = self.ended_at.isoformat()
        else:
            ended_at = self.ended_at

        id = str(self.id)

        refusal: dict[str, Any] | None
        if isinstance(self.refusal, FitRefusal):
            refusal = self.refusal.to_dict()
        else:
            refusal = self.refusal

        state = self.state

        version: None | str
        version = self.version

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "asked": asked,
                "asked_at": asked_at,
                "asked_by": asked_by,
                "ended_at": ended_at,
                "id": id,
                "refusal": refusal,
                "state": state,
                "version": version,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.fit_asked import FitAsked  # noqa: PLC0415
        from ..models.fit_refusal import FitRefusal  # noqa: PLC0415

        d = dict(src_dict)
        asked = FitAsked.from_dict(d.pop("asked"))

        asked_at = datetime.datetime.fromisoformat(d.pop("asked_at"))

        asked_by = d.pop("asked_by")

        def _parse_ended_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                ended_at_type_0 = datetime.datetime.fromisoformat(data)

                return ended_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        ended_at = _parse_ended_at(d.pop("ended_at"))

        id = UUID(d.pop("id"))

        def _parse_refusal(data: object) -> FitRefusal | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                refusal_type_0 = FitRefusal.from_dict(data)

                return refusal_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(FitRefusal | None, data)

        refusal = _parse_refusal(d.pop("refusal"))

        state = d.pop("state")

        def _parse_version(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        version = _parse_version(d.pop("version"))

        fit_request = cls(
            asked=asked,
            asked_at=asked_at,
            asked_by=asked_by,
            ended_at=ended_at,
            id=id,
            refusal=refusal,
            state=state,
            version=version,
        )

        fit_request.additional_properties = d
        return fit_request

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
