"""Alerts: opened once, repeated daily, closed with a notice, and sent to whoever wants them."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import get_args
from uuid import UUID, uuid4

import orjson
import psycopg
import pytest

from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.jobs import do_jobs
from skeldir.notices import (
    Alert,
    AlertKind,
    AlertNotice,
    Figures,
    Language,
    add_destination,
    list_alerts,
    list_deliveries,
    list_open_alerts,
)
from skeldir.notices.alerts import settle_alerts
from skeldir.notices.checks import Finding, Judgement
from skeldir.notices.kinds import CHECK
from skeldir.notices.tasks import CHECK_KIND, enqueue_checks
from skeldir.web import write_letter
from tests.conftest import Clone
from tests.support.noticed import add, make_sealer, work
from tests.support.receiver import receiving
from tests.support.waiting import until_waiting_for_a_lock

NOW = utc_now()
LATE = Judgement([Finding("reports_late", "", {"behind_s": 1_000})], {"reports_late"})
LATER = Judgement([Finding("reports_late", "", {"behind_s": 9_000})], {"reports_late"})
WELL = Judgement([], {"reports_late"})
UNKNOWN = Judgement()


async def settle(db: Database, tenant: UUID, judgement: Judgement, hours: float) -> list[str]:
    now = NOW + timedelta(hours=hours)
    async with db.tenant(tenant) as connection:
        notices = await settle_alerts(connection, tenant, judgement, now=now, time_zone="UTC")
    return [one.event for one in notices]


async def want_alerts(db: Database, tenant: UUID, address: str) -> None:
    async with db.tenant(tenant) as connection:
        await add_destination(
            connection,
            tenant,
            kind="email",
            address=address,
            language="en",
            gets_digest=False,
            gets_alerts=True,
            made_by="test",
        )


async def test_an_alert_opens_once_reminds_daily_and_closes_with_a_notice(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await want_alerts(db, tenant, "one@shop.example")
    await add(db, tenant, "digests@shop.example")
    said = [
        await settle(db, tenant, judgement, hours)
        for judgement, hours in (
            (LATE, 0), (LATE, 0.5), (LATER, 23.9), (LATER, 24), (LATER, 25), (UNKNOWN, 30), (LATER, 48.5),
            (WELL, 49), (WELL, 49.5), (LATE, 60),
        )
    ]  # fmt: skip
    assert said == [["opened"], [], [], ["open"], [], [], ["open"], ["closed"], [], ["opened"]]
    async with db.tenant(tenant, is_read_only=True) as connection:
        (current,) = await list_open_alerts(connection, tenant)
        newest, closed = await list_alerts(connection, tenant)
        deliveries = await list_deliveries(connection, tenant)
    assert current == newest
    assert current.figures == {"behind_s": 1_000}
    assert closed.figures == {"behind_s": 9_000}
    assert closed.closed_at == NOW + timedelta(hours=49)
    # Of five notices, each went to the one destination that gets alerts.
    assert [(one.kind, one.address) for one in deliveries] == [("alert", "one@shop.example")] * 5
    async with db.tenant(other_tenant, is_read_only=True) as connection:
        assert await list_alerts(connection, other_tenant) == []


async def test_a_check_that_came_second_says_nothing_again(db: Database, tenant: UUID) -> None:
    await want_alerts(db, tenant, "one@shop.example")
    for judgement, hours, event in ((LATE, 0, "opened"), (LATE, 25, "open"), (WELL, 26, "closed")):
        async with db.tenant(tenant) as first:
            now = NOW + timedelta(hours=hours)
            (notice,) = await settle_alerts(first, tenant, judgement, now=now, time_zone="UTC")
            # It does not see what the first one has not committed yet.
            second = asyncio.create_task(settle(db, tenant, judgement, hours))
            await until_waiting_for_a_lock(db)
        assert (notice.event, await second) == (event, [])
    async with db.tenant(tenant, is_read_only=True) as connection:
        assert len(await list_alerts(connection, tenant)) == 1
        assert len(await list_deliveries(connection, tenant)) == 3


async def test_subjects_of_a_kind_are_apart(db: Database, tenant: UUID) -> None:
    figures: Figures = {"credited_cents": 1, "ledger_cents": 2, "model_version": "linear@1"}
    both = Judgement(
        [Finding("credit_differs", one, figures) for one in ("EUR", "USD")], {"credit_differs"}
    )
    assert await settle(db, tenant, both, 0) == ["opened", "opened"]
    euros = Judgement([Finding("credit_differs", "EUR", figures)], {"credit_differs"})
    assert await settle(db, tenant, euros, 1) == ["closed"]
    silent = Judgement(judged={"credit_differs"}, unknown={("credit_differs", "EUR")})
    assert await settle(db, tenant, silent, 2) == []
    async with db.tenant(tenant, is_read_only=True) as connection:
        assert [one.subject for one in await list_open_alerts(connection, tenant)] == ["EUR"]


async def test_each_tenant_is_checked_and_a_webhook_learns_of_it(
    db: Database, clone: Clone, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealer, keys = make_sealer()
    monkeypatch.setenv("SKELDIR_SEALING_KEYS", keys)
    monkeypatch.setenv("SKELDIR_NOTICES_TO_PRIVATE_ADDRESSES", "true")
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute(
            "INSERT INTO waiting_tenants (tenant_id, work, since) VALUES (%s, 'credit', now() - interval '1 hour')",
            (tenant,),
        )
    with receiving() as receiver:
        await add(db, tenant, receiver.url, sealer=sealer, gets_alerts=True)
        await enqueue_checks(db)
        await do_jobs(db, {CHECK: CHECK_KIND})
        await enqueue_checks(db)
        await do_jobs(db, {CHECK: CHECK_KIND})
        await work(db)
        (posted,) = receiver.posted
    body = orjson.loads(posted.body)
    assert body["type"] == "alert.opened"
    assert body["data"]["alert"]["kind"] == "reports_late"
    assert body["data"]["alert"]["figures"]["behind_s"] >= 3_600
    assert "Facts of the last 1" in body["text"]


FIGURES: dict[AlertKind, tuple[str, Figures, str]] = {
    "reports_late": ("", {"behind_s": 1_260}, "21\xa0"),
    "views_late": ("", {"behind_s": 7_200}, "2\xa0"),
    "credit_differs": (
        "KWD",
        {"credited_cents": 1_234_567, "ledger_cents": 1_234_568, "model_version": "linear@2"},
        "linear@2",
    ),
    "audit_differs": ("", {"differences": 3, "checks": "ledger"}, "ledger"),
    "match_rate_fell": ("", {"rate_bp": 7_000, "before_bp": 9_050, "orders": 40}, "40"),
    "webhook_silent": (
        "01a226d9-df10-717a-b112-3132d8d3ba28",
        {"provider": "stripe", "token_start": "abc", "silent_s": 200_000, "usual_gap_s": 3_600},
        "abc",
    ),
}


def make_notice(kind: AlertKind, event: str, closed_at: datetime | None = None) -> AlertNotice:
    subject, figures, _ = FIGURES[kind]
    alert = Alert(uuid4(), kind, subject, figures, NOW, NOW, NOW, closed_at)
    return AlertNotice(event, alert, "Europe/Berlin")  # type: ignore[arg-type]  # one of three


@pytest.mark.parametrize("kind", get_args(AlertKind))
@pytest.mark.parametrize("language", get_args(Language))
def test_every_alert_is_written_with_its_figures_and_what_to_do(
    kind: AlertKind, language: Language
) -> None:
    opened = write_letter(make_notice(kind, "opened"), "Shop & Co", language)
    closed = write_letter(make_notice(kind, "closed", NOW), "Shop & Co", language)
    assert FIGURES[kind][2] in opened.text
    assert FIGURES[kind][2] in closed.text
    assert opened.subject.startswith("Shop & Co")
    assert opened.subject != closed.subject
    assert len(opened.text.splitlines()) > len(closed.text.splitlines())
    assert "Shop &amp; Co" in opened.html
    assert not any(word in opened.html for word in ("http", "src=", "href=", "<img"))
