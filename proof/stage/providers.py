"""What providers do: two tenants of their own with endpoints, bodies in two providers' forms, and true signatures."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID, uuid4

import httpx2

from proof.stage.world import World
from skeldir.attribution import define_models
from skeldir.clock import utc_now
from skeldir.db import Connection, open_database
from skeldir.inbox import EndpointOptions, Sealer, add_secret, create_endpoint, read_sealer
from skeldir.tenants import create_tenant

Sender = Literal["stripe", "standard"]
Happening = Literal["capture", "refund", "dispute", "reversal"]
SENDERS: Final[tuple[Sender, ...]] = ("stripe", "standard")
TENANT_NAMES: Final = ("A", "B")
_MOMENT: Final = 1_762_077_600  # 2025-11-02T10:00:00Z
_AT_ONCE: Final = 5
# Asked with the tenant, so that a missing policy shows where it is looked for and not everywhere.
_STORED: Final = """
    SELECT (SELECT count(*) FROM public.webhook_deliveries WHERE tenant_id = %(t)s),
           (SELECT count(*) FROM public.revenue_ledger WHERE tenant_id = %(t)s)"""
_STANDARD_TYPES: Final[Mapping[Happening, tuple[str, str]]] = {
    "capture": ("payment.captured", "payment_id"),
    "refund": ("payment.refunded", "refund_id"),
    "dispute": ("payment.disputed", "dispute_id"),
    "reversal": ("payment.dispute_won", "dispute_id"),
}


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One endpoint: whose it is, its address below the service's, and the secret that its provider signs with."""

    sender: Sender
    tenant_id: UUID
    endpoint_id: UUID
    path: str
    secret: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A request as it goes over the wire."""

    path: str
    headers: Mapping[str, str]
    body: bytes


def open_mailboxes(world: World, *, is_live: bool = True) -> dict[tuple[str, Sender], Mailbox]:
    """Make two new tenants, A and B, each with an endpoint for both senders; ids and secrets are new every time."""
    made = asyncio.run(_make_mailboxes(world, is_live=is_live))
    for box in made.values():
        for secret in (box.secret, box.path.rpartition("/")[2], str(box.tenant_id)):
            world.ground.keep_secret(secret)
    return made


async def _make_mailboxes(world: World, *, is_live: bool) -> dict[tuple[str, Sender], Mailbox]:
    sealer = read_sealer(world.sealing_keys)
    found: dict[tuple[str, Sender], Mailbox] = {}
    url = world.environment()["DATABASE_URL"]
    async with open_database(url, pool_size=1, statement_timeout_ms=30_000) as database:
        for name in TENANT_NAMES:
            tenant_id = uuid4()
            async with database.tenant(tenant_id) as connection:
                await create_tenant(connection, tenant_id, f"Payee {name}")
                await define_models(connection, tenant_id)
                for sender in SENDERS:
                    options = EndpointOptions(sender, is_live)
                    found[name, sender] = await _make_mailbox(
                        connection, tenant_id, options, sender, sealer
                    )
    return found


async def _make_mailbox(
    connection: Connection,
    tenant_id: UUID,
    options: EndpointOptions,
    sender: Sender,
    sealer: Sealer,
) -> Mailbox:
    made = await create_endpoint(connection, tenant_id, options)
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"
    await add_secret(
        connection,
        tenant_id,
        made.id,
        secret,
        sealer=sealer,
        old_end_at=utc_now() + timedelta(days=1),
    )
    return Mailbox(sender, tenant_id, made.id, f"/v1/webhooks/{sender}/{made.token}", secret)


def pay_tenants(world: World) -> None:
    """Have each of the world's two tenants paid by a webhook, a sum of its own, so that their reports of it differ."""
    for tenant_id, minor in ((world.a, 500), (world.b, 700)):
        box = asyncio.run(_open_mailbox(world, tenant_id))
        for secret in (box.secret, box.path.rpartition("/")[2]):
            world.ground.keep_secret(secret)
        body = json.loads(body_of("standard", "capture", "paid-by-webhook", minor))
        # Within the days that reports show by themselves.
        paid_at = (utc_now() - timedelta(days=1)).isoformat()
        deliver(world, sign(box, json.dumps({**body, "timestamp": paid_at}).encode()))
    world.refresh()


async def _open_mailbox(world: World, tenant_id: UUID) -> Mailbox:
    url = world.environment()["DATABASE_URL"]
    async with (
        open_database(url, pool_size=1, statement_timeout_ms=30_000) as database,
        database.tenant(tenant_id) as connection,
    ):
        options = EndpointOptions("standard", is_live=True)
        sealer = read_sealer(world.sealing_keys)
        return await _make_mailbox(connection, tenant_id, options, "standard", sealer)


