"""From the bytes of a delivery to what can be recorded: checked by its signature, then translated. No database."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from skeldir.inbox import paypal, shopify, standard, stripe, woocommerce
from skeldir.inbox.fields import Json, JsonUnreadable, id_of, read_json
from skeldir.inbox.recording import Arrival
from skeldir.inbox.saying import CLOCK_ERROR, Context, EndpointProvider, Said, Trouble, moment_of

if TYPE_CHECKING:
    from skeldir.inbox.endpoints import Endpoint
    from skeldir.inbox.signatures import Verdict

# Their times come from the clock of the merchant's own server.
_OWN_CLOCKS: Final[frozenset[EndpointProvider]] = frozenset({"woocommerce", "standard"})
LARGEST_DELIVERY: Final = 1024 * 1024
"""Bytes of a delivery's body."""

_TRANSLATORS: Final[Mapping[EndpointProvider, Callable[[Json, Context], Said]]] = {
    "stripe": stripe.translate,
    "shopify": shopify.translate,
    "woocommerce": woocommerce.translate,
    "paypal": paypal.translate,
    "standard": standard.translate,
}
# Headers that are kept if they are ids or words: they help to find a delivery at its provider. They are not signed, so
# nothing else follows.
_KEPT_HEADERS: Final = (
    "x-shopify-topic",
    "x-shopify-webhook-id",
    "x-shopify-event-id",
    "x-shopify-api-version",
    "x-wc-webhook-id",
    "x-wc-webhook-delivery-id",
    "x-wc-webhook-topic",
    "paypal-transmission-id",
    "webhook-id",
)


def translate(provider: EndpointProvider, body: bytes, context: Context) -> Said:
    """Return what the body of a genuine delivery says; that it is of the other mode, live or test, is a trouble."""
    try:
        fields = read_json(body)
    except JsonUnreadable as error:
        return Said(type="unreadable", trouble=error.trouble)
    return translate_fields(provider, fields, context)


def translate_fields(provider: EndpointProvider, fields: Json, context: Context) -> Said:
    """Return what the fields of a body say, as `translate` does."""
    said = _TRANSLATORS[provider](fields, context)
    if said.is_live is not None and said.is_live is not context.is_live:
        found, wanted = ("live", "test") if said.is_live else ("test", "live")
        return Said(
            type=said.type,
            reported_at=said.reported_at,
            event_id=said.event_id,
            is_live=said.is_live,
            trouble=Trouble("wrong_mode", f"A {found} delivery came to a {wanted} endpoint."),
            kept=said.kept,
        )
    latest = context.now + CLOCK_ERROR
    if provider in _OWN_CLOCKS and any(moment_of(fact) > latest for fact in said.facts):
        # Money of a day to come would be in no report, and change it when that day is there.
        trouble = Trouble("time_in_the_future", "The time of the event is more than a day ahead.")
        return replace(said, facts=(), trouble=trouble)
    return said


def arrive(
    endpoint: Endpoint,
    headers: Mapping[str, str],
    body: bytes,
    *,
    verdict: Verdict,
    now: datetime,
) -> Arrival:
    """Return what is recorded of a delivery that `verdict` accepted; `headers` have lower-case names."""
    if verdict.outcome == "events_delivery":
        said = Said(
            type="events",
            trouble=Trouble(
                "wrapped_event",
                "This is a delivery of the newer kind, `Events`; subscribe to webhook topics instead.",
            ),
        )
    else:
        said = translate(endpoint.provider, body, endpoint.context(now))
    # An id that is signed apart from the body names the delivery: a body that was exchanged cannot make it a new one.
    event_id = verdict.event_id or said.event_id
    shown_id = id_of(event_id) or ""
    if shown_id != said.event_id:
        said = replace(said, event_id=shown_id)
    digest = digest_of(endpoint, event_id, body)
    if verdict.outcome == "events_delivery":
        # Only an unsigned header makes it one: it must not take the place of the delivery with the same body.
        digest = hashlib.sha256(b"events" + digest).digest()
    return Arrival(
        endpoint.tenant_id, endpoint.id, endpoint.provider, said, digest, _kept_of(headers)
    )


def digest_of(endpoint: Endpoint, event_id: str, body: bytes) -> bytes:
    """Return the digest of a delivery's identity: its signed id, or without one its body."""
    identity = event_id.encode() if event_id else hashlib.sha256(body).digest()
    return hashlib.sha256(endpoint.id.bytes + identity).digest()


def _kept_of(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name in _KEPT_HEADERS
        if name in headers and (value := id_of(headers[name])) is not None
    }
