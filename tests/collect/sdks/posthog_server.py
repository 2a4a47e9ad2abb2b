"""Sends a page view and an order for each line that it reads, with PostHog's library for Python: NAME ADDRESS KEY."""

from __future__ import annotations

import sys

from posthog import Posthog

name, address, key = sys.argv[1:]
client = Posthog(
    key,
    host=address,
    gzip=name != "posthog-plain",
    capture_mode="v1" if name == "posthog-each" else "v0",
    max_retries=20,
)
for line in sys.stdin:
    word = line.strip()
    visitor = f"{name}-{word}"
    url = f"https://shop.example/{word}?utm_source={name}"
    client.capture("$pageview", distinct_id=visitor, properties={"$current_url": url})
    order = {"order": visitor, "amount": 27.5, "cur": "EUR"}
    client.capture("purchase", distinct_id=visitor, properties=order)
    client.set(distinct_id=visitor, properties={"email": "ada@example.com"})
    client.flush(None)
    sys.stdout.write(f"delivered {word}\n")
    sys.stdout.flush()
