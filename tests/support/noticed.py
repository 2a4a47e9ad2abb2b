"""A tenant with money of two weeks, and destinations of its digests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.inbox import Sealer, new_key, read_sealer
from skeldir.jobs import JobKind, do_jobs
from skeldir.notices import Language, NewDestination, add_destination
from skeldir.notices.kinds import REVIEW, SEND
from skeldir.notices.tasks import REVIEW_KIND, send_kind
from skeldir.web import write_letter
from tests.conftest import Clone
from tests.support.mail_server import USER
from tests.support.make import (
    at,
    make_conversion,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.reading import settle
from tests.support.zones import set_zone

TUESDAY = datetime(2026, 3, 10, 12, tzinfo=UTC)
"""The last complete week before it is that from 2 to 8 March; `sell_for_weeks` sells in it and in the one before."""

KINDS: Mapping[str, JobKind] = {REVIEW: REVIEW_KIND, SEND: send_kind(write_letter)}
work = partial(do_jobs, kinds=KINDS)


async def sell_for_weeks(db: Database, tenant: UUID) -> None:
    """100.00 USD before the week; in it 250.00 USD, of which 30.00 go back, 1,234.567 KWD, and what nobody brought."""
    await send_touches(
        db,
        tenant,
        make_touch(occurred_at=at(-5)),
        make_touch(journey_key="visitor-2", channel="paid_search", occurred_at=at(0.5)),
    )
    receipt = await send_conversions(
        db,
        tenant,
        make_conversion(order_id="before", occurred_at=at(-1)),
        make_conversion(
            order_id="one", amount_cents=20_000, occurred_at=at(2), journey_key="visitor-2"
        ),
        make_conversion(order_id="one", kind="refund", amount_cents=3_000, occurred_at=at(3)),
        make_conversion(
            order_id="two", amount_cents=5_000, occurred_at=at(4), journey_key="nobody"
        ),
        make_conversion(
            order_id="three", amount_cents=1_234_567, currency="KWD", occurred_at=at(5)
        ),
    )
    assert receipt.accepted == 5
    await settle(db)


async def add(
    db: Database,
    tenant: UUID,
    address: str,
    *,
    sealer: Sealer | None = None,
    language: Language = "en",
    gets_alerts: bool = False,
) -> NewDestination:
    async with db.tenant(tenant) as connection:
        return await add_destination(
            connection,
            tenant,
            kind="email" if sealer is None else "webhook",
            address=address,
            language=language,
            gets_digest=True,
            gets_alerts=gets_alerts,
            made_by="test",
            sealer=sealer,
        )


def make_sealer() -> tuple[Sealer, str]:
    """Return a sealer, and the value of the setting with its key."""
    key = new_key()
    return read_sealer(key), key


async def let_digest_be_due(db: Database, clone: Clone, tenant: UUID) -> None:
    """Let the destinations be of last month, and choose a zone in which no Monday has just begun."""
    now = utc_now()
    if now.weekday() == 0 and now.hour < 8:
        await set_zone(db, tenant, "Pacific/Kiritimati")
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute("UPDATE notice_destinations SET created_at = %s", (now - timedelta(days=30),))


def hurry(clone: Clone) -> None:
    """Let each job that waits be due now, whatever it waits for, and each lease be over."""
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute(
            "UPDATE jobs SET run_at = now() - interval '1 second', lease_until = lease_until - interval '1 hour'"
            " WHERE state IN ('ready', 'running')"
        )


def use_mail_server(
    patch: pytest.MonkeyPatch, port: int, *, security: str = "none", password: Path | None = None
) -> None:
    """Configure a mail server on the loopback."""
    settings = {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "SECURITY": security,
        "SENDER": "Reports <reports@shop.example>",
    }
    if password is not None:
        settings |= {"USER": USER, "PASSWORD_FILE": str(password)}
    for name, value in settings.items():
        patch.setenv(f"SKELDIR_SMTP_{name}", value)


def write_password(folder: Path, password: str) -> Path:
    path = folder / "smtp-password"
    path.write_text(f"{password}\n", encoding="utf-8")
    return path
