"""A failure on our side makes the provider try again; it keeps nothing, and reveals nothing about tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from skeldir.db.pool import Database
from skeldir.inbox import memory, signatures
from skeldir.inbox.endpoints import NewEndpoint
from skeldir.inbox.saying import ENDPOINT_PROVIDERS, EndpointProvider
from skeldir.inbox.sealing import Sealed, Sealer, new_key
from tests.conftest import Clone
from tests.support.api import asking
from tests.support.inbox import Post, inbox_of, make_post
from tests.support.webhooks import write_paypal_certificates

CAPTURE: dict[str, object] = {
    "type": "payment.captured",
    "timestamp": "2026-11-02T10:00:00Z",
    "data": {"payment_id": "pay_1", "order_id": "1001", "amount": "49.99", "currency": "EUR"},
}
FAIL_AT_COMMIT = b"""
CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the commit fails'; END $$;
CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON public.webhook_deliveries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.fail();
"""


@pytest.fixture
async def post(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Post]:
    async with inbox_of(clone, monkeypatch) as (_app, client):
        yield await make_post(client, clone, db, tenant, "standard")


def run(clone: Clone, statements: bytes) -> None:
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        admin.execute(statements)


def counts(post: Post) -> list[tuple[object, ...]]:
    return post.ask(
        "SELECT (SELECT count(*) FROM webhook_deliveries), (SELECT count(*) FROM payments),"
        " (SELECT count(*) FROM standing_entries)"
    )


async def test_a_commit_that_fails_keeps_nothing_and_the_next_try_is_booked(
    post: Post, clone: Clone
) -> None:
    run(clone, FAIL_AT_COMMIT)
    answer = await post.send(CAPTURE, event_id="msg_1")
    assert answer.status_code in (500, 503), answer.text
    assert "the commit fails" not in answer.text
    assert counts(post) == [(0, 0, 0)]
    run(clone, b"DROP TRIGGER fail ON public.webhook_deliveries")
    assert (await post.send(CAPTURE, event_id="msg_1")).status_code == 200
    assert counts(post) == [(1, 1, 1)]


@pytest.mark.parametrize(
    ("keys", "code"),
    [(None, "sealing_key_missing"), (new_key(), "sealing_key_unknown")],
    ids=["no key", "another key"],
)
async def test_without_the_key_of_the_secret_the_provider_is_told_to_try_again(
    post: Post, clone: Clone, monkeypatch: pytest.MonkeyPatch, keys: str | None, code: str
) -> None:
    if keys is None:
        monkeypatch.delenv("SKELDIR_SEALING_KEYS")
    else:
        monkeypatch.setenv("SKELDIR_SEALING_KEYS", keys)
    async with asking(clone.app_url) as (_app, client):
        answer = await replace(post, client=client).send(CAPTURE)
    assert (answer.status_code, answer.json()["code"]) == (503, code)
    assert counts(post) == [(0, 0, 0)]
    assert (await post.send(CAPTURE)).status_code == 200


class Work:
    """Counts what a refusal costs: secrets that are opened, and keys that a signature is checked with."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened = self.tried = 0
        open_, padded = Sealer.open, signatures.pad_keys

        def count_opened(sealer: Sealer, sealed: Sealed) -> str:
            self.opened += 1
            return open_(sealer, sealed)

        def count_tried(keys: list[object], decoy: object) -> list[object]:
            made = padded(keys, decoy)
            self.tried += len(made)
            return made

        monkeypatch.setattr(Sealer, "open", count_opened)
        monkeypatch.setattr(signatures, "pad_keys", count_tried)

    def take(self) -> tuple[int, int]:
        taken, self.opened, self.tried = (self.opened, self.tried), 0, 0
        return taken


@pytest.mark.parametrize("provider", ENDPOINT_PROVIDERS)
async def test_an_unknown_address_costs_as_much_as_a_wrong_secret(
    clone: Clone,
    db: Database,
    tenant: UUID,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    provider: EndpointProvider,
) -> None:
    monkeypatch.setattr(memory, "KEPT_S", 0.0)
    certificates = write_paypal_certificates(tmp_path)
    async with inbox_of(clone, monkeypatch, certificates) as (_app, client):
        known = await make_post(client, clone, db, tenant, provider)
        wrong = replace(known, secret="whsec_b3RoZXIgc2VjcmV0IG9mIHRlc3Rz")
        unknown = replace(wrong, endpoint=NewEndpoint(known.endpoint.id, "A" * 43))
        work = Work(monkeypatch)
        spent = []
        for one in (wrong, unknown):
            assert (await one.send(CAPTURE)).status_code == 401
            spent.append(work.take())
    assert spent[0] == spent[1]
    assert min(spent[0]) > 0
