"""Pages for tests: a browser of a member who is signed in, and what a page shows, read from its HTML."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from uuid import UUID

import httpx2

from skeldir.users import Role
from tests.conftest import Clone
from tests.support.api import asking
from tests.support.people import make_link
from tests.support.sites import OWN

HOST = "http://localhost"


@asynccontextmanager
async def signed_in(
    clone: Clone, tenant: UUID, role: Role = Role.VIEWER, email: str = "ada@shop.example"
) -> AsyncIterator[httpx2.AsyncClient]:
    """Run the application, and give a browser in which a member of the tenant is signed in."""
    async with asking(clone.app_url) as (_, client):
        client.base_url = HOST
        await sign_in(client, clone, tenant, role, email)
        yield client


async def sign_in(
    client: httpx2.AsyncClient, clone: Clone, tenant: UUID, role: Role, email: str
) -> None:
    """Sign a member in, in a browser; whoever was signed in there before is not any more."""
    client.cookies.clear()
    link = await make_link(clone, email, tenant, role)
    answer = await client.post(f"/sign-in/{link.token}", headers=OWN, data={})
    assert answer.status_code == 303, answer.text


@dataclass
class Shown:
    """A table of a page: its titles, rows and totals as texts; `links` by the text of their cells."""

    titles: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    totals: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)


def read_tables(html: str) -> dict[str, Shown]:
    """Return the tables of a page by their keys. Spaces and minus signs are plain."""
    reader = _Reader()
    reader.feed(html)
    return reader.tables


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, Shown] = {}
        self.table: Shown | None = None
        self.part = ""
        self.row: list[str] | None = None
        self.cell: list[str] | None = None
        self.link: str | None = None
        self.skipped = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        classes = (given.get("class") or "").split()
        if "table-block" in classes:
            self.table = self.tables.setdefault(given["id"] or "", Shown())
        elif self.table is None:
            return
        elif tag in ("thead", "tbody", "tfoot"):
            self.part = tag
        elif tag == "tr":
            self.row = []
        elif tag in ("th", "td"):
            self.cell = []
        elif tag == "a" and self.cell is not None:
            self.link = given.get("href")
        elif tag == "span" and (self.skipped or {"unseen", "second"} & set(classes)):
            self.skipped += 1

    def handle_endtag(self, tag: str) -> None:
        if self.table is None:
            return
        if tag == "span" and self.skipped:
            self.skipped -= 1
        elif tag in ("th", "td") and self.row is not None and self.cell is not None:
            text = "".join(self.cell).strip()
            self.row.append(text)
            if self.link is not None:
                self.table.links[text] = self.link
            self.cell = self.link = None
        elif tag == "tr" and self.row is not None:
            if self.part == "thead":
                self.table.titles = self.row
            elif self.part == "tbody":
                self.table.rows.append(self.row)
            else:
                self.table.totals = self.row
            self.row = None
        elif tag == "table":
            self.table = None

    def handle_data(self, data: str) -> None:
        if self.cell is not None and not self.skipped:
            plain = data.replace("\N{NO-BREAK SPACE}", " ").replace("\N{MINUS SIGN}", "-")
            self.cell.append(plain.replace("\N{NARROW NO-BREAK SPACE}", " "))
