"""Sends a page and an order for each line that it reads, with a library for servers: NAME ADDRESS KEY."""

from __future__ import annotations

import importlib
import sys

name, address, key = sys.argv[1:]
module = "segment" if name == "analytics-python" else "rudderstack"
client = importlib.import_module(f"{module}.analytics.client").Client(key, host=address)
for line in sys.stdin:
    word = line.strip()
    visitor = f"{name}-{word}"
    page = {"url": f"https://shop.example/{word}?utm_source={name}"}
    client.page(anonymous_id=visitor, properties=page, context={"page": page})
    order = {"order_id": visitor, "total": 27.5, "currency": "EUR"}
    client.track(anonymous_id=visitor, event="Order Completed", properties=order)
    client.identify("ada@example.com", {"name": "Ada"}, anonymous_id=visitor)
    client.flush()
    sys.stdout.write(f"delivered {word}\n")
    sys.stdout.flush()
