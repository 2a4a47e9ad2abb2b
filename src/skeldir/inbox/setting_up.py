"""What to enter at a provider so that it delivers to an endpoint, and what a shop adds to its checkout. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from skeldir.errors import InputInvalid
from skeldir.inbox.endpoints import EndpointOptions
from skeldir.inbox.saying import EndpointProvider

LOCAL_BASE: Final = "http://127.0.0.1:8000"
"""Where `skeldir up` and `skeldir serve` answer, as long as nothing else is set."""

STRIPE_VERSION: Final = "2025-03-31.basil"
STRIPE_EVENTS: Final = (
    "charge.succeeded",
    "charge.captured",
    "charge.pending",
    "charge.failed",
    "charge.expired",
    "charge.refunded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.refund.updated",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "payment_intent.succeeded",
    "payment_intent.canceled",
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "invoice.paid",
    "invoice_payment.paid",
)
SHOPIFY_TOPICS: Final = (
    "orders/create",
    "orders/updated",
    "orders/paid",
    "orders/cancelled",
    "order_transactions/create",
    "refunds/create",
    "disputes/create",
    "disputes/update",
    "app/uninstalled",
)
SHOPIFY_PRIVACY_TOPICS: Final = ("customers/data_request", "customers/redact", "shop/redact")
PAYPAL_EVENTS: Final = (
    "PAYMENT.AUTHORIZATION.CREATED",
    "PAYMENT.AUTHORIZATION.VOIDED",
    "PAYMENT.CAPTURE.COMPLETED",
    "PAYMENT.CAPTURE.PENDING",
    "PAYMENT.CAPTURE.DECLINED",
    "PAYMENT.CAPTURE.DENIED",
    "PAYMENT.CAPTURE.REFUNDED",
    "PAYMENT.CAPTURE.REVERSED",
    "PAYMENT.REFUND.PENDING",
    "PAYMENT.REFUND.FAILED",
    "PAYMENT.SALE.COMPLETED",
    "PAYMENT.SALE.PENDING",
    "PAYMENT.SALE.DENIED",
    "PAYMENT.SALE.REFUNDED",
    "PAYMENT.SALE.REVERSED",
    "CHECKOUT.ORDER.APPROVED",
    "CHECKOUT.ORDER.COMPLETED",
    "CUSTOMER.DISPUTE.CREATED",
    "CUSTOMER.DISPUTE.UPDATED",
    "CUSTOMER.DISPUTE.RESOLVED",
)


@dataclass(frozen=True, slots=True)
class Steps:
    """What to do at the provider, in order, and the lines with which a shop hands over the journey's token."""

    at_provider: tuple[str, ...]
    in_shop: tuple[str, ...]


def address_of(base: str, provider: EndpointProvider, token: str) -> str:
    """Return the address of an endpoint under the address at which the API is reached.

    Raises:
        InputInvalid: the base is not an http or https address of a host.
    """
    if not _is_base(base):
        raise InputInvalid(
            "This is not an address of the API.",
            cure="Give it as https://your.host, with the path under which a proxy serves the API if there is one.",
        )
    return f"{base.rstrip('/')}/v1/webhooks/{provider}/{token}"


def _is_base(base: str) -> bool:
    try:
        parts = urlsplit(base)
        has_port = (parts.port or 1) > 0
    except ValueError:
        return False
    plain = base.isascii() and base.isprintable() and " " not in base
    extras = parts.query or parts.fragment or "@" in parts.netloc
    is_http = parts.scheme in ("http", "https")
    return plain and is_http and has_port and bool(parts.hostname) and not extras


def is_reachable(address: str) -> bool:
    """Return whether a provider may deliver to an address: all of them want https, and a host that is not this one."""
    parts = urlsplit(address)
    return parts.scheme == "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1")


def steps_of(options: EndpointOptions, address: str) -> Steps:
    """Return the steps that set up an endpoint with these options at this address."""
    match options.provider:
        case "stripe":
            return Steps(_stripe(options, address), _stripe_shop(options))
        case "shopify":
            return Steps(_shopify(options, address), _shopify_shop(options))
        case "paypal":
            return Steps(_paypal(options, address), _paypal_shop())
        case "woocommerce":
            return Steps(_woocommerce(options, address), _woocommerce_shop(options))
        case "standard":
            return Steps(_standard(address), _standard_shop(options))