def body_of(
    sender: Sender,
    happening: Happening,
    order: str,
    minor: int,
    *,
    is_live: bool = True,
    more: Mapping[str, object] = {},
) -> bytes:
    """Return what the sender reports of an order in USD; `more` is added to the object that it is about."""
    write = _stripe_body if sender == "stripe" else _standard_body
    return json.dumps(write(happening, order, minor, is_live, more)).encode()


def _standard_body(
    happening: Happening, order: str, minor: int, is_live: bool, more: Mapping[str, object]
) -> dict[str, object]:
    type_, id_name = _STANDARD_TYPES[happening]
    noun = id_name.removesuffix("_id")
    data = {
        id_name: f"{noun}-{order}",
        "order_id": order,
        "amount": f"{minor // 100}.{minor % 100:02}",
        "currency": "USD",
        "livemode": is_live,
    }
    return {"type": type_, "timestamp": "2025-11-02T10:00:00Z", "data": {**data, **more}}


def _stripe_body(
    happening: Happening, order: str, minor: int, is_live: bool, more: Mapping[str, object]
) -> dict[str, object]:
    joined = {"charge": f"ch_{order}", "payment_intent": f"pi_{order}"}
    about: dict[str, object] = {"amount": minor, "currency": "usd", "created": _MOMENT}
    match happening:
        case "capture":
            type_ = "charge.succeeded"
            about |= {
                "id": f"ch_{order}",
                "object": "charge",
                "payment_intent": f"pi_{order}",
                "amount_captured": minor,
                "amount_refunded": 0,
                "captured": True,
                "paid": True,
                "livemode": is_live,
                "status": "succeeded",
                "metadata": {"order_id": order},
            }
        case "refund":
            type_ = "refund.created"
            about |= {"id": f"re_{order}", "object": "refund", "status": "succeeded", **joined}
        case _:
            ends = "withdrawn" if happening == "dispute" else "reinstated"
            type_ = f"charge.dispute.funds_{ends}"
            status = "needs_response" if happening == "dispute" else "won"
            about |= {"id": f"du_{order}", "object": "dispute", "status": status, **joined}
    return {
        "id": f"evt_{happening}_{order}",
        "object": "event",
        "type": type_,
        "api_version": "2025-03-31.basil",
        "created": _MOMENT,
        "livemode": is_live,
        "data": {"object": {**about, **more}},
    }


def sign(
    box: Mailbox, body: bytes, *, secret: str = "", late_s: int = 0, event_id: str = ""
) -> Delivery:
    """Return a delivery, signed by the provider's rules as they are published, written here again.

    `late_s` is added to the clock; the id of a Standard delivery is one of its own unless one is given.
    """
    seconds = int(utc_now().timestamp()) + late_s
    secret = secret or box.secret
    if box.sender == "stripe":
        digest = hmac.digest(secret.encode(), b"%d.%b" % (seconds, body), "sha256").hex()
        return Delivery(box.path, {"stripe-signature": f"t={seconds},v1={digest}"}, body)
    event_id = event_id or f"msg-{uuid4()}"
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b"%b.%d.%b" % (event_id.encode(), seconds, body)
    signature = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    headers = {
        "webhook-id": event_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{signature}",
    }
    return Delivery(box.path, headers, body)


def deliver(world: World, delivery: Delivery) -> httpx2.Response:
    """Send a delivery once."""
    with httpx2.Client(base_url=world.base, timeout=30) as client:
        return _send(client, delivery)


def deliver_at_once(world: World, rows: Sequence[Sequence[Delivery]]) -> list[int]:
    """Send each row's deliveries one after another, and several rows beside each other; return all statuses."""
    with httpx2.Client(base_url=world.base, timeout=30) as client:

        def send_row(row: Sequence[Delivery]) -> list[int]:
            return [_send(client, one).status_code for one in row]

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return [status for statuses in pool.map(send_row, rows) for status in statuses]


def _send(client: httpx2.Client, delivery: Delivery) -> httpx2.Response:
    headers = {"content-type": "application/json", **delivery.headers}
    return client.post(delivery.path, content=delivery.body, headers=headers)


def count_entries(world: World, box: Mailbox) -> int:
    """Return how many entries the tenant of an endpoint has, reversed ones included."""
    return stored(world, box)[1]


def stored(world: World, box: Mailbox) -> tuple[int, int]:
    """Return how many deliveries and entries the tenant of an endpoint has, as `app_user` bound to it sees."""
    with world.connect(box.tenant_id) as connection:
        row = connection.execute(_STORED, {"t": box.tenant_id}).fetchone()
    return (0, 0) if row is None else (row[0], row[1])
