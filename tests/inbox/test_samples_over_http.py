"""Every sample delivery, with a true signature, books what was written down by hand for it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.inbox.receiving import translate
from skeldir.inbox.saying import ENDPOINT_PROVIDERS, Context, EndpointProvider
from tests.conftest import Clone
from tests.support.inbox import SHOP, Post, inbox_of, make_post
from tests.support.webhooks import write_paypal_certificates

FOLDERS = [
    folder
    for above in Path(__file__).resolve().parents
    if (folder := above / "shared" / "data" / "webhooks").is_dir()
]
EXPECTED: list[dict[str, Any]] = (
    json.loads((FOLDERS[0] / "expected.json").read_text("utf-8")) if FOLDERS else []
)
# What these say in words of WooCommerce's order 723.
IN_WORDS = {
    "order 723 paid": ["order.created"],
    "refund 724 booked": ["order.created", "order.updated.refund_1"],
    "refunds 724, 726 booked": [
        "order.created",
        "order.updated.refund_1",
        "order.updated.refund_2",
    ],
}
GIVEN = {one["file"]: one.get("given") for one in EXPECTED}

Desk = dict[tuple[EndpointProvider, bool], Post]
Money = tuple[str, int, str]


@pytest.fixture
async def desk(
    clone: Clone, db: Database, tenant: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    """A live and a test endpoint of each provider."""
    certificates = write_paypal_certificates(tmp_path)
    async with inbox_of(clone, monkeypatch, certificates) as (_app, client):
        yield {
            (provider, is_live): await make_post(
                client, clone, db, tenant, provider, is_live=is_live
            )
            for provider in ENDPOINT_PROVIDERS
            for is_live in (True, False)
        }


def files_before(file: str) -> list[str]:
    """Return the samples that have to come before one, in order."""
    given = GIVEN.get(file)
    if given is None:
        return []
    folder = file.partition("/")[0]
    if given in IN_WORDS:
        return [f"{folder}/{name}.json" for name in IN_WORDS[given]]
    before = f"{folder}/{given}.json"
    return [*files_before(before), before]


async def deliver(desk: Desk, file: str) -> None:
    provider: EndpointProvider = file.partition("/")[0]  # type: ignore[assignment]
    body = (FOLDERS[0] / file).read_bytes()
    is_live = True
    if file.endswith(".json"):
        said = translate(provider, body, Context(is_live=True, now=utc_now(), account=SHOP))
        is_live = said.is_live is not False
    answer = await desk[provider, is_live].send(body)
    assert answer.status_code == 200, answer.text


def book_of(desk: Desk) -> Counter[tuple[str, str, int, str]]:
    rows = desk["stripe", True].ask(
        "SELECT business_key, kind, amount_cents, currency FROM standing_entries"
    )
    return Counter((key, kind, abs(cents), currency) for key, kind, cents, currency in rows)


@pytest.mark.slow
@pytest.mark.skipif(not EXPECTED, reason="the sample deliveries are not here")
@pytest.mark.parametrize("sample", EXPECTED, ids=[one["file"] for one in EXPECTED])
async def test_a_sample_books_what_is_expected(desk: Desk, sample: dict[str, Any]) -> None:
    for file in files_before(sample["file"]):
        await deliver(desk, file)
    before = book_of(desk)
    # A repeated delivery changes nothing.
    for _ in range(2):
        await deliver(desk, sample["file"])
    new = book_of(desk) - before
    assert before - book_of(desk) == Counter()
    wanted = sorted(
        (one["kind"], one["minor"], one["currency"], one["source_id"]) for one in sample["books"]
    )
    assert sorted((kind, cents, currency) for _, kind, cents, currency in new.elements()) == [
        one[:3] for one in wanted
    ]
    for (*_, source_id), (key, *_) in zip(
        wanted, sorted(new, key=lambda one: one[1:]), strict=True
    ):
        assert source_id in key
