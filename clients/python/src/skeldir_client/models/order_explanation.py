from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.currency_balance import CurrencyBalance
    from ..models.explained_entry import ExplainedEntry
    from ..models.explained_payment import ExplainedPayment
    from ..models.explained_touch import ExplainedTouch
    from ..models.fixing_capture import FixingCapture
    from ..models.left_out import LeftOut
    from ..models.version_explanation import VersionExplanation
    from ..models.why_set_aside import WhySetAside


T = TypeVar("T", bound="OrderExplanation")


@_attrs_define
class OrderExplanation:
    """Everything that the credit of an order is computed from, as of one moment, and the credit as it is in the sums.

    If the order has more touches, entries or allocations than one answer shows, `left_out` counts the missing ones.

        Attributes:
            awaits_credit (bool): whether a newer fact or model is not yet included in the allocations
            balances (list[CurrencyBalance]):
            capture (FixingCapture | None):
            entries (list[ExplainedEntry]): by time, then business key
            left_out (LeftOut): How much is not shown. If all counts are 0, the credit can be recomputed by hand.

                The exception is an order whose touches were forgotten before journeys were stored.
            order_id (str):
            payments (list[ExplainedPayment]): those that webhooks reported, the newest 20, newest first
            set_aside (None | WhySetAside): why the order is not credited by its journey
            touches (list[ExplainedTouch]): the newest ones in the longest window, by time, then idempotency key
            touches_forgotten_before (datetime.datetime | None): touches before this moment are no longer kept
            versions (list[VersionExplanation]):
    """

    awaits_credit: bool
    balances: list[CurrencyBalance]
    capture: FixingCapture | None
    entries: list[ExplainedEntry]
    left_out: LeftOut
    order_id: str
    payments: list[ExplainedPayment]
    set_aside: None | WhySetAside
    touches: list[ExplainedTouch]
    touches_forgotten_before: datetime.datetime | None
    versions: list[VersionExplanation]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.fixing_capture import FixingCapture  # noqa: PLC0415
        from ..models.why_set_aside import WhySetAside  # noqa: PLC0415

        awaits_credit = self.awaits_credit

        balances = []
        for balances_item_data in self.balances:
            balances_item = balances_item_data.to_dict()
            balances.append(balances_item)

        capture: dict[str, Any] | None
        if isinstance(self.capture, FixingCapture):
            capture = self.capture.to_dict()
        else:
            capture = self.capture

        entries = []
        for entries_item_data in self.entries:
            entries_item = entries_item_data.to_dict()
            entries.append(entries_item)

        left_out = self.left_out.to_dict()

        order_id = self.order_id

        payments = []
        for payments_item_data in self.payments:
            payments_item = payments_item_data.to_dict()
            payments.append(payments_item)

        set_aside: dict[str, Any] | None
        if isinstance(self.set_aside, WhySetAside):
            set_aside = self.set_aside.to_dict()
        else:
            set_aside = self.set_aside

        touches = []
        for touches_item_data in self.touches:
            touches_item = touches_item_data.to_dict()
            touches.append(touches_item)

        touches_forgotten_before: None | str
        if isinstance(self.touches_forgotten_before, datetime.datetime):
            touches_forgotten_before = self.touches_forgotten_before.isoformat()
        else:
            touches_forgotten_before = self.touches_forgotten_before

        versions = []
        for versions_item_data in self.versions:
            versions_item = versions_item_data.to_dict()
            versions.append(versions_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "awaits_credit": awaits_credit,
                "balances": balances,
                "capture": capture,
                "entries": entries,
                "left_out": left_out,
                "order_id": order_id,
                "payments": payments,
                "set_aside": set_aside,
                "touches": touches,
                "touches_forgotten_before": touches_forgotten_before,
                "versions": versions,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.currency_balance import CurrencyBalance  # noqa: PLC0415
        from ..models.explained_entry import ExplainedEntry  # noqa: PLC0415
        from ..models.explained_payment import ExplainedPayment  # noqa: PLC0415
        from ..models.explained_touch import ExplainedTouch  # noqa: PLC0415
        from ..models.fixing_capture import FixingCapture  # noqa: PLC0415
        from ..models.left_out import LeftOut  # noqa: PLC0415
        from ..models.version_explanation import VersionExplanation  # noqa: PLC0415
        from ..models.why_set_aside import WhySetAside  # noqa: PLC0415

        d = dict(src_dict)
        awaits_credit = d.pop("awaits_credit")

        balances = []
        _balances = d.pop("balances")
        for balances_item_data in _balances:
            balances_item = CurrencyBalance.from_dict(balances_item_data)

            balances.append(balances_item)

        def _parse_capture(data: object) -> FixingCapture | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                capture_type_0 = FixingCapture.from_dict(data)

                return capture_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(FixingCapture | None, data)

        capture = _parse_capture(d.pop("capture"))

        entries = []
        _entries = d.pop("entries")
        for entries_item_data in _entries:
            entries_item = ExplainedEntry.from_dict(entries_item_data)

            entries.append(entries_item)

        left_out = LeftOut.from_dict(d.pop("left_out"))

        order_id = d.pop("order_id")

        payments = []
        _payments = d.pop("payments")
        for payments_item_data in _payments:
            payments_item = ExplainedPayment.from_dict(payments_item_data)

            payments.append(payments_item)

        def _parse_set_aside(data: object) -> None | WhySetAside:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                set_aside_type_0 = WhySetAside.from_dict(data)

                return set_aside_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | WhySetAside, data)

        set_aside = _parse_set_aside(d.pop("set_aside"))

        touches = []
        _touches = d.pop("touches")
        for touches_item_data in _touches:
            touches_item = ExplainedTouch.from_dict(touches_item_data)

            touches.append(touches_item)

        def _parse_touches_forgotten_before(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                touches_forgotten_before_type_0 = datetime.datetime.fromisoformat(data)

                return touches_forgotten_before_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        touches_forgotten_before = _parse_touches_forgotten_before(d.pop("touches_forgotten_before"))

        versions = []
        _versions = d.pop("versions")
        for versions_item_data in _versions:
            versions_item = VersionExplanation.from_dict(versions_item_data)

            versions.append(versions_item)

        order_explanation = cls(
            awaits_credit=awaits_credit,
            balances=balances,
            capture=capture,
            entries=entries,
            left_out=left_out,
            order_id=order_id,
            payments=payments,
            set_aside=set_aside,
            touches=touches,
            touches_forgotten_before=touches_forgotten_before,
            versions=versions,
        )

        order_explanation.additional_properties = d
        return order_explanation

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
