"""What an order of Shopify says besides its names: its journey, its visit, its parts and its state. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from skeldir.inbox.fields import Json, list_of, mapping_of, moment_of_text, token_of, word_of
from skeldir.inbox.saying import Context, Notice, NoticeKind, Part, PartName, Visit
from skeldir.inbox.wire_money import MoneyUnreadable, read_currency, read_decimal

_ORDER_NOTICES: Final[Mapping[str, NoticeKind]] = {
    "authorized": "authorized",
    "voided": "voided",
    "expired": "voided",
}
# Shopify documents no values of `source_name` (unchecked): merchants saw the first until October 2025, then the second.
# A one-time charge to a subscription's payment method has them too.
_RENEWAL_SOURCES: Final = frozenset({"subscription_contract", "subscription_contract_checkout_one"})
# Where the shop itself took the order: no sales channel that could have brought the buyer.
_OWN_SOURCES: Final = _RENEWAL_SOURCES | {"web", "pos", "shopify_draft_order", "iphone", "android"}
_PARTS: Final[Mapping[PartName, tuple[str, str | None]]] = {
    "gross": ("total_price_set", "total_price"),
    "tax": ("total_tax_set", "total_tax"),
    "shipping": ("total_shipping_price_set", None),
    "discount": ("total_discounts_set", "total_discounts"),
}
_LONGEST_ADDRESS: Final = 2000


def order_notices(body: Json, number: str, reported_at: datetime | None) -> Iterator[Notice]:
    """Yield the state of an order with this number, as its own fields have it."""
    cancelled_at = moment_of_text(body.get("cancelled_at"))
    if cancelled_at is not None:
        yield Notice("cancelled", number, cancelled_at)
    notice = _ORDER_NOTICES.get(word_of(body.get("financial_status")) or "")
    if notice is not None and reported_at is not None:
        yield Notice(notice, number, reported_at)


def read_journey(body: Json, context: Context) -> str | None:
    """Return the journey's token from the order's note attributes; None if there is none."""
    named = (
        token_of(one.get("value"))
        for one in list_of(body, "note_attributes")
        if one.get("name") == context.journey_name
    )
    return next(filter(None, named), None)


def is_renewal(body: Json) -> bool | None:
    """Return True for a later payment of a subscription; None for an order that may be of any kind."""
    return True if word_of(body.get("source_name")) in _RENEWAL_SOURCES else None


def read_visit(body: Json) -> Visit | None:
    """Return where the buyer came from, if the order knows; a sales channel counts where there is no landing page."""
    source = word_of(body.get("source_name"))
    landing = _address_of(body.get("landing_site"))
    referrer = _address_of(body.get("referring_site"))
    channel = source if source not in _OWN_SOURCES and landing is None else None
    visit = Visit(source=channel, landing=landing, referrer=referrer)
    return visit if visit != Visit() else None


def _address_of(value: object) -> str | None:
    text = value.strip() if isinstance(value, str) else ""
    return text if text and len(text) <= _LONGEST_ADDRESS and text.isprintable() else None


def read_parts(body: Json) -> tuple[Part, ...]:
    """Return the parts of the order's total that can be read, in the shop's currency."""
    parts: list[Part] = []
    for name, (set_name, plain_name) in _PARTS.items():
        money = mapping_of(mapping_of(body, set_name), "shop_money")
        amount, code = money.get("amount"), money.get("currency_code")
        if amount is None and plain_name is not None:
            amount, code = body.get(plain_name), body.get("currency")
        try:
            currency = read_currency(code)
            parts.append(Part(name, read_decimal(amount, currency), currency))
        except MoneyUnreadable:
            continue
    return tuple(parts)
