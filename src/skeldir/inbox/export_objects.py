"""Wraps objects of a provider's API into the bodies that its webhooks would have delivered. Pure.

The same ids make the same movements, so what was delivered already is not booked again. The times are those of an
object's own fields, which are at most some seconds before those of its event. A charge that was captured later than it
was authorized does not say when, unless its balance transaction is expanded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from skeldir.inbox.fields import Json, list_of, mapping_of, moment_of_unix
from skeldir.inbox.paypal_events import linked_of
from skeldir.inbox.saying import EndpointProvider
from skeldir.inbox.stripe_events import runs_of

# Objects are read as this version shows them: what is released of an authorization is no refund.
_STRIPE_VERSION: Final = "2025-03-31.basil"
_ENDED: Final = frozenset({"failed", "canceled"})
_CHARGE_EVENTS: Final[Mapping[str, str]] = {
    "failed": "charge.failed",
    "pending": "charge.pending",
}
# By the object and its status: objects that join names.
_LINKS: Final[Mapping[tuple[str, str], str]] = {
    ("payment_intent", "succeeded"): "payment_intent.succeeded",
    ("checkout.session", "complete"): "checkout.session.completed",
    ("invoice", "paid"): "invoice.paid",
    ("invoice_payment", "paid"): "invoice_payment.paid",
}


def bodies_of(
    provider: EndpointProvider, about: Json, *, account: str = "", books_totals: bool = False
) -> Iterator[Json]:
    """Yield the bodies that stand for an object; none for objects that say nothing here. Bodies stay as they are.

    `account` is Stripe's connected account that the object is of. `books_totals` as in `Context`.
    """
    match provider:
        case "stripe":
            for body in _stripe(about, books_totals=books_totals):
                yield {**body, "account": account} if account else body
        case "shopify":
            yield from _shopify(about)
        case "paypal":
            yield from _paypal(about)
        case _:
            # WooCommerce delivers orders as its API has them, with all their refunds.
            yield about


# Stripe


def _stripe(about: Json, *, books_totals: bool) -> Iterator[Json]:
    kind, status = about.get("object"), about.get("status")
    match kind:
        case "event":
            yield about
        case "charge":
            yield from _charge(about, books_totals=books_totals)
        case "refund":
            yield _refund(about)
        case "dispute":
            yield from _dispute(about)
        case "balance_transaction":
            source = mapping_of(about, "source")
            if source and source.get("object") in ("charge", "refund"):
                with_time = {**source, "balance_transaction": about}
                yield from _stripe(with_time, books_totals=books_totals)
        case _:
            type_ = _LINKS.get((str(kind), str(status)))
            if type_ is not None:
                yield _event(type_, about, about.get("created"))


def _event(type_: str, about: Json, created: object) -> Json:
    return {
        "object": "event",
        "type": type_,
        "api_version": _STRIPE_VERSION,
        "created": created,
        "livemode": about.get("livemode"),
        "data": {"object": about},
    }


def _moved_at(about: Json) -> object:
    """Return when the money moved: that of the balance transaction if it is expanded, else when the object was made."""
    booked_at = mapping_of(about, "balance_transaction").get("created")
    return booked_at if moment_of_unix(booked_at) else about.get("created")


def _charge(about: Json, *, books_totals: bool) -> Iterator[Json]:
    type_ = _CHARGE_EVENTS.get(str(about.get("status")), "charge.succeeded")
    is_captured = about.get("captured") is True
    yield _event(type_, about, _moved_at(about) if is_captured else about.get("created"))
    refunds = sorted(
        (one for one in list_of(mapping_of(about, "refunds"), "data")),
        key=lambda one: (str(one.get("created")), str(one.get("id"))),
    )
    if not books_totals:
        for one in refunds:
            yield _refund({"charge": about.get("id"), **one})
        if about.get("amount_refunded"):
            # Only compared with the refunds: one that is missing is flagged.
            yield _event("charge.refunded", about, about.get("created"))
        return
    reached = 0
    for one in refunds:
        amount = one.get("amount")
        if isinstance(amount, int) and one.get("status") not in _ENDED:
            reached += amount
            yield _event("charge.refunded", {**about, "amount_refunded": reached}, _moved_at(one))
    if about.get("amount_refunded") and not refunds:
        # Without a time it is not booked, and is reported: the list has to be fetched with the refunds expanded.
        yield _event("charge.refunded", about, None)


def _refund(about: Json) -> Json:
    has_ended = about.get("status") in _ENDED
    return _event("refund.failed" if has_ended else "refund.created", about, _moved_at(about))


def _dispute(about: Json) -> Iterator[Json]:
    status, created = str(about.get("status")), about.get("created")
    yield _event("charge.dispute.created", about, created)
    runs = runs_of(about)
    ends = [created]
    listed: list[Json] = []
    for sign, run in runs:
        listed += run
        ends.append(run[0].get("created"))
        so_far = {**about, "balance_transactions": list(listed)}
        type_ = "funds_withdrawn" if sign < 0 else "funds_reinstated"
        yield _event(f"charge.dispute.{type_}", so_far, run[0].get("created"))
    if not runs and status in ("needs_response", "under_review", "won", "lost"):
        yield _event("charge.dispute.funds_withdrawn", about, created)
        if status == "won":
            yield _event("charge.dispute.funds_reinstated", about, created)
    if status in ("won", "lost", "warning_closed", "prevented"):
        moments = [one for one in ends if isinstance(one, int)]
        yield _event("charge.dispute.closed", about, max(moments, default=created))


# Shopify


def _shopify(about: Json) -> Iterator[Json]:
    """Yield an order and the transactions in it, or any other object as it is."""
    yield about
    if "financial_status" not in about:
        return
    of_refunds = [list_of(one, "transactions") for one in list_of(about, "refunds")]
    for transactions in (list_of(about, "transactions"), *of_refunds):
        for one in transactions:
            yield {"order_id": about.get("id"), **one}


# PayPal


def _paypal(about: Json) -> Iterator[Json]:
    if "event_type" in about:
        yield about
    elif "purchase_units" in about:
        yield _paypal_event("CHECKOUT.ORDER.COMPLETED", about)
        related = {"related_ids": {"order_id": about.get("id")}}
        for unit in list_of(about, "purchase_units"):
            payments = mapping_of(unit, "payments")
            for one in (*list_of(payments, "captures"), *list_of(payments, "refunds")):
                yield from _paypal({"supplementary_data": related, **one})
    else:
        selves = [one for one in list_of(about, "links") if one.get("rel") == "self"]
        noun = next((found[0] for one in selves if (found := linked_of(one))), "")
        if noun == "capture" or "seller_receivable_breakdown" in about:
            yield _paypal_event("PAYMENT.CAPTURE.COMPLETED", about)
        elif noun == "refund" or "seller_payable_breakdown" in about:
            yield _paypal_event("PAYMENT.CAPTURE.REFUNDED", about)


def _paypal_event(type_: str, resource: Json) -> Json:
    return {
        "event_type": type_,
        "create_time": resource.get("create_time"),
        "resource": resource,
    }
