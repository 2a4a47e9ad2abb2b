"""Sends a request to a service of one's own without recording it, and returns what it would become."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import httpx2
import orjson

from skeldir.collect.mapped import DRY_RUN_HEADER
from skeldir.collect.samples import Sample
from skeldir.errors import SkeldirError

_TIMEOUT_S: Final = 30.0


class CollectNotSent(SkeldirError):
    """Nothing answers at the address of the service."""

    code = "collect_not_sent"
    status = 503
    title = "The request could not be sent"


@dataclass(frozen=True, slots=True)
class Becomes:
    """What a request would become: `messages` and `dropped` as in `trials.describe`; or the problem it got."""

    status: int
    messages: list[dict[str, object]]
    dropped: dict[str, int]
    problem: dict[str, object] | None


async def try_request(address: str, key: str, sample: Sample, origin: str | None) -> Becomes:
    """Send a request with a key to the service at an address such as https://stats.shop.example; nothing is recorded.

    The key is in a header too, so that a body of another sender can be tried. `origin` is that of the page that would
    send it.

    Raises:
        CollectNotSent: nothing answers there, or something else than this service.
    """
    headers = {**sample.headers, DRY_RUN_HEADER: "1", "authorization": f"Bearer {key}"}
    if origin is not None:
        headers["origin"] = origin
    try:
        async with httpx2.AsyncClient(timeout=_TIMEOUT_S, follow_redirects=False) as client:
            response = await client.post(
                address.rstrip("/") + sample.path, content=sample.body, headers=headers
            )
        said = orjson.loads(response.content)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, orjson.JSONDecodeError) as error:
        raise CollectNotSent(
            f"The service does not answer at the address: {type(error).__name__}.",
            cure="Start it with `skeldir up` or `skeldir serve`, and check its address: scheme, host and port.",
        ) from None
    if not isinstance(said, dict) or "messages" not in said:
        return Becomes(response.status_code, [], {}, said if isinstance(said, dict) else {})
    return Becomes(response.status_code, said["messages"], said["dropped"], None)
