"""Destinations: what may be one, who sees it, and its secret."""

from __future__ import annotations

import asyncio
import ipaddress
from uuid import UUID, uuid4

import psycopg
import pytest

from skeldir.clock import utc_now
from skeldir.db.pool import Database, open_database
from skeldir.errors import SkeldirError
from skeldir.inbox import new_key, read_sealer
from skeldir.notices import (
    DestinationInvalid,
    DestinationTaken,
    DestinationUnknown,
    Letter,
    MailNotConfigured,
    NoticeNotDelivered,
    list_destinations,
    remove_destination,
    reseal_destinations,
)
from skeldir.notices.addresses import (
    is_private,
    read_mail_address,
    read_webhook_url,
    require_reachable,
)
from skeldir.notices.mail import find_mail_server, make_message
from skeldir.settings import Settings
from skeldir.users import list_actions
from tests.conftest import Clone
from tests.support.command import run_here
from tests.support.mail_server import taking_mail
from tests.support.make import make_tenant
from tests.support.noticed import add, make_sealer, use_mail_server


async def test_a_tenant_sees_only_its_own_destinations_and_each_change_is_noted(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    made = await add(db, tenant, " One@Shop.example ")
    async with db.tenant(other_tenant) as connection:
        assert await list_destinations(connection, other_tenant) == []
        with pytest.raises(DestinationUnknown):
            await remove_destination(connection, other_tenant, made.id, by="test")
    async with db.tenant(tenant) as connection:
        (one,) = await list_destinations(connection, tenant)
        assert (one.address, one.language, one.sealed) == ("one@shop.example", "en", None)
        await remove_destination(connection, tenant, made.id, by="somebody")
        assert await list_destinations(connection, tenant) == []
        actions = await list_actions(connection, tenant)
    assert [(one.actor, one.action) for one in actions] == [
        ("somebody", "notices.remove"),
        ("test", "notices.add"),
    ]


async def test_a_removed_destination_is_forgotten_and_may_be_added_again(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    sealer, _ = make_sealer()
    made = await add(db, tenant, "https://shop.example/hook", sealer=sealer)
    with pytest.raises(DestinationTaken):
        await add(db, tenant, "https://shop.example/hook", sealer=sealer)
    async with db.tenant(tenant) as connection:
        await remove_destination(connection, tenant, made.id, by="test")
    with psycopg.connect(clone.superuser_url) as admin:
        row = admin.execute(
            "SELECT address, sealed, sealing_key FROM notice_destinations"
        ).fetchone()
    assert row == (None, None, None)
    await add(db, tenant, "https://shop.example/hook", sealer=sealer)


async def test_a_secret_is_stored_sealed_and_sealed_again_with_another_key(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    sealer, old = make_sealer()
    made = await add(db, tenant, "https://shop.example/hook", sealer=sealer)
    await add(db, tenant, "one@shop.example")
    assert made.secret is not None
    assert made.secret.startswith("whsec_")
    assert made.secret not in repr(made)
    new = new_key()
    both = read_sealer(f"{new},{old}")
    async with db.tenant(tenant) as connection:
        assert await reseal_destinations(connection, tenant, both) == 1
        assert await reseal_destinations(connection, tenant, both) == 0
        (one,) = [d for d in await list_destinations(connection, tenant) if d.sealed is not None]
    assert one.sealed is not None
    assert read_sealer(new).open(one.sealed) == made.secret
    with psycopg.connect(clone.superuser_url) as admin:
        (row,) = admin.execute(
            "SELECT string_agg(d::text, ' ') FROM notice_destinations d"
        ).fetchall()
    assert made.secret not in str(row)


@pytest.mark.parametrize(
    "address",
    [
        "nobody",
        "a@b@c.example",
        "a,b@shop.example",
        '"a b"@shop.example',
        "a@shop.example\nBcc: x@y.example",
        "a@shop.example\r\nSubject: x",
        "<a@shop.example>",
        "ä@shop.example",
        "a@shöp.example",
        "a..b@shop.example",
        f"{'a' * 250}@shop.example",
    ],
)
def test_what_is_no_plain_address_is_refused(address: str) -> None:
    with pytest.raises(SkeldirError):
        read_mail_address(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/hook",
        "http://10.0.0.1/",
        "ftp://shop.example/",
        "https://user:secret@shop.example/",
        "https://shop.example/#a",
        "https://shop.example\\@evil.example/",
        "https:///hook",
        "https://shop.example:port/",
        "https://shop.example/a b",
        "https://shop.example/\r\nX: y",
        "https://shöp.example/",
        "javascript:alert(1)",
        f"https://shop.example/{'a' * 500}",
    ],
)
def test_what_is_no_encrypted_url_is_refused(url: str) -> None:
    with pytest.raises(DestinationInvalid):
        read_webhook_url(url)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1",
        "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fec0::1", "ff02::1",
        "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::1", "2001:db8::1",
    ],
)  # fmt: skip
def test_no_address_within_a_private_network_is_reached(address: str) -> None:
    url = read_webhook_url("https://shop.example/hook")
    assert is_private(ipaddress.ip_address(address))
    public, private = ipaddress.ip_address("1.1.1.1"), ipaddress.ip_address(address)
    require_reachable(url, [public], allows_private=False)
    require_reachable(url, [public, private], allows_private=True)
    for found in ([private], [public, private], []):
        with pytest.raises(NoticeNotDelivered) as refused:
            require_reachable(url, found, allows_private=False)
        assert refused.value.is_final


