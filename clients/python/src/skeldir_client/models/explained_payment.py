from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.unbooked_entry import UnbookedEntry


T = TypeVar("T", bound="ExplainedPayment")


@_attrs_define
class ExplainedPayment:
    """A payment of the order that webhooks reported, with what they reported besides the entries.

    Attributes:
        evidence (list[UnbookedEntry]): not booked because another provider's report of the money is
        flags (list[str]): what should not be, such as `over_refunded`
        is_renewal (bool | None): null if no delivery says so: it is of no subscription
        journey (None | str): `token` if a journey token came with it, `derived` if a touch was derived from the order,
            `erased` if the join was erased
        providers (list[str]): who reported it
        state (str): such as `captured` or `disputed`; see `GET /v1/payments`
        waiting (list[UnbookedEntry]): not booked yet, such as a refund before its capture
    """

    evidence: list[UnbookedEntry]
    flags: list[str]
    is_renewal: bool | None
    journey: None | str
    providers: list[str]
    state: str
    waiting: list[UnbookedEntry]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        evidence = []
        for evidence_item_data in self.evidence:
            evidence_item = evidence_item_data.to_dict()
            evidence.append(evidence_item)

        flags = self.flags

        is_renewal: bool | None
        is_renewal = self.is_renewal

        journey: None | str
        journey = self.journey

        providers = self.providers

        state = self.state

        waiting = []
        for waiting_item_data in self.waiting:
            waiting_item = waiting_item_data.to_dict()
            waiting.append(waiting_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "evidence": evidence,
                "flags": flags,
                "is_renewal": is_renewal,
                "journey": journey,
                "providers": providers,
                "state": state,
                "waiting": waiting,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.unbooked_entry import UnbookedEntry  # noqa: PLC0415

        d = dict(src_dict)
        evidence = []
        _evidence = d.pop("evidence")
        for evidence_item_data in _evidence:
            evidence_item = UnbookedEntry.from_dict(evidence_item_data)

            evidence.append(evidence_item)

        flags = cast(list[str], d.pop("flags"))

        def _parse_is_renewal(data: object) -> bool | None:
            if data is None:
                return data
            return cast(bool | None, data)

        is_renewal = _parse_is_renewal(d.pop("is_renewal"))

        def _parse_journey(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        journey = _parse_journey(d.pop("journey"))

        providers = cast(list[str], d.pop("providers"))

        state = d.pop("state")

        waiting = []
        _waiting = d.pop("waiting")
        for waiting_item_data in _waiting:
            waiting_item = UnbookedEntry.from_dict(waiting_item_data)

            waiting.append(waiting_item)

        explained_payment = cls(
            evidence=evidence,
            flags=flags,
            is_renewal=is_renewal,
            journey=journey,
            providers=providers,
            state=state,
            waiting=waiting,
        )

        explained_payment.additional_properties = d
        return explained_payment

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