def _stripe(options: EndpointOptions, address: str) -> tuple[str, ...]:
    mode = "in live mode" if options.is_live else "in a sandbox or in test mode"
    version = (
        "Keep the API version that it has: with --refunds-as-totals, older ones than "
        f"{STRIPE_VERSION} work, too."
        if options.books_totals
        else f"As API version choose {STRIPE_VERSION} or a later one; it cannot be changed afterwards. Older ones "
        "report the release of an authorization as a refund."
    )
    return (
        f"In Stripe's Dashboard, {mode}, open Developers > Webhooks and add a destination.",
        f"Events from: your account. Payload style: snapshot, not thin. {version}",
        f"Select these events: {_list(STRIPE_EVENTS)}.",
        f"As endpoint URL enter {address}",
        "Create it, reveal its signing secret (whsec_…), and enter that with the command below.",
    )


def _shopify(options: EndpointOptions, address: str) -> tuple[str, ...]:
    return (
        (
            f"Take an app of your own that is installed in {options.account}, with the scopes read_orders and "
            "read_shopify_payments_disputes."
        ),
        (
            f'In its shopify.app.toml, add to [[webhooks.subscriptions]]: uri = "{address}" and topics = '
            f"[{_list(SHOPIFY_TOPICS, quote=True)}]. Leave out filters, include_fields and Events."
        ),
        (
            f"In another [[webhooks.subscriptions]] with the same uri: compliance_topics = "
            f"[{_list(SHOPIFY_PRIVACY_TOPICS, quote=True)}]."
        ),
        "Run `shopify app deploy`.",
        "The secret is the app's client secret; enter it with the command below.",
        (
            "Webhooks that are made in the shop's Settings > Notifications are signed with another secret, which that "
            "page shows. If you make them there instead, enter that one; both ways at one endpoint do not work."
        ),
    )


def _paypal(options: EndpointOptions, address: str) -> tuple[str, ...]:
    mode = "Live" if options.is_live else "Sandbox"
    return (
        f"At developer.paypal.com, open Apps & Credentials, switch to {mode}, and open your app.",
        f"Add a webhook with the URL {address}",
        f"Select these events: {_list(PAYPAL_EVENTS)}.",
        "Save it, copy its Webhook ID from the list, and enter that with the command below: it stands for the secret.",
        "Do not use the webhooks simulator: its events never verify. Make a payment in the sandbox.",
    )


def _woocommerce(options: EndpointOptions, address: str) -> tuple[str, ...]:
    del options
    return (
        "In WordPress, as an administrator who stays one, open WooCommerce > Settings > Advanced > Webhooks.",
        "Add a webhook: Status Active, Topic Order created, API Version WP REST API Integration v3.",
        f"As Delivery URL enter {address}",
        "As Secret enter the one that was printed with the address, exactly, and save.",
        (
            "Add a second webhook with the Topic Order updated and otherwise the same entries: payments and refunds "
            "come through it."
        ),
        (
            "WordPress delivers only to public addresses, and to ports 80, 443 and 8080. It does not try again, and "
            "disables a webhook after some failures in a row: look at its Status after the first orders."
        ),
    )


def _standard(address: str) -> tuple[str, ...]:
    return (
        f"Let the sender deliver by POST to {address}",
        (
            "Give it the secret that was printed with the address; it signs as Standard Webhooks 1.0.0 describes, with "
            "the headers webhook-id, webhook-timestamp and webhook-signature."
        ),
        "Send the body that docs/webhooks.md describes, with an id that stays the same when a delivery is repeated.",
    )


def _stripe_shop(options: EndpointOptions) -> tuple[str, ...]:
    return (
        "client_reference_id: journey,",
        f"metadata: {{ {options.order_name}: order.id, {options.journey_name}: journey }},",
    )


def _shopify_shop(options: EndpointOptions) -> tuple[str, ...]:
    return (
        "fetch('/cart/update.js', { method: 'POST', headers: { 'Content-Type': 'application/json' },",
        f"  body: JSON.stringify({{ attributes: {{ {options.journey_name}: journey }} }}) }});",
    )


def _paypal_shop() -> tuple[str, ...]:
    return ("custom_id: journey,", "invoice_id: order.id,")


def _woocommerce_shop(options: EndpointOptions) -> tuple[str, ...]:
    name = options.journey_name
    return (
        (
            f"add_action('woocommerce_checkout_create_order', $keep = fn($order) => $order->update_meta_data('{name}', "
            f"sanitize_text_field($_COOKIE['{name}'] ?? '')));"
        ),
        "add_action('woocommerce_store_api_checkout_update_order_from_request', $keep);",
    )


def _standard_shop(options: EndpointOptions) -> tuple[str, ...]:
    return (
        f'"{options.order_name}": order.id,',
        f'"{options.journey_name}": journey,',
    )


def _list(names: Sequence[str], *, quote: bool = False) -> str:
    return ", ".join(f'"{name}"' if quote else name for name in names)
