"""What a key may collect, as options of commands."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from skeldir.collect import read_order_maps
from skeldir.tenants import KeyTerms, read_origins


class Orders(StrEnum):
    """What becomes of the orders that come with a write key."""

    CLAIMED = "claimed"
    BOOKED = "booked"


OriginOption = Annotated[
    list[str] | None,
    typer.Option(
        help="The origin of pages that may send with a write key, such as https://shop.example; * for every page."
        " Can be repeated."
    ),
]
OrdersOption = Annotated[
    Orders | None,
    typer.Option(
        help="What becomes of orders that pages send: claimed (shown beside the ledger) or booked (entries of it)."
        " Default: claimed."
    ),
]
OrderEventOption = Annotated[
    list[str] | None,
    typer.Option(
        help="An event of your own that is an order: NAME=completed:order_id=PROPERTY,total=PROPERTY,currency=PROPERTY."
        " Can be repeated."
    ),
]


def change_terms(
    terms: KeyTerms,
    origins: list[str] | None,
    orders: Orders | None,
    order_events: list[str] | None,
) -> KeyTerms:
    """Return terms with what the options state; options that are not given leave it.

    Raises:
        InputInvalid: an origin or an event is not readable.
    """
    read_order_maps(order_events or ())
    return KeyTerms(
        terms.origins if origins is None else read_origins(origins),
        terms.books_orders if orders is None else orders is Orders.BOOKED,
        terms.order_events if order_events is None else tuple(order_events),
    )
