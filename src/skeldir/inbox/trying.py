"""Sends a delivery to an endpoint of one's own, signed as its provider signs, to try a set-up."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import httpx2
import orjson

from skeldir.errors import InputInvalid, SkeldirError
from skeldir.inbox.endpoints import Endpoint, EndpointUnknown, find_endpoint
from skeldir.inbox.receiving import digest_of, translate
from skeldir.inbox.sample_bodies import Wishes
from skeldir.inbox.samples import make_body
from skeldir.inbox.signing import sign
from skeldir.inbox.watching import SeenDelivery, find_delivery

if TYPE_CHECKING:
    from skeldir.db import Database
    from skeldir.inbox.sealing import Sealer

_ADDRESS: Final = re.compile(
    r"https?://[^\s?#@]+/v1/webhooks/([a-z]+)/([A-Za-z0-9_-]{20,100})/?", re.ASCII
)
_TIMEOUT_S: Final = 30.0


class DeliveryNotSent(SkeldirError):
    """The address of the endpoint cannot be reached."""

    code = "delivery_not_sent"
    status = 503
    title = "The delivery could not be sent"


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint by its address, with the newest of its secrets."""

    address: str
    endpoint: Endpoint
    secret: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API answered, and what was recorded. `code`: the error's; `delivery` is None if nothing was recorded."""

    status: int
    code: str | None
    delivery: SeenDelivery | None


async def find_target(database: Database, tenant_id: UUID, address: str, sealer: Sealer) -> Target:
    """Return the endpoint of a tenant that an address leads to.

    Raises:
        InputInvalid: it is not the address of an endpoint.
        EndpointUnknown: the tenant has no endpoint with it, or that has ended.
        SealingKeyMissing, SealingKeyUnknown, SealingKeyInvalid: its secret cannot be opened.
    """
    found = _ADDRESS.fullmatch(address.strip())
    if found is None:
        raise InputInvalid(
            "This is not the address of an endpoint.",
            cure="Give it as `skeldir webhooks create` printed it: https://your.host/v1/webhooks/provider/token.",
        )
    async with database.statement() as connection:
        endpoint = await find_endpoint(connection, found[2])
    if endpoint is None or endpoint.tenant_id != tenant_id or endpoint.provider != found[1]:
        raise EndpointUnknown(
            "The tenant has no endpoint with this address, or it has ended.",
            cure="`skeldir webhooks list` shows the endpoints; a new one is made by `skeldir webhooks create`, since "
            "an address is shown only once.",
        )
    secret = sealer.open(endpoint.secrets[0]) if endpoint.secrets else None
    return Target(address.strip(), endpoint, secret)


def make_sample(target: Target, name: str, wishes: Wishes) -> bytes:
    """Return the body of a sample, with the mode and the names of fields of an endpoint. Raises as `make_body`."""
    endpoint = target.endpoint
    wishes = replace(
        wishes,
        is_live=endpoint.is_live,
        journey_name=endpoint.journey_name,
        order_name=endpoint.order_name,
        account=endpoint.account,
    )
    return orjson.dumps(make_body(endpoint.provider, name, wishes))


async def send_body(database: Database, target: Target, body: bytes, *, now: datetime) -> Answer:
    """Sign a body, post it to the endpoint, and return what became of it.

    Raises:
        SigningImpossible: the endpoint is PayPal's.
        InputInvalid: it has no secret.
        DeliveryNotSent: nothing answers there.
    """
    endpoint = target.endpoint
    message_id = f"msg_{secrets.token_hex(12)}"
    if target.secret is None and endpoint.provider != "paypal":
        raise InputInvalid(
            "The endpoint has no secret yet.", cure="Enter it with `skeldir webhooks secret`."
        )
    headers = sign(endpoint.provider, body, target.secret or "", now=now, event_id=message_id)
    try:
        async with httpx2.AsyncClient(timeout=_TIMEOUT_S, follow_redirects=False) as client:
            response = await client.post(
                target.address,
                content=body,
                headers=headers | {"content-type": "application/json"},
            )
    except (httpx2.HTTPError, OSError) as error:
        raise DeliveryNotSent(
            f"Nothing answers at the address: {type(error).__name__}.",
            cure="Start the API with `skeldir up` or `skeldir serve`, and check the host and port of the address.",
        ) from None
    # Only Standard Webhooks signs an id apart from the body.
    event_id = message_id if endpoint.provider == "standard" else ""
    event_id = event_id or translate(endpoint.provider, body, endpoint.context(now)).event_id
    async with database.tenant(endpoint.tenant_id, is_read_only=True) as connection:
        delivery = await find_delivery(
            connection, endpoint.tenant_id, digest_of(endpoint, event_id, body)
        )
    return Answer(response.status_code, _code_of(response), delivery)


def _code_of(response: httpx2.Response) -> str | None:
    try:
        answer = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None
    code = answer.get("code") if isinstance(answer, dict) else None
    return code if isinstance(code, str) else None
