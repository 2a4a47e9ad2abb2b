"""Endpoints of tests, and deliveries to them, signed as their provider signs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx2
import psycopg
import pytest
from fastapi import FastAPI
from psycopg.rows import TupleRow

from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.inbox.endpoints import EndpointOptions, NewEndpoint, add_secret, create_endpoint
from skeldir.inbox.saying import EndpointProvider
from skeldir.inbox.sealing import new_key, read_sealer
from skeldir.inbox.signatures import warm_up
from tests.conftest import Clone
from tests.support.api import asking
from tests.support.webhooks import SECRETS, sign

SEALING_KEYS = new_key()
SHOP = "sample-shop.myshopify.com"


@dataclass(frozen=True)
class Post:
    """An endpoint of a tenant, and the application that it is an endpoint of."""

    client: httpx2.AsyncClient
    clone: Clone
    tenant: UUID
    provider: EndpointProvider
    endpoint: NewEndpoint
    secret: str

    @property
    def path(self) -> str:
        return f"/v1/webhooks/{self.provider}/{self.endpoint.token}"

    async def send(
        self,
        body: bytes | dict[str, object],
        *,
        secret: str | None = None,
        at: datetime | None = None,
        event_id: str = "",
        headers: dict[str, str] | None = None,
    ) -> httpx2.Response:
        """Deliver a body, signed now with the endpoint's secret unless others are given."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        event_id = event_id or f"msg-{uuid4()}"
        signed = sign(
            self.provider, raw, secret or self.secret, now=at or utc_now(), event_id=event_id
        )
        return await self.client.post(self.path, content=raw, headers=signed | (headers or {}))

    def ask(self, query: str) -> list[TupleRow]:
        with psycopg.connect(self.clone.superuser_url, autocommit=True) as admin:
            return admin.execute(query.encode()).fetchall()

    def entries(self) -> list[TupleRow]:
        """Return the standing entries of the tenant: (order, kind, minor units, currency), by order and time."""
        return self.ask(
            "SELECT order_id, kind, amount_cents, currency FROM standing_entries"
            f" WHERE tenant_id = '{self.tenant}' ORDER BY order_id, occurred_at, business_key"
        )


@asynccontextmanager
async def inbox_of(
    clone: Clone, monkeypatch: pytest.MonkeyPatch, certificates: Path | None = None
) -> AsyncIterator[tuple[FastAPI, httpx2.AsyncClient]]:
    """Run the application with a key for the secrets of endpoints, and with a folder of PayPal's certificates."""
    monkeypatch.setenv("SKELDIR_SEALING_KEYS", SEALING_KEYS)
    if certificates is not None:
        monkeypatch.setenv("SKELDIR_PAYPAL_CERTIFICATES", str(certificates))
    # A library that Stripe's imports changes the filters of warnings: not in a thread while pytest changes them, too.
    warm_up()
    async with asking(clone.app_url) as (app, client):
        yield app, client


async def make_endpoint(
    db: Database, tenant: UUID, options: EndpointOptions, secret: str
) -> NewEndpoint:
    """Make an endpoint with a secret."""
    async with db.tenant(tenant) as connection:
        made = await create_endpoint(connection, tenant, options)
        await add_secret(
            connection,
            tenant,
            made.id,
            secret,
            sealer=read_sealer(SEALING_KEYS),
            old_end_at=utc_now() + timedelta(days=1),
        )
    return made


async def make_post(
    client: httpx2.AsyncClient,
    clone: Clone,
    db: Database,
    tenant: UUID,
    provider: EndpointProvider,
    *,
    is_live: bool = True,
) -> Post:
    """Make an endpoint for a provider with its secret of tests, and return what delivers to it."""
    account = SHOP if provider == "shopify" else ""
    options = EndpointOptions(provider, is_live, account)
    secret = SECRETS[provider][0]
    endpoint = await make_endpoint(db, tenant, options, secret)
    return Post(client, clone, tenant, provider, endpoint, secret)
