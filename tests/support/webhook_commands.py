"""`skeldir webhooks` run in this process, and deliveries to the addresses that it prints."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg
from psycopg.rows import TupleRow
from typer.testing import CliRunner, Result

from skeldir.cli import app
from skeldir.clock import utc_now
from skeldir.errors import SkeldirError
from skeldir.inbox.saying import EndpointProvider
from skeldir.inbox.signing import sign
from tests.conftest import Clone
from tests.support.api import asking

STRIPE_SECRET = "whsec_dGVzdHMgb2YgY29tbWFuZHM"


def run(*words: object, given: str | None = None) -> Result:
    """Run a command that succeeds; `given` is its standard input."""
    result = CliRunner().invoke(app, [str(word) for word in words], input=given)
    assert result.exception is None, (words, result.exception, result.output)
    return result


def refused(*words: object, given: str | None = None) -> SkeldirError:
    """Run a command that fails with a known error; return that."""
    fault = CliRunner().invoke(app, [str(word) for word in words], input=given).exception
    assert isinstance(fault, SkeldirError), (words, fault)
    return fault


def plain(text: str) -> str:
    """Return what was printed in one line."""
    return " ".join(text.split())


@dataclass(frozen=True)
class Address:
    """An endpoint as a command printed it."""

    clone: Clone
    provider: EndpointProvider
    id: str
    path: str
    secret: str

    def send(self, *bodies: dict[str, object], secret: str | None = None) -> list[int]:
        """Deliver bodies, signed with the endpoint's secret or another; return the statuses."""

        async def post() -> list[int]:
            async with asking(self.clone.app_url) as (_, client):
                statuses = []
                for number, body in enumerate(bodies):
                    raw = json.dumps(body).encode()
                    headers = sign(
                        self.provider,
                        raw,
                        secret or self.secret,
                        now=utc_now(),
                        event_id=f"msg_{number}_{hash(raw)}",
                    )
                    answer = await client.post(self.path, content=raw, headers=headers)
                    statuses.append(answer.status_code)
                return statuses

        return asyncio.run(post())


def create(clone: Clone, tenant: object, provider: EndpointProvider, *words: str) -> Address:
    """Make an endpoint, with a secret."""
    made = run("webhooks", "create", tenant, provider, *words)
    address, *secrets = made.stdout.split()
    found = re.search(r"Endpoint (\S+) of", made.stderr)
    assert found is not None, made.stderr
    if not secrets:
        run("webhooks", "secret", tenant, found[1], given=f"{STRIPE_SECRET}\n")
        secrets = [STRIPE_SECRET]
    return Address(clone, provider, found[1], urlsplit(address).path, secrets[0])


def make_charge(**fields: object) -> dict[str, object]:
    """Return Stripe's event of a captured charge of 39.00 USD."""
    charge = {
        "object": "charge",
        "id": "ch_1",
        "amount": 3900,
        "amount_captured": 3900,
        "captured": True,
        "paid": True,
        "currency": "usd",
        **fields,
    }
    return {
        "object": "event",
        "id": f"evt_{charge['id']}",
        "type": "charge.succeeded",
        "created": 1_793_613_600,
        "livemode": True,
        "api_version": "2025-03-31.basil",
        "data": {"object": charge},
    }


def make_payment(kind: str = "payment.captured", **fields: object) -> dict[str, object]:
    """Return the body of a delivery of Standard Webhooks about 49.99 EUR of the order 1001."""
    data = {"payment_id": "pay_1", "order_id": "1001", "amount": "49.99", "currency": "EUR"}
    return {"type": kind, "timestamp": "2026-11-02T10:00:00Z", "data": data | fields}


def standing(clone: Clone, tenant: object) -> list[TupleRow]:
    """Return the standing entries of a tenant: (order, kind, minor units, currency)."""
    with psycopg.connect(clone.superuser_url) as admin:
        return admin.execute(
            "SELECT order_id, kind, amount_cents, currency FROM standing_entries WHERE tenant_id = %s"
            " ORDER BY order_id, occurred_at, business_key",
            (tenant,),
        ).fetchall()
