"""Sends a page and an order for each line that it reads, with a library for servers: NAME ADDRESS KEY.

Libraries that give up are asked again, as a program would that uses them.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

name, address, key = sys.argv[1:]


def insist(send: Callable[[], object]) -> None:
    """Send until it works."""
    for _ in range(200):
        try:
            send()
        except OSError:  # urllib's errors are such
            time.sleep(0.2)
        else:
            return
    raise TimeoutError


def send_ga4(visitor: str, url: str) -> None:
    """Send with ga4mp."""
    from ga4mp import GtagMP  # noqa: PLC0415  # one library is needed in each process

    client = GtagMP(api_secret=key, measurement_id="G-TEST", client_id=visitor)
    client._base_domain = address + "/mp/collect"  # noqa: SLF001  # the only way to change the address
    client.store.set_user_property("email", "ada@example.com")
    view = client.create_new_event("page_view")
    view.set_event_param("page_location", url)
    order = client.create_new_event("purchase")
    for field, value in (
        ("transaction_id", visitor),
        ("value", 27.5),
        ("currency", "EUR"),
        ("tax", 5),
    ):
        order.set_event_param(field, value)
    moment = datetime.now()  # noqa: DTZ005  # as the library expects it
    insist(lambda: client.send([view, order], date=moment))


def send_snowplow(visitor: str, url: str) -> None:
    """Send with snowplow-tracker, which tries again itself."""
    from snowplow_tracker import Emitter, PageView, Subject, Tracker  # noqa: PLC0415

    emitter = Emitter(
        urlsplit(address).netloc, protocol="http", batch_size=100, max_retry_delay_seconds=1
    )
    subject = Subject().set_domain_user_id(visitor).set_user_id("ada@example.com")
    tracker = Tracker("shop", [emitter], subject=subject, app_id=key, encode_base64=True)
    tracker.track(PageView(page_url=url, page_title="Ada's page"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library calls its own order events old
        tracker.track_ecommerce_transaction(
            visitor, 27.5, tax_value=5, currency="EUR", city="Ada's town"
        )
    tracker.flush()
    while emitter.event_store.size():
        time.sleep(0.1)


def send_umami(visitor: str, url: str) -> None:
    """Send with umami-analytics."""
    import umami  # noqa: PLC0415

    umami.set_url_base(f"{address}/k/{key}")
    umami.set_website_id("978435e2-7ba1-4337-9860-ec31ece2db60")
    umami.set_hostname("shop.example")
    umami.new_page_view("Ada's page", url, distinct_id=visitor, ip_address="203.0.113.9")
    umami.new_event("bought", url="/thanks", custom_data={"amount": 27.5}, distinct_id=visitor)


SENDERS = {"ga4mp": send_ga4, "snowplow-tracker": send_snowplow, "umami-analytics": send_umami}

for line in sys.stdin:
    word = line.strip()
    SENDERS[name](f"{name}-{word}", f"https://shop.example/{word}?utm_source={name}")
    sys.stdout.write(f"delivered {word}\n")
    sys.stdout.flush()
