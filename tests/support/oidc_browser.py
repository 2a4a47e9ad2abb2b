"""A browser that is led to the tests' own provider and back, and the database behind the pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2
import psycopg
import pytest

from skeldir.users import Role
from tests.conftest import Clone
from tests.support.api import asking
from tests.support.oidc import OwnProvider, own_provider, place_in
from tests.support.people import make_link

ANNA = "anna@shop.example"
OWN = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Browser:
    """A browser, the provider that it is led to, and the database behind the pages."""

    client: httpx2.AsyncClient
    provider: OwnProvider
    clone: Clone

    async def post(self, path: str, **fields: str) -> httpx2.Response:
        return await self.client.post(path, headers=OWN, data=fields)

    async def leave(self, path: str = "/identity/sign-in", **fields: str) -> str:
        """Press a button that leads to the provider; return where."""
        return place_in(await self.post(path, **fields))

    async def sign_in(self, subject: str, **fields: str) -> httpx2.Response:
        """Sign in at the provider, and come back."""
        place = await self.leave(**fields)
        return await self.client.get(self.provider.let_in(place, subject))

    async def use_link(self, email: str, tenant: UUID | None, role: Role | None) -> None:
        link = await make_link(self.clone, email, tenant, role)
        assert (await self.post(f"/sign-in/{link.token}")).status_code == 303

    async def connect(self, subject: str, **fields: str) -> httpx2.Response:
        place = await self.leave("/identity/connect", **fields)
        return await self.client.get(self.provider.let_in(place, subject))

    async def come_back(self, path: str, cookie: str | None) -> httpx2.Response:
        """Come back with this cookie alone."""
        self.client.cookies.clear()
        headers = {} if cookie is None else {"Cookie": f"skeldir-turn={cookie}"}
        return await self.client.get(path, headers=headers)

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.clone.superuser_url) as admin:
            return admin.execute(statement.encode()).fetchall()

    def change(self, statement: str) -> None:
        with psycopg.connect(self.clone.superuser_url) as admin:
            admin.execute(statement.encode())


@asynccontextmanager
async def browsing(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Browser]:
    """Open a browser before a service whose people sign in by a provider."""
    with own_provider() as provider:
        for name, value in provider.environment().items():
            monkeypatch.setenv(name, value)
        async with asking(clone.app_url) as (_, client):
            client.base_url = "http://localhost"
            yield Browser(client, provider, clone)


def refused(answer: httpx2.Response, status: int, code: str) -> None:
    assert (answer.status_code, code in answer.text) == (status, True), answer.text
    assert "skeldir=" not in answer.headers.get("set-cookie", "")