def test_an_unencrypted_url_leads_to_this_machine_only_wherever_its_name_leads() -> None:
    url = read_webhook_url("http://localhost:8080/hook")
    own, other = ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("10.0.0.1")
    require_reachable(url, [own], allows_private=True)
    with pytest.raises(NoticeNotDelivered):
        require_reachable(url, [own, other], allows_private=True)


def test_no_text_breaks_out_of_a_header_of_the_mail() -> None:
    settings = Settings(skeldir_smtp_host="127.0.0.1", skeldir_smtp_sender="Shop <a@shop.example>")
    letter = Letter(
        "Shop\r\nBcc: x@y.example\r\n\r\nbody \N{EURO SIGN}", ".\r\nQUIT\r\n", "<p>a</p>"
    )
    sent = make_message(
        find_mail_server(settings), "one@shop.example", letter, notice_id=uuid4(), made_at=utc_now()
    )
    head = sent.as_bytes().partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").splitlines()
    assert {line.partition(b":")[0] for line in head} == {
        b"From", b"To", b"Subject", b"Date", b"Message-ID", b"Auto-Submitted", b"MIME-Version", b"Content-Type"
    }  # fmt: skip
    assert sent["Bcc"] is None


@pytest.mark.parametrize(
    ("wrong", "names"),
    [
        ({"skeldir_smtp_host": None}, "SKELDIR_SMTP_HOST"),
        ({"skeldir_smtp_sender": None}, "SKELDIR_SMTP_SENDER"),
        ({"skeldir_smtp_sender": "a@shop.example, b@shop.example"}, "SKELDIR_SMTP_SENDER"),
        ({"skeldir_smtp_sender": "x\r\nBcc: y <a b@shop.example>"}, "SKELDIR_SMTP_SENDER"),
        ({"skeldir_smtp_user": "reports"}, "SKELDIR_SMTP_PASSWORD_FILE"),
        (
            {"skeldir_smtp_user": "reports", "skeldir_smtp_security": "none"},
            "SKELDIR_SMTP_SECURITY",
        ),
    ],
)
def test_a_mail_server_that_cannot_be_used_is_refused_with_the_setting_to_mend(
    wrong: dict[str, str | None], names: str
) -> None:
    usable = {"skeldir_smtp_host": "mail.example", "skeldir_smtp_sender": "a@shop.example"}
    assert find_mail_server(Settings.model_validate(usable)).port == 587
    with pytest.raises(MailNotConfigured) as refused:
        find_mail_server(Settings.model_validate(usable | wrong))
    assert names in f"{refused.value.detail} {refused.value.cure}"


async def make_shop(clone: Clone) -> UUID:
    async with open_database(clone.app_url, pool_size=1, statement_timeout_ms=30_000) as database:
        return await make_tenant(database, "Shop")


def test_the_commands_add_show_preview_send_and_remove(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = asyncio.run(make_shop(clone))
    monkeypatch.setenv("SKELDIR_SEALING_KEYS", make_sealer()[1])

    def notices(*words: str, status: int = 0) -> str:
        return run_here(clone.app_url, "notices", *words, "--tenant", str(tenant), status=status)

    assert "Give one of --email and --webhook" in notices("destinations", "add", status=1)
    assert "mail_not_configured" in notices("destinations", "add", "--email", "one@shop.example")
    assert "whsec_" in notices("destinations", "add", "--webhook", "https://192.168.0.9/hook")
    listed = notices("destinations", "list")
    assert "one@shop.example" in listed
    assert "whsec_" not in listed
    assert "The ledger has no entries" in notices("preview")
    assert "<h1>Woche vom" in notices("preview", "--language", "de", "--html")
    with taking_mail() as box:
        use_mail_server(monkeypatch, box.port)
        said = notices("send", "--test", status=1)
        assert "sent: one@shop.example" in said
        assert "failed: https://192.168.0.9/hook notice_not_delivered" in said
        assert "No destination waits" in notices("send")
    assert len(box.messages) == 1
    assert "test" in notices("deliveries")
    for line in listed.splitlines():
        if "@shop.example" in line or "192.168" in line:
            notices("destinations", "remove", line.split()[1])
    assert "shop.example" not in notices("destinations", "list")
    assert "notice_destination_unknown" in notices("destinations", "remove", "x", status=1)
