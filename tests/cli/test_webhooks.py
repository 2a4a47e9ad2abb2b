"""`skeldir webhooks create`, `secret`, `list` and `end` as the owner of a shop uses them."""

from __future__ import annotations

import base64
import os
import re
import select
import subprocess
from uuid import UUID

import psycopg
import pytest

from skeldir.inbox.sealing import new_key
from tests.conftest import Clone
from tests.support.command import SKELDIR
from tests.support.webhook_commands import (
    STRIPE_SECRET,
    create,
    make_charge,
    make_payment,
    plain,
    refused,
    run,
    standing,
)

OTHER_SECRET = "whsec_b3RoZXIgc2VjcmV0IG9mIGNvbW1hbmRz"
THIRD_SECRET = "whsec_dGhpcmQgc2VjcmV0IG9mIGNvbW1hbmRz"


@pytest.fixture
def shop(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> UUID:
    """A tenant, on whose database commands work as app_user."""
    monkeypatch.setenv("DATABASE_URL", clone.app_url)
    monkeypatch.setenv("SKELDIR_SEALING_KEYS", new_key())
    return UUID(run("tenants", "create", "Shop").stdout.strip())


def test_an_address_with_its_secret_is_alone_on_stdout_and_books_what_is_signed_with_it(
    clone: Clone, shop: UUID
) -> None:
    made = run("webhooks", "create", shop, "standard", "--url", "https://pay.example/hooks/")
    address, secret = made.stdout.split()
    assert address.startswith("https://pay.example/hooks/v1/webhooks/standard/")
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    token = address.rpartition("/")[2]
    assert secret not in made.stderr
    with psycopg.connect(clone.superuser_url) as admin:
        rows = admin.execute("SELECT row_to_json(e)::text FROM webhook_endpoints e").fetchall()
        rows += admin.execute("SELECT encode(s.sealed, 'escape') FROM webhook_secrets s").fetchall()
    assert len(rows) == 2
    assert all(token not in row[0] and secret not in row[0] for row in rows)
    endpoint = create(clone, shop, "standard")
    assert endpoint.send(make_payment()) == [200]
    assert standing(clone, shop) == [("1001", "capture", 4999, "EUR")]


def test_a_stripe_endpoint_accepts_deliveries_once_its_secret_was_entered(
    clone: Clone, shop: UUID
) -> None:
    made = run("webhooks", "create", shop, "stripe")
    assert "2025-03-31.basil" in made.stderr
    assert "charge.dispute.funds_withdrawn" in made.stderr
    assert "Only this machine reaches this address" in made.stderr
    (next_command,) = (
        line.strip() for line in made.stderr.splitlines() if "skeldir webhooks secret" in line
    )
    listed = plain(run("webhooks", "list", shop).stdout)
    assert "no secret" in listed
    _, *words = next_command.split()
    entered = run(*words, given=f"  {STRIPE_SECRET}\n")
    assert "no other one" in entered.stderr
    assert STRIPE_SECRET not in entered.output
    listed = plain(run("webhooks", "list", shop).stdout)
    assert "no secret" not in listed
    assert "in force" in listed


def read_until(terminal: int, wanted: bytes) -> bytes:
    """Return what a terminal shows until it shows a text."""
    shown = b""
    while wanted not in shown:
        ready, _, _ = select.select([terminal], [], [], 30)
        assert ready, shown
        shown += os.read(terminal, 4_096)
    return shown


def test_a_terminal_is_asked_for_the_secret_and_does_not_show_it(clone: Clone, shop: UUID) -> None:
    made = run("webhooks", "create", shop, "stripe")
    endpoint = made.stderr.split()[1]
    terminal, theirs = os.openpty()
    with subprocess.Popen(
        [*SKELDIR, "webhooks", "secret", str(shop), endpoint],
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    ) as command:  # fmt: skip
        os.close(theirs)
        # The blank is shown when the terminal has stopped to show what is typed; what came before that is lost.
        shown = read_until(terminal, b"Webhook ID): ")
        os.write(terminal, f"{STRIPE_SECRET}\n".encode())
        shown += read_until(terminal, b"from now on")
    os.close(terminal)
    assert command.returncode == 0, shown
    assert b"Secret (for PayPal: the Webhook ID)" in shown
    assert STRIPE_SECRET.encode() not in shown
    assert "in force" in run("webhooks", "list", shop).stdout


def test_a_secret_that_rolls_is_in_force_with_its_successor(clone: Clone, shop: UUID) -> None:
    endpoint = create(clone, shop, "stripe")
    entered = run("webhooks", "secret", shop, endpoint.id, given=OTHER_SECRET)
    assert "the former one until 20" in plain(entered.stderr)
    charges = [make_charge(id=f"ch_{number}") for number in range(4)]
    assert endpoint.send(charges[0], secret=STRIPE_SECRET) == [200]
    assert endpoint.send(charges[1], secret=OTHER_SECRET) == [200]
    run("webhooks", "secret", shop, endpoint.id, given=THIRD_SECRET)
    statuses = [
        endpoint.send(charges[2], secret=secret)
        for secret in (STRIPE_SECRET, OTHER_SECRET, THIRD_SECRET)
    ]
    assert statuses == [[401], [200], [200]], "three were in force"
    entered = run(
        "webhooks", "secret", shop, endpoint.id, "--overlap", "0", given=f"{STRIPE_SECRET}\r\n"
    )
    assert "no other one" in entered.stderr
    assert endpoint.send(charges[3], secret=THIRD_SECRET) == [401]
    assert endpoint.send(charges[3], secret=STRIPE_SECRET) == [200]


def test_a_secret_that_is_entered_again_leaves_the_former_one_in_force(
    clone: Clone, shop: UUID
) -> None:
    endpoint = create(clone, shop, "stripe")
    shown = [
        plain(run("webhooks", "secret", shop, endpoint.id, given=OTHER_SECRET).stderr)
        for _ in range(2)
    ]
    assert shown[0] == shown[1], "the former one stays until the same moment"
    for number, secret in enumerate((STRIPE_SECRET, OTHER_SECRET)):
        assert endpoint.send(make_charge(id=f"ch_{number}"), secret=secret) == [200]
    # Back to the former one: it is the newest, and the other is the one that stays.
    run("webhooks", "secret", shop, endpoint.id, given=STRIPE_SECRET)
    for number, secret in enumerate((STRIPE_SECRET, OTHER_SECRET), start=2):
        assert endpoint.send(make_charge(id=f"ch_{number}"), secret=secret) == [200]


def test_a_secret_that_cannot_be_opened_any_more_is_replaced_at_once(
    clone: Clone, shop: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = create(clone, shop, "stripe")
    monkeypatch.setenv("SKELDIR_SEALING_KEYS", new_key())
    assert endpoint.send(make_charge()) == [503]
    entered = run("webhooks", "secret", shop, endpoint.id, given=OTHER_SECRET)
    assert "no other one" in entered.stderr
    assert endpoint.send(make_charge(), secret=OTHER_SECRET) == [200]


def test_a_new_secret_of_woocommerce_is_made_here_and_printed(clone: Clone, shop: UUID) -> None:
    endpoint = create(clone, shop, "woocommerce")
    made = run("webhooks", "secret", shop, endpoint.id, "--new")
    assert made.stdout.strip() not in ("", endpoint.secret)
    order = {"id": 1, "status": "processing", "currency": "USD", "total": "5.00"}
    order |= {"date_paid_gmt": "2026-11-02T10:00:00", "refunds": []}
    assert endpoint.send(order, secret=made.stdout.strip()) == [200]
    assert standing(clone, shop) == [("1", "capture", 500, "USD")]
    stripe = create(clone, shop, "stripe")
    assert "cannot be made here" in str(refused("webhooks", "secret", shop, stripe.id, "--new"))


@pytest.mark.parametrize(
    ("given", "shown"),
    [("sk_live_1234\n", "whsec_"), ("\n", "standard input"), ("", "standard input")],
)
def test_a_text_that_is_no_secret_is_refused_and_not_repeated(
    clone: Clone, shop: UUID, given: str, shown: str
) -> None:
    endpoint = create(clone, shop, "stripe")
    fault = refused("webhooks", "secret", shop, endpoint.id, given=given)
    assert shown in f"{fault.detail} {fault.cure}"
    assert "sk_live_1234" not in f"{fault.detail} {fault.cure}"
    assert endpoint.send(make_charge()) == [200]


@pytest.mark.parametrize(
    "words",
    [
        ("shopify",),
        ("shopify", "--shop", "www.sample.com"),
        ("shopify", "--shop", "sample.myshopify.com.evil.example"),
        ("stripe", "--shop", "sample.myshopify.com"),
        ("paypal", "--refunds-as-totals"),
        ("stripe", "--order-prefix", "a b"),
        ("woocommerce", "--order-prefix", "shop2"),
        ("stripe", "--journey-name", ""),
        ("stripe", "--journey-name", "order_id"),
        ("stripe", "--order-name", "x" * 61),
        ("stripe", "--url", "your.host"),
        ("stripe", "--url", "https://user@your.host"),
        ("stripe", "--url", "https://your.host/?a=b"),
        ("stripe", "--url", "ftp://your.host"),
        ("stripe", "--url", "https://your.host:port"),
    ],
)
def test_an_option_that_cannot_be_used_is_refused_before_anything_is_made(
    shop: UUID, words: tuple[str, ...]
) -> None:
    assert refused("webhooks", "create", shop, *words).code == "input_invalid"
    assert "There is no endpoint yet" in run("webhooks", "list", shop).stderr


def test_options_are_kept_and_listed(shop: UUID) -> None:
    words = ("--shop", "Sample.MyShopify.com", "--order-prefix", "de-", "--test")
    made = run("webhooks", "create", shop, "shopify", *words, "--journey-name", "visitor")
    assert "order_transactions/create" in made.stderr
    assert "sample.myshopify.com" in made.stderr
    assert "attributes: { visitor: journey }" in made.stderr
    listed = plain(run("webhooks", "list", shop).stdout)
    for shown in (
        "shop sample.myshopify.com",
        "prefix of orders de-",
        "journey in visitor",
        "test",
    ):
        assert shown in listed


def test_without_a_key_no_endpoint_is_made_on_a_server_of_ones_own(
    clone: Clone, shop: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SKELDIR_SEALING_KEYS")
    fault = refused("webhooks", "create", shop, "stripe")
    assert fault.code == "sealing_key_missing"
    assert "skeldir webhooks new-key" in fault.cure
    assert "There is no endpoint yet" in run("webhooks", "list", shop).stderr


def test_the_list_explains_why_deliveries_were_refused(clone: Clone, shop: UUID) -> None:
    endpoint = create(clone, shop, "stripe")
    other = create(clone, shop, "stripe")
    assert endpoint.send(make_charge(), make_charge(), secret=OTHER_SECRET) == [401, 401]
    assert endpoint.send(make_charge()) == [200]
    listed = plain(run("webhooks", "list", shop).stdout)
    assert "2 refused: signature_wrong" in listed
    assert "skeldir webhooks secret" in listed
    assert listed.index(endpoint.id) < listed.index(other.id)
    assert re.search(rf"{endpoint.id}: token \S+… 2 refused", listed)
    stranger = UUID(run("tenants", "create", "Stranger").stdout.strip())
    assert "There is no endpoint yet" in run("webhooks", "list", stranger).stderr


def test_an_endpoint_is_ended_by_the_beginning_of_its_token_and_stays_so(
    clone: Clone, shop: UUID
) -> None:
    endpoint = create(clone, shop, "standard")
    stranger = UUID(run("tenants", "create", "Stranger").stdout.strip())
    assert refused("webhooks", "end", stranger, endpoint.id).code == "endpoint_unknown"
    assert endpoint.send(make_payment()) == [200]
    token = endpoint.path.rpartition("/")[2]
    assert "Ended at 20" in run("webhooks", "end", shop, token[:12]).stdout
    assert endpoint.send(make_payment(payment_id="pay_2")) == [401]
    assert "ended 20" in plain(run("webhooks", "list", shop).stdout)
    assert "has ended" in str(refused("webhooks", "secret", shop, endpoint.id, "--new"))
    assert standing(clone, shop) == [("1001", "capture", 4999, "EUR")]


def test_a_tenant_takes_in_either_live_or_test_money(clone: Clone, shop: UUID) -> None:
    unused = create(clone, shop, "standard", "--test")
    assert "test money never enters" in str(refused("webhooks", "create", shop, "stripe"))
    run("webhooks", "end", shop, unused.id)
    endpoint = create(clone, shop, "standard")
    assert endpoint.send(make_payment()) == [200]
    run("webhooks", "end", shop, endpoint.id)
    fault = refused("webhooks", "create", shop, "stripe", "--test")
    assert "skeldir tenants create" in fault.cure
    run("webhooks", "create", shop, "stripe")


@pytest.mark.parametrize("overlap", ["tomorrow", "91d"])
def test_a_bad_overlap_is_refused_before_the_secret_is_read(
    clone: Clone, shop: UUID, overlap: str
) -> None:
    fault = refused("webhooks", "secret", shop, "x", "--overlap", overlap, given=OTHER_SECRET)
    assert fault.code == "input_invalid"
