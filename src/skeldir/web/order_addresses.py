"""The addresses of orders, whose ids are whatever a shop has sent."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from skeldir.web.addresses import address

ORDERS: Final = "/orders"
ORDER_BY_QUERY: Final = "/order"
# Browsers take dots for steps between folders, even if they are escaped, and proxies join slashes.
_IN_PATH: Final = re.compile(r"(?!\.)[^/\\\s\x00-\x1f\x7f]+")


def address_of_order(order_id: str, **parameters: str | None) -> str:
    """Return the address of an order's page: with its id in the path, or, where that could be changed, in the query."""
    if _IN_PATH.fullmatch(order_id):
        return address(f"{ORDERS}/{quote(order_id, safe='')}", **parameters)
    return address(ORDER_BY_QUERY, id=order_id, **parameters)
