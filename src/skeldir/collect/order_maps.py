"""How a tenant's own events name orders: maps as an operator writes them, and applied. Pure.

A map is written as `EVENT=KIND:FIELD=PROPERTY,…`, for example
`purchase=completed:order_id=order,total=amount,currency=currency`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, get_args

from skeldir.collect.mapped import ORDER_KINDS, OrderEvent, OrderKind, OrderMap
from skeldir.errors import InputInvalid

ORDER_FIELDS: Final = ("order_id", "currency", "total", "revenue", "tax", "shipping", "discount")
"""The fields of an OrderEvent that a map may name."""
MOST_ORDER_MAPS: Final = 50
LONGEST_NAME: Final = 200
"""Characters of an event's or a property's name."""

_SUMS: Final = frozenset(ORDER_FIELDS) - {"order_id", "currency"}
_EXAMPLE: Final = "purchase=completed:order_id=order,total=amount,currency=currency"
_CURE: Final = f"Write it as EVENT=KIND:FIELD=PROPERTY,…, for example {_EXAMPLE}."


def apply_order_map(
    order_map: OrderMap,
    properties: Mapping[str, object],
    *,
    message_id: str,
    at: datetime,
    journey: str | None,
) -> OrderEvent:
    """Return what an event says of an order, by the tenant's map. Values are as sent; what is missing is None."""

    def value_of(field: str) -> object:
        name = order_map.fields.get(field)
        return None if name is None else properties.get(name)

    return OrderEvent(
        order_map.kind,
        message_id,
        value_of("order_id"),
        at,
        journey,
        currency=value_of("currency"),
        total=value_of("total"),
        revenue=value_of("revenue"),
        tax=value_of("tax"),
        shipping=value_of("shipping"),
        discount=value_of("discount"),
    )


def read_order_maps(texts: Sequence[str]) -> dict[str, OrderMap]:
    """Return the maps that an operator wrote, by the name of their event.

    The name of an event ends at the first `=`, that of a kind at the next `:`. Spaces around names are no part of them.

    Raises:
        InputInvalid: a text is no map, a map lacks what its kind needs, or an event has two maps.
    """
    maps: dict[str, OrderMap] = {}
    for text in texts:
        event, equals, rest = text.partition("=")
        kind, colon, pairs = rest.partition(":")
        if not equals or not colon:
            raise InputInvalid(f"The map of an order event {text[:80]!r} has no kind.", cure=_CURE)
        fields: dict[str, str] = {}
        for pair in pairs.split(","):
            field, mark, name = pair.partition("=")
            if not mark:
                raise InputInvalid(
                    f"{pair.strip()[:80]!r} names no field and property.", cure=_CURE
                )
            if field.strip() in fields:
                raise InputInvalid(
                    f"The field {field.strip()[:80]} is named twice.",
                    cure="Name one property for each field.",
                )
            fields[field.strip()] = name.strip()
        _add(maps, event.strip(), kind.strip(), fields)
    return maps


def _add(maps: dict[str, OrderMap], event: str, kind: str, fields: Mapping[str, str]) -> None:
    """Add a map. Raises InputInvalid, as `read_order_maps` does."""
    name = _require_name(event, "The name of the event")
    if name in maps:
        raise InputInvalid(f"The event {name[:80]!r} has two maps.", cure="Write one map for it.")
    if len(maps) == MOST_ORDER_MAPS:
        raise InputInvalid(
            f"There are more than {MOST_ORDER_MAPS} maps of order events.",
            cure="Name only the events that say something of an order.",
        )
    known = _require_kind(kind)
    properties: dict[str, str] = {}
    for field, property_name in fields.items():
        if field not in ORDER_FIELDS:
            raise InputInvalid(
                f"An order has no field {field[:80]!r}.",
                cure=f"Use one of {', '.join(ORDER_FIELDS)}.",
            )
        properties[field] = _require_name(property_name, f"The property for {field}")
    _require_fields(known, properties)
    maps[name] = OrderMap(known, properties)


def _require_name(value: str, what: str) -> str:
    if 0 < len(value) <= LONGEST_NAME and value.isprintable():
        return value
    raise InputInvalid(
        f"{what} is empty, or no text of at most {LONGEST_NAME} characters.", cure=_CURE
    )


def _require_kind(value: str) -> OrderKind:
    kinds: tuple[OrderKind, ...] = get_args(OrderKind)
    for kind in kinds:
        if kind == value:
            return kind
    raise InputInvalid(
        f"{value[:80]!r} is no kind of an order event.",
        cure=f"Use one of {', '.join(ORDER_KINDS)}.",
    )


def _require_fields(kind: OrderKind, fields: Mapping[str, str]) -> None:
    """Check that a map names what its kind needs, since no order and no currency is ever assumed."""
    sums = _SUMS.intersection(fields)
    if "order_id" not in fields:
        missing = "the order's id"
    elif kind in ("completed", "updated") and not sums.intersection(("total", "revenue")):
        missing = "a sum, in total or revenue"
    elif sums and "currency" not in fields:
        missing = "the currency of its sums"
    else:
        return
    raise InputInvalid(f"The map of the kind {kind} names no property for {missing}.", cure=_CURE)
