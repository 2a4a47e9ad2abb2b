"""The names that people and programs give to columns, in several languages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

NAMES: Final[Mapping[str, str]] = {
    "occurred_at": "occurred_at timestamp event_timestamp event_time event_datetime event_at time datetime date_time"
    " created_at visited_at started_at converted_at ordered_at purchased_at paid_at clicked_at conversion_time"
    " conversion_date order_date order_time purchase_date purchase_time transaction_date visit_time visit_start_time"
    " session_start server_time event_date ts date created datum bestelldatum zeitpunkt erstellt_am date_de_commande"
    " date_commande fecha fecha_de_pedido data data_ordine data_do_pedido besteldatum",
    "journey_key": "journey_key visitor_id visitor anonymous_id user_pseudo_id client_id fullvisitor_id customer_id"
    " customer user_id person_id distinct_id device_id profile_id cookie_id cookie contact_id cid uid"
    " kunden_id kundennummer kunde id_client numero_client"
    " id_cliente klantnummer",
    "session_id": "session_id ga_session_id visit_id session",
    "channel": "channel channel_code channel_name channel_group channel_grouping"
    " default_channel_group session_default_channel_group marketing_channel kanal canal canale",
    "source": "utm_source source traffic_source session_source quelle",
    "medium": "utm_medium medium session_medium",
    "campaign": "utm_campaign campaign campaign_name session_campaign kampagne campagne campana campagna",
    "referrer_host": "referrer_host referrer referer referrer_url page_referrer referring_site",
    "landing_path": "landing_path landing_page landing_site landing_url page_location entry_page landing_page_url",
    "click_ids": "click_ids click_id_kinds",
    "idempotency_key": "idempotency_key event_id message_id row_id uuid id",
    "order_id": "order_id transaction_id order_number order_no order_name order bestellnummer auftragsnummer bestell_nr"
    " numero_de_commande numero_commande commande numero_de_pedido pedido numero_ordine ordine ordernummer",
    "kind": "kind",
    "amount": "amount_cents revenue_cents total_cents amount revenue total total_price total_amount order_total"
    " order_value order_amount conversion_value purchase_revenue transaction_revenue grand_total value betrag"
    " gesamtbetrag gesamtsumme bestellwert umsatz montant montant_total total_ttc importe importo importo_totale"
    " valor_total bedrag totaalbedrag",
    "currency": "currency currency_code currency_iso wahrung waehrung devise moneda valuta moeda",
}
"""Field to its names, the likeliest first, as `plain_name` returns them."""

_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_IN_NAMES: Final = re.compile(r"[^a-z0-9]+")
_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*|[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{2,4}.*|[0-9]{10}([0-9]{3}){0,2}"
)
_AMOUNT: Final = re.compile(r"[-+(]?\W{0,2}[0-9][0-9.,'\s]*\W{0,3}")
# Numbers that are no money, whatever the values look like.
_NO_AMOUNT: Final = re.compile(
    r"(.*_)?(id|ip|date|time|timestamp|hour|day|zip|postcode|phone|quantity|number|count|sku)"
)
_OF_A_PERSON: Final = re.compile(
    r".*(id|key|hash|visitor|user|customer|client|person|contact|profile|device|cookie|kunde|cliente|klant).*"
)


def plain_name(name: str) -> str:
    """Return a name in small ASCII letters with underscores: `createdAt` and `Created at` are `created_at`."""
    return _NOT_IN_NAMES.sub("_", without_case(name)).strip("_")


def without_case(text: str) -> str:
    """Return a text in small letters without accents, with a blank before each hump: `orderId` is `order id`."""
    apart = unicodedata.normalize("NFKD", _HUMP.sub(" ", text).casefold())
    bare = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return bare.replace("\u0142", "l")


def could_be(field: str, name: str, values: Sequence[str]) -> bool:
    """Return whether a column that no name shows could be a field, by its own name or its values."""
    if field == "occurred_at":
        return bool(values) and all(map(_TIME.fullmatch, values))
    if field == "amount":
        is_other = _NO_AMOUNT.fullmatch(plain_name(name)) is not None
        return bool(values) and not is_other and all(map(_AMOUNT.fullmatch, values))
    return _OF_A_PERSON.fullmatch(plain_name(name)) is not None
