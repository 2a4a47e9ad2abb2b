"""Bodies of deliveries of our own invention, in the form of each provider's, to try a set-up with. Pure.

A refund or a dispute of an order joins the capture of the same order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from skeldir.errors import InputInvalid
from skeldir.inbox.sample_bodies import (
    Body,
    Wishes,
    paypal_back,
    paypal_capture,
    paypal_error,
    shopify_dispute,
    shopify_order,
    shopify_transaction,
    standard,
    stripe,
    stripe_charge,
    stripe_dispute,
    stripe_refund,
    stripe_thin,
    woo_order,
    woo_rights_lost,
)
from skeldir.inbox.saying import EndpointProvider

_NUMBERED: Final = frozenset({"shopify", "woocommerce"})
"""Providers whose orders have numbers as ids."""
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,14}", re.ASCII)
_REFERENCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}", re.ASCII)
LARGEST_AMOUNT: Final = 10**12
"""Minor units of a sample."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A body that can be made; `meaning` says what it stands for."""

    meaning: str
    make: Callable[[Wishes], Body]
    has_journey: bool = False


class SampleUnknown(InputInvalid):
    """There is no such sample of the provider."""

    code = "sample_unknown"
    title = "The sample is not known"


def find_sample(provider: EndpointProvider, name: str) -> Sample:
    """Return a sample of a provider. Raises SampleUnknown."""
    found = SAMPLES[provider].get(name)
    if found is None:
        raise SampleUnknown(
            f"There is no sample {name!r} of {provider}, nor a file of this name.",
            cure=f"Choose one of {', '.join(SAMPLES[provider])}, or give the path of a file with a body.",
        )
    return found


def make_body(provider: EndpointProvider, name: str, wishes: Wishes) -> Body:
    """Return the body of a sample.

    Raises:
        SampleUnknown: there is none of this name.
        InputInvalid: the provider's orders have no such ids, the amount is out of bounds, or the sample has no journey.
    """
    sample = find_sample(provider, name)
    form = _NUMBER if provider in _NUMBERED else _REFERENCE
    if not form.fullmatch(wishes.order):
        kind = "a number" if provider in _NUMBERED else "letters, digits, _ and -"
        raise InputInvalid(
            f"The order cannot be one of {provider}.", cure=f"Give as --order {kind}."
        )
    if not 0 < wishes.minor <= LARGEST_AMOUNT:
        raise InputInvalid("The amount is out of bounds.", cure="Give an --amount above zero.")
    if wishes.journey is not None and not sample.has_journey:
        able = [one for one, other in SAMPLES[provider].items() if other.has_journey]
        raise InputInvalid(
            f"The sample {name!r} has no field for a journey's token.",
            cure=f"Leave out --journey, or send one of {', '.join(able)}, with the same --order.",
        )
    return sample.make(wishes)


SAMPLES: Final[Mapping[EndpointProvider, Mapping[str, Sample]]] = {
    "stripe": {
        "capture": Sample(
            "a charge that was captured",
            lambda one: stripe(one, "charge.succeeded", stripe_charge(one)),
            has_journey=True,
        ),
        "refund": Sample("a refund of a quarter of the amount", stripe_refund),
        "dispute": Sample(
            "a dispute that withdrew the money",
            lambda one: stripe_dispute(one, "funds_withdrawn", "needs_response"),
        ),
        "dispute-won": Sample(
            "the money of the dispute came back",
            lambda one: stripe_dispute(one, "funds_reinstated", "won"),
        ),
        "authorized": Sample(
            "a charge that is not captured yet: books nothing",
            lambda one: stripe(one, "charge.succeeded", stripe_charge(one, is_captured=False)),
            has_journey=True,
        ),
        "thin": Sample("a thin event: not understood", stripe_thin),
    },
    "shopify": {
        "order": Sample("an order: joins, books nothing", shopify_order, has_journey=True),
        "capture": Sample(
            "a transaction that sold", lambda one: shopify_transaction(one, 1, "sale", one.minor)
        ),
        "refund": Sample(
            "a refund of a quarter of the amount",
            lambda one: shopify_transaction(one, 0, "refund", one.part),
        ),
        "dispute": Sample("a chargeback", lambda one: shopify_dispute(one, "needs_response")),
        "dispute-won": Sample("the chargeback was won", lambda one: shopify_dispute(one, "won")),
        "authorized": Sample(
            "an authorization: books nothing",
            lambda one: shopify_transaction(one, 1, "authorization", one.minor),
        ),
        "thin": Sample(
            "a delivery of Shopify's Events: not understood",
            lambda _: {"topic": "Order", "action": "create", "handle": "sample"},
        ),
    },
    "woocommerce": {
        "capture": Sample("a paid order", woo_order, has_journey=True),
        "refund": Sample(
            "the order, a quarter of it refunded",
            lambda one: woo_order(one, refunded=one.part),
            has_journey=True,
        ),
        "unpaid": Sample(
            "an order that waits for its payment: books nothing",
            lambda one: woo_order(one, status="on-hold", is_paid=False),
            has_journey=True,
        ),
        "rights-lost": Sample("an error of the shop: not understood", woo_rights_lost),
    },
    "paypal": {
        "capture": Sample(
            "a completed capture",
            lambda one: paypal_capture(one, "PAYMENT.CAPTURE.COMPLETED", "COMPLETED"),
            has_journey=True,
        ),
        "refund": Sample(
            "a refund of a quarter of the amount",
            lambda one: paypal_back(one, "PAYMENT.CAPTURE.REFUNDED", one.part, f"REF{one.fresh}"),
        ),
        "dispute": Sample(
            "a capture that was reversed",
            lambda one: paypal_back(one, "PAYMENT.CAPTURE.REVERSED", one.minor, f"REV{one.order}"),
        ),
        "unpaid": Sample(
            "a pending capture: books nothing",
            lambda one: paypal_capture(one, "PAYMENT.CAPTURE.PENDING", "PENDING"),
            has_journey=True,
        ),
        "error": Sample("an error of PayPal's API: not understood", paypal_error),
    },
    "standard": {
        "capture": Sample(
            "a captured payment",
            lambda one: standard(one, "captured", one.minor),
            has_journey=True,
        ),
        "refund": Sample(
            "a refund of a quarter of the amount",
            lambda one: standard(one, "refunded", one.part, refund_id=f"ref_{one.fresh}"),
        ),
        "dispute": Sample(
            "a dispute that withdrew the money",
            lambda one: standard(one, "disputed", one.minor, dispute_id=f"dis_{one.order}"),
        ),
        "dispute-won": Sample(
            "the money of the dispute came back",
            lambda one: standard(one, "dispute_won", one.minor, dispute_id=f"dis_{one.order}"),
        ),
        "authorized": Sample(
            "an authorized payment: books nothing",
            lambda one: standard(one, "authorized", None),
            has_journey=True,
        ),
        "thin": Sample(
            "a payment without its amount: not understood",
            lambda one: standard(one, "captured", None),
        ),
    },
}
