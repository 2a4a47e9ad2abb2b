"""Sending digests: by a real mail server and a real receiver, once for each week and destination."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from pathlib import Path
from uuid import UUID

import orjson
import psycopg
import pytest
from standardwebhooks import Webhook

from bench.service import SKELDIR
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.notices import (
    DeliveryRecord,
    find_due,
    list_deliveries,
    make_deliveries,
    remove_destination,
    send_delivery,
)
from skeldir.notices.digest import read_digest_back
from skeldir.notices.tasks import enqueue_reviews
from skeldir.web import write_letter
from tests.conftest import Clone
from tests.support.command import environment
from tests.support.mail_server import PASSWORD, USER, make_certificate, taking_mail
from tests.support.noticed import (
    add,
    hurry,
    let_digest_be_due,
    make_sealer,
    use_mail_server,
    work,
    write_password,
)
from tests.support.receiver import receiving


async def deliveries(db: Database, tenant: UUID) -> list[DeliveryRecord]:
    async with db.tenant(tenant, is_read_only=True) as connection:
        return await list_deliveries(connection, tenant)


def due_jobs(clone: Clone) -> None:
    """Forget which tenants were reviewed."""
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute("DELETE FROM jobs WHERE kind = 'notices.review'")


async def test_a_digest_is_sent_once_a_week_to_each_destination_however_often_tenants_are_reviewed(
    db: Database, clone: Clone, tenant: UUID, other_tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(db, tenant, "one@shop.example")
    await add(db, tenant, "two@shop.example", language="de")
    with taking_mail() as box:
        use_mail_server(monkeypatch, box.port)
        await let_digest_be_due(db, clone, tenant)
        for _ in range(3):
            await enqueue_reviews(db)
            await work(db)
            due_jobs(clone)
    assert sorted(box.recipients) == ["one@shop.example", "two@shop.example"]
    made = await deliveries(db, tenant)
    assert [(one.state, one.attempts, one.kind) for one in made] == [("sent", 1, "digest")] * 2
    assert {one["Message-ID"] for one in box.messages} == {
        f"<{one.id}@shop.example>" for one in made
    }
    assert await deliveries(db, other_tenant) == []
    message = box.messages[0]
    assert message["From"] == "Reports <reports@shop.example>"
    assert {part.get_content_type() for part in message.iter_parts()} == {"text/plain", "text/html"}


async def test_two_reviews_at_once_make_one_digest(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    await add(db, tenant, "one@shop.example")
    await let_digest_be_due(db, clone, tenant)
    first, second = [await find_due(db, tenant, utc_now()) for _ in range(2)]
    assert first is not None
    assert second is not None
    for digest, wanted in (first, second):
        async with db.tenant(tenant) as connection:
            await make_deliveries(connection, tenant, digest, wanted)
    assert len(await deliveries(db, tenant)) == 1
    assert await find_due(db, tenant, utc_now()) is None


async def test_a_new_destination_waits_for_the_next_monday(db: Database, tenant: UUID) -> None:
    await add(db, tenant, "one@shop.example")
    assert await find_due(db, tenant, utc_now()) is None


async def test_a_webhook_is_signed_and_repeated_with_the_same_id_and_numbers(
    db: Database, clone: Clone, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealer, keys = make_sealer()
    monkeypatch.setenv("SKELDIR_SEALING_KEYS", keys)
    monkeypatch.setenv("SKELDIR_NOTICES_TO_PRIVATE_ADDRESSES", "true")
    with receiving() as receiver:
        receiver.statuses = [500, 204]
        made = await add(db, tenant, f"{receiver.url}hook?a=b", sealer=sealer)
        await let_digest_be_due(db, clone, tenant)
        await enqueue_reviews(db)
        await work(db)
        (waiting,) = await deliveries(db, tenant)
        assert (waiting.state, waiting.attempts) == ("waiting", 1)
        assert waiting.error == "notice_not_delivered: The receiver answers with 500."
        hurry(clone)
        await work(db)
    first, second = receiver.posted
    assert first.path == "/hook?a=b"
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert made.secret is not None
    said = Webhook(made.secret).verify(second.body, second.headers)
    assert said == orjson.loads(second.body)
    assert said["type"] == "digest.weekly"
    assert said["tenant_id"] == str(tenant)
    assert read_digest_back(orjson.dumps(said["data"]).decode()).currencies == ()
    (sent,) = await deliveries(db, tenant)
    assert (sent.state, sent.attempts, sent.error) == ("sent", 2, None)


@pytest.mark.parametrize(
    ("status", "state", "error"),
    [
        (410, "failed", "The receiver answers with 410."),
        (302, "waiting", "The receiver redirects (302), which is not followed."),
    ],
)
async def test_a_redirect_is_not_followed_and_a_receiver_that_is_gone_is_left_alone(
    db: Database,
    clone: Clone,
    tenant: UUID,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    state: str,
    error: str,
) -> None:
    sealer, keys = make_sealer()
    monkeypatch.setenv("SKELDIR_SEALING_KEYS", keys)
    monkeypatch.setenv("SKELDIR_NOTICES_TO_PRIVATE_ADDRESSES", "true")
    with receiving() as receiver:
        receiver.statuses = [status]
        await add(db, tenant, receiver.url, sealer=sealer)
        await let_digest_be_due(db, clone, tenant)
        await enqueue_reviews(db)
        await work(db)
        assert [one.path for one in receiver.posted] == ["/"]
    (record,) = await deliveries(db, tenant)
    assert (record.state, record.error) == (state, f"notice_not_delivered: {error}")


async def test_a_private_address_is_refused_unless_the_operator_permits_it(
    db: Database, clone: Clone, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealer, keys = make_sealer()
    monkeypatch.setenv("SKELDIR_SEALING_KEYS", keys)
    with receiving() as receiver:
        await add(db, tenant, receiver.url, sealer=sealer)
        await let_digest_be_due(db, clone, tenant)
        await enqueue_reviews(db)
        await work(db)
        assert receiver.posted == []
    (record,) = await deliveries(db, tenant)
    assert record.state == "failed"
    assert record.error is not None
    assert "is within a private network" in record.error


async def test_mail_is_encrypted_and_the_password_read_from_its_file(
    db: Database, clone: Clone, tenant: UUID, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    certificate = make_certificate(tmp_path)
    password = write_password(tmp_path, PASSWORD)
    await add(db, tenant, "one@shop.example")
    await let_digest_be_due(db, clone, tenant)
    with taking_mail(certificate) as stranger, taking_mail(certificate, at_once=True) as box:
        # Its certificate is not trusted: nothing is sent, and no password.
        use_mail_server(monkeypatch, stranger.port, security="starttls", password=password)
        await enqueue_reviews(db)
        await work(db)
        assert (stranger.logins, stranger.raw) == ([], [])
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        hurry(clone)
        await work(db)
        assert (stranger.logins, stranger.were_encrypted) == ([USER], [True])
        async with db.tenant(tenant) as connection:
            await connection.execute(
                "UPDATE notice_deliveries SET state = 'waiting', ended_at = NULL"
            )
        use_mail_server(monkeypatch, box.port, security="tls", password=password)
        (record,) = await deliveries(db, tenant)

        assert await send_delivery(db, tenant, record.id, write_letter, is_last=True) == "sent"
        assert (box.logins, box.were_encrypted) == ([USER], [True])


@pytest.mark.parametrize(
    ("answer", "state"), [("550 no such user", "failed"), ("451 come again", "waiting")]
)
async def test_a_refused_address_is_final_and_a_busy_server_is_asked_again(
    db: Database,
    clone: Clone,
    tenant: UUID,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    state: str,
) -> None:
    await add(db, tenant, "one@shop.example")
    await let_digest_be_due(db, clone, tenant)
    with taking_mail() as box:
        box.refuses = answer
        use_mail_server(monkeypatch, box.port)
        await enqueue_reviews(db)
        await work(db)
        assert box.raw == []
    (record,) = await deliveries(db, tenant)
    assert record.state == state
    assert record.error == (
        f"notice_not_delivered: The mail server refuses the address ({answer[:3]})."
    )


async def test_without_a_mail_server_the_delivery_says_so_and_waits(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    await add(db, tenant, "one@shop.example")
    await let_digest_be_due(db, clone, tenant)
    await enqueue_reviews(db)
    await work(db)
    (record,) = await deliveries(db, tenant)
    assert record.state == "waiting"
    assert (record.error or "").startswith("mail_not_configured: No mail server is configured")


async def test_what_lost_its_job_is_sent_by_a_later_review(
    db: Database, clone: Clone, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(db, tenant, "one@shop.example")
    await let_digest_be_due(db, clone, tenant)
    due = await find_due(db, tenant, utc_now())
    assert due is not None
    async with db.tenant(tenant) as connection:
        await make_deliveries(connection, tenant, *due)
    with taking_mail() as box, psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        use_mail_server(monkeypatch, box.port)
        admin.execute("DELETE FROM jobs")
        await enqueue_reviews(db)
        await work(db)
        assert box.raw == []
        admin.execute("UPDATE notice_deliveries SET made_at = now() - interval '25 hours'")
        due_jobs(clone)
        await enqueue_reviews(db)
        await work(db)
        assert box.recipients == ["one@shop.example"]


async def test_nothing_is_sent_to_a_server_that_cannot_encrypt(
    db: Database, clone: Clone, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(db, tenant, "one@shop.example")
    await let_digest_be_due(db, clone, tenant)
    with taking_mail() as box:
        use_mail_server(monkeypatch, box.port, security="starttls")
        await enqueue_reviews(db)
        await work(db)
        assert (box.recipients, box.raw) == ([], [])
    (record,) = await deliveries(db, tenant)
    assert "SMTPNotSupportedError" in (record.error or "")


async def test_what_waits_for_a_removed_destination_is_not_sent(
    db: Database, clone: Clone, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await add(db, tenant, "one@shop.example")
    await let_digest_be_due(db, clone, tenant)
    due = await find_due(db, tenant, utc_now())
    assert due is not None
    async with db.tenant(tenant) as connection:
        await make_deliveries(connection, tenant, *due)
        await remove_destination(connection, tenant, made.id, by="test")
    with taking_mail() as box:
        use_mail_server(monkeypatch, box.port)
        await work(db)
        assert box.raw == []
    (record,) = await deliveries(db, tenant)
    assert (record.state, record.address) == ("failed", None)


@pytest.mark.slow
async def test_a_process_that_is_killed_before_it_records_the_end_has_it_sent_again_with_the_same_id(
    db: Database, clone: Clone, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(db, tenant, "one@shop.example")
    await let_digest_be_due(db, clone, tenant)
    with taking_mail() as box:
        use_mail_server(monkeypatch, box.port)
        words = [*SKELDIR, "notices", "send", "--tenant", str(tenant)]
        sender = await asyncio.to_thread(subprocess.Popen, words, env=environment(clone.app_url))
        box.on_taken = lambda: os.kill(sender.pid, signal.SIGKILL)
        assert await asyncio.to_thread(sender.wait, 60) == -signal.SIGKILL
        (record,) = await deliveries(db, tenant)
        assert record.state == "waiting"
        box.on_taken = lambda: None
        hurry(clone)
        await work(db)
        await enqueue_reviews(db)
        await work(db)
    first, second = box.messages
    assert first["Message-ID"] == second["Message-ID"] == f"<{record.id}@shop.example>"
    bodies = [one.get_body(("plain",)) for one in (first, second)]
    assert len({body.get_content() for body in bodies if body is not None}) == 1
    (record,) = await deliveries(db, tenant)
    assert record.state == "sent"
