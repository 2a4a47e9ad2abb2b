from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.booked_money import BookedMoney
    from ..models.payment_part import PaymentPart
    from ..models.unbooked_entry import UnbookedEntry


T = TypeVar("T", bound="ListedPayment")


@_attrs_define
class ListedPayment:
    """The state of a payment, and what follows from its deliveries: the sums of its entries, and what is no entry.

    Attributes:
        booked (list[BookedMoney]): what is in the ledger, by currency; empty while nothing is booked
        changed_at (datetime.datetime):
        evidence (list[UnbookedEntry]): not booked because another provider's report of the money is
        flags (list[str]): what should not be, such as `over_refunded`; sorted
        id (UUID):
        is_renewal (bool | None): null if no delivery says so: it is of no subscription
        journey (None | str): whether a journey token came with it, or a touch was derived; `erased`: the join was
            erased
        order_id (None | str): null while no delivery names the order
        parts (list[PaymentPart]):
        providers (list[str]):
        reports (int): deliveries that say something of it
        state (str):
        waiting (list[UnbookedEntry]): not booked yet, such as a refund before its capture
    """

    booked: list[BookedMoney]
    changed_at: datetime.datetime
    evidence: list[UnbookedEntry]
    flags: list[str]
    id: UUID
    is_renewal: bool | None
    journey: None | str
    order_id: None | str
    parts: list[PaymentPart]
    providers: list[str]
    reports: int
    state: str
    waiting: list[UnbookedEntry]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        booked = []
        for booked_item_data in self.booked:
            booked_item = booked_item_data.to_dict()
            booked.append(booked_item)

        changed_at = self.changed_at.isoformat()

        evidence = []
        for evidence_item_data in self.evidence:
            evidence_item = evidence_item_data.to_dict()
            evidence.append(evidence_item)

        flags = self.flags

        id = str(self.id)

        is_renewal: bool | None
        is_renewal = self.is_renewal

        journey: None | str
        journey = self.journey

        order_id: None | str
        order_id = self.order_id

        parts = []
        for parts_item_data in self.parts:
            parts_item = parts_item_data.to_dict()
            parts.append(parts_item)

        providers = self.providers

        reports = self.reports

        state = self.state

        waiting = []
        for waiting_item_data in self.waiting:
            waiting_item = waiting_item_data.to_dict()
            waiting.append(waiting_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "booked": booked,
                "changed_at": changed_at,
                "evidence": evidence,
                "flags": flags,
                "id": id,
                "is_renewal": is_renewal,
                "journey": journey,
                "order_id": order_id,
                "parts": parts,
                "providers": providers,
                "reports": reports,
                "state": state,
                "waiting": waiting,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.booked_money import BookedMoney  # noqa: PLC0415
        from ..models.payment_part import PaymentPart  # noqa: PLC0415
        from ..models.unbooked_entry import UnbookedEntry  # noqa: PLC0415

        d = dict(src_dict)
        booked = []
        _booked = d.pop("booked")
        for booked_item_data in _booked:
            booked_item = BookedMoney.from_dict(booked_item_data)

            booked.append(booked_item)

        changed_at = datetime.datetime.fromisoformat(d.pop("changed_at"))

        evidence = []
        _evidence = d.pop("evidence")
        for evidence_item_data in _evidence:
            evidence_item = UnbookedEntry.from_dict(evidence_item_data)

            evidence.append(evidence_item)

        flags = cast(list[str], d.pop("flags"))

        id = UUID(d.pop("id"))

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

        def _parse_order_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        order_id = _parse_order_id(d.pop("order_id"))

        parts = []
        _parts = d.pop("parts")
        for parts_item_data in _parts:
            parts_item = PaymentPart.from_dict(parts_item_data)

            parts.append(parts_item)

        providers = cast(list[str], d.pop("providers"))

        reports = d.pop("reports")

        state = d.pop("state")

        waiting = []
        _waiting = d.pop("waiting")
        for waiting_item_data in _waiting:
            waiting_item = UnbookedEntry.from_dict(waiting_item_data)

            waiting.append(waiting_item)

        listed_payment = cls(
            booked=booked,
            changed_at=changed_at,
            evidence=evidence,
            flags=flags,
            id=id,
            is_renewal=is_renewal,
            journey=journey,
            order_id=order_id,
            parts=parts,
            providers=providers,
            reports=reports,
            state=state,
            waiting=waiting,
        )

        listed_payment.additional_properties = d
        return listed_payment

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
