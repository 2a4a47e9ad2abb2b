"""A browser with a device that keeps passkeys, before the pages, and the database behind them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx2
import psycopg
from fastapi import FastAPI

from skeldir.users import Role
from skeldir.web import TurnLimits
from tests.conftest import Clone
from tests.support.api import asking
from tests.support.authenticator import HONEST, Authenticator, Lies
from tests.support.people import make_link

ANNA, BEN = "anna@shop.example", "ben@shop.example"
OWN = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
GOOD = "violet anchor seventy marmalade"
COOKIE = "skeldir-passkey"


@dataclass
class Browser:
    """A browser with a device, and the database behind the pages."""

    app: FastAPI
    client: httpx2.AsyncClient
    clone: Clone
    device: Authenticator = field(default_factory=lambda: Authenticator("http://localhost"))

    async def post(self, path: str, **fields: str) -> httpx2.Response:
        return await self.client.post(path, headers=OWN, data=fields)

    async def use_link(self, email: str, tenant: UUID, role: Role = Role.ADMIN) -> None:
        self.client.cookies.clear()
        link = await make_link(self.clone, email, tenant, role)
        assert (await self.post(f"/sign-in/{link.token}")).status_code == 303

    async def ask(self, to: str, **fields: str) -> dict[str, Any]:
        """Ask the site what to ask the device; how often is not counted."""
        self.app.state.ceremonies = TurnLimits()
        answer = await self.post(f"/passkeys/{to}/options", **fields)
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "private, no-store"
        asked: dict[str, Any] = answer.json()
        return asked

    async def add(self, lies: Lies = HONEST, **fields: str) -> httpx2.Response:
        made = self.device.make(await self.ask("add", **fields), lies)
        return await self.post("/passkeys/add", credential=made, **fields)

    async def sign_in(self, lies: Lies = HONEST, which: int = -1) -> httpx2.Response:
        used = self.device.use(await self.ask("sign-in"), lies, which)
        return await self.post("/passkeys/sign-in", credential=used)

    async def keys_of(self, email: str) -> list[str]:
        rows = self.rows(
            "SELECT k.id FROM passkeys k JOIN users u ON u.id = k.user_id "
            f"WHERE u.email = '{email}' ORDER BY k.added_at"
        )
        return [str(key) for (key,) in rows]

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.clone.superuser_url) as admin:
            return admin.execute(statement.encode()).fetchall()

    def change(self, statement: str) -> None:
        with psycopg.connect(self.clone.superuser_url) as admin:
            admin.execute(statement.encode())


@asynccontextmanager
async def browsing(clone: Clone) -> AsyncIterator[Browser]:
    """Open a browser before a service on the machine itself."""
    async with asking(clone.app_url) as (app, client):
        client.base_url = "http://localhost"
        yield Browser(app, client, clone)


def refused(answer: httpx2.Response, status: int, code: str) -> None:
    assert (answer.status_code, f"<code>{code}</code>" in answer.text) == (status, True), (
        answer.text
    )
    assert "skeldir=" not in answer.headers.get("set-cookie", "")
