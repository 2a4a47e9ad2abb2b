"""Recognises by its fields whose an object of an export is, and orders whose money is not in the file. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from skeldir.inbox.fields import Json, list_of
from skeldir.inbox.paypal_events import linked_of
from skeldir.inbox.saying import EndpointProvider
from skeldir.inbox.shopify_bodies import kind_of, number_of
from skeldir.inbox.wire_money import MoneyUnreadable, read_currency, read_decimal

_OF_PAYPAL: Final = frozenset(
    ["event_type", "purchase_units", "seller_receivable_breakdown", "seller_payable_breakdown"]
)
_OF_WOOCOMMERCE: Final = frozenset(["date_created_gmt", "date_modified_gmt", "date_paid_gmt"])
_OF_STANDARD: Final = frozenset(["type", "timestamp", "data"])
_PAID: Final = frozenset(["paid", "partially_paid", "partially_refunded", "refunded"])


def _is_paypals(about: Json) -> bool:
    return not _OF_PAYPAL.isdisjoint(about) or any(map(linked_of, list_of(about, "links")))


_SHAPES: Final[Mapping[EndpointProvider, Callable[[Json], bool]]] = {
    "stripe": lambda about: isinstance(about.get("object"), str),
    "woocommerce": lambda about: not _OF_WOOCOMMERCE.isdisjoint(about),
    "paypal": _is_paypals,
    "standard": lambda about: about.keys() >= _OF_STANDARD,
    "shopify": lambda about: kind_of(about) is not None,
}


def find_other_provider(about: Json, provider: EndpointProvider) -> EndpointProvider | None:
    """Return whose an object is if it is certainly not of `provider`; None if it may be."""
    if _SHAPES[provider](about):
        return None
    return next((one for one, is_its in _SHAPES.items() if is_its(about)), None)


def order_without_money(provider: EndpointProvider, about: Json) -> str | None:
    """Return the name of a paid order of Shopify's that comes without its transactions, so that no money is booked."""
    if provider != "shopify" or about.get("financial_status") not in _PAID:
        return None
    number = number_of(about.get("id"))
    if number is None or list_of(about, "transactions") or _is_free(about):
        return None
    return f"shopify:order:{number}"


def _is_free(about: Json) -> bool:
    try:
        return read_decimal(about.get("total_price"), read_currency(about.get("currency"))) == 0
    except MoneyUnreadable:
        return False
