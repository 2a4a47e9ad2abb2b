"""Signs deliveries as providers do, so that a set-up can be tried without them. Pure."""

from __future__ import annotations

import base64
import hmac
from datetime import datetime

from skeldir.errors import SkeldirError
from skeldir.inbox.saying import EndpointProvider
from skeldir.inbox.secret_forms import read_standard_key


class SigningImpossible(SkeldirError):
    """A delivery cannot be signed with what is known here."""

    code = "signing_impossible"
    status = 422
    title = "The delivery cannot be signed"


def sign(
    provider: EndpointProvider, body: bytes, secret: str, *, now: datetime, event_id: str
) -> dict[str, str]:
    """Return the headers, in lower case, with which a provider would deliver a body at a moment.

    `event_id` names the delivery in them; Stripe's has no such header. Topics and shops are not signed, and not given.

    Raises:
        SigningImpossible: PayPal signs with a key of its own, and a secret of Standard Webhooks must be base64.
    """
    seconds = int(now.timestamp())
    match provider:
        case "stripe":
            signature = _digest(secret.encode(), b"%d.%b" % (seconds, body)).hex()
            return {"stripe-signature": f"t={seconds},v1={signature}"}
        case "shopify":
            signature = _base64(_digest(secret.encode(), body))
            return {"x-shopify-hmac-sha256": signature, "x-shopify-webhook-id": event_id}
        case "woocommerce":
            signature = _base64(_digest(secret.encode(), body))
            return {"x-wc-webhook-signature": signature, "x-wc-webhook-delivery-id": event_id}
        case "standard":
            key = read_standard_key(secret)
            if key is None:
                raise SigningImpossible(
                    "The secret is not base64.", cure="Use the secret that the endpoint was given."
                )
            signed = b"%b.%d.%b" % (event_id.encode(), seconds, body)
            return {
                "webhook-id": event_id,
                "webhook-timestamp": str(seconds),
                "webhook-signature": f"v1,{_base64(_digest(key, signed))}",
            }
        case "paypal":
            raise SigningImpossible(
                "Only PayPal can sign as PayPal: it uses a private key.",
                cure="Make a payment in PayPal's sandbox. Its simulator does not help: its events never verify.",
            )


def _digest(key: bytes, signed: bytes) -> bytes:
    return hmac.digest(key, signed, "sha256")


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
