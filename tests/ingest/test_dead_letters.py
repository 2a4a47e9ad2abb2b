"""What is kept of a rejected item: enough to correct it, and nothing that identifies a person."""

from __future__ import annotations

import math
import re
import time
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.db.pool import Database
from skeldir.ingest.canonical import hash_journey_key
from skeldir.ingest.dead_letters import DeadEvent, ItemKind, list_dead_events, reduce_item
from skeldir.ingest.fields import CONVERSION_FIELDS, TOUCH_FIELDS
from skeldir.ingest.rejections import unreadable_text
from skeldir.tenants import TenantProfile, load_profile
from tests.support.hostile import json_items
from tests.support.make import make_conversion, make_touch, send_conversions, send_touches

PROFILE = TenantProfile(UUID(int=1), "A", b"secret of the tenant", frozenset())
HUGE = 10**5_000


def reduce(item: object, kind: ItemKind = "touch") -> dict[str, Any]:
    """Return what would be kept, after conversion to JSON and back."""
    kept: dict[str, Any] = orjson.loads(orjson.dumps(reduce_item(item, kind, PROFILE)))
    return kept


async def stored_events(db: Database, tenant: UUID) -> list[DeadEvent]:
    async with db.tenant(tenant) as connection:
        return await list_dead_events(connection, tenant)


@given(
    st.tuples(st.just("touch"), json_items(make_touch(), TOUCH_FIELDS))
    | st.tuples(st.just("conversion"), json_items(make_conversion(), CONVERSION_FIELDS))
)
def test_anything_is_reduced_to_a_few_short_known_fields(case: tuple[ItemKind, object]) -> None:
    kind, item = case
    kept = reduce(item, kind)
    assert kept.keys() <= (TOUCH_FIELDS if kind == "touch" else CONVERSION_FIELDS) | {"type"}
    written = orjson.dumps(kept).decode()
    assert len(written) < 100_000
    assert "@" not in written
    assert "%40" not in written
    assert "\\u0000" not in written


def test_a_journey_key_is_kept_as_the_hash_that_its_facts_have() -> None:
    for key in ("visitor-1", "jane@example.com", "v" * 900, "jane\nvisitor"):
        kept = reduce(make_touch(journey_key=key))["journey_key"]
        assert kept == hash_journey_key(PROFILE.journey_secret, key).hex()
    assert len(reduce(make_touch(journey_key="half \ud800 \x00"))["journey_key"]) == 32


def test_a_journey_key_that_is_not_a_text_is_not_kept() -> None:
    for value, kept in (
        (["jane"], "list"),
        ({"jane": "jane"}, "dict"),
        (5551234, "int"),
        (5551234.5, "float"),
        (HUGE, "int"),
        (None, None),
        ("", ""),
    ):
        assert reduce(make_touch(journey_key=value))["journey_key"] == kept


def test_unknown_fields_are_dropped_unread() -> None:
    item = make_touch(email="jane@example.com", phone="5551234", extra={"ip": "10.0.0.1"})
    assert reduce(item) == reduce({name: item[name] for name in make_touch()})
    assert reduce({"order_id": "1001"}, "touch") == {}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("jane.doe+x@example.com", "[e-mail]"),
        ("from <jane@example.com>, 3 items", "from [e-mail] 3 items"),
        ("jane%40example.com and a@b", "[e-mail] and [e-mail]"),
        ("x" * 490 + " jane@example.com", "x" * 490 + " [e-mail]"),
        ("@ " * 400, ("[e-mail] " * 400)[:500]),
        ("a lone \ud800 and a \x00", "a lone \ufffd and a \ufffd"),
    ],
)
def test_e_mail_addresses_are_masked_in_texts(text: str, kept: str) -> None:
    assert reduce({"campaign": text})["campaign"] == kept


def test_a_huge_text_without_blanks_takes_no_time() -> None:
    began = time.perf_counter()
    reduce({"campaign": "a" * 5_000_000, "source": "@" * 5_000_000})
    assert time.perf_counter() - began < 1


def test_of_addresses_only_host_and_path_are_kept() -> None:
    kept = reduce(
        {
            "referrer_host": "https://jane:secret@news.example/a?token=secret",
            "landing_path": "https://shop.example/reset?token=secret#secret",
        }
    )
    assert kept == {"referrer_host": "news.example", "landing_path": "/reset"}


def test_values_that_are_not_texts_are_kept_as_texts() -> None:
    item = {"amount_cents": HUGE, "currency": math.nan, "kind": {"a": 1}, "order_id": 12.5}
    assert reduce(item, "conversion") == {
        "amount_cents": "a whole number of more than 500 digits",
        "currency": "nan",
        "kind": "an object",
        "order_id": "12.5",
    }
    assert reduce({"click_ids": ["gclid", 1, ["x"], "a@b.example"]}) == {
        "click_ids": ["gclid", "unnamed_click_id"]
    }
    assert reduce([1, 2]) == {"type": "list"}


def test_only_digest_and_size_of_a_line_that_is_not_json_are_kept() -> None:
    refused = unreadable_text(
        "json_invalid", "The line is not JSON.", b'{"email": "jane@example.com"'
    )
    kept = reduce(refused)
    assert kept.keys() == {"sha256", "bytes"}
    assert kept["bytes"] == 28


async def test_dead_events_in_the_database_name_no_person(db: Database, tenant: UUID) -> None:
    await send_touches(
        db,
        tenant,
        make_touch(journey_key="visitor-jane\x00"),
        make_touch(journey_key=["visitor-jane"]),
        make_touch(journey_key="visitor-jane", channel="jane@example.com"),
        make_touch(journey_key="visitor-jane", session_id=1, email="jane", note={"x": "jane"}),
        make_touch(journey_key="visitor-jane", source=5, landing_path="/x?customer=jane"),
        make_touch(journey_key=None, idempotency_key="jane%40example.com"),
    )
    await send_conversions(
        db,
        tenant,
        make_conversion(journey_key="visitor-jane", kind="jane@example.com"),
        make_conversion(journey_key="visitor-jane", amount_cents=None, customer={"name": "jane"}),
    )
    events = await stored_events(db, tenant)
    assert len(events) == 8
    for event in events:
        assert "jane" not in repr((event.detail, event.cure, event.item, event.origin))
    async with db.tenant(tenant) as connection:
        profile = await load_profile(connection, tenant)
    hashed = hash_journey_key(profile.journey_secret, "visitor-jane").hex()
    assert sum(event.item.get("journey_key") == hashed for event in events) == 5


PERSONAL = [
    '{"email": "x"}',
    '{"E-Mail_Address": 1}',
    '{"a": {"b": {"phone_number": null}}}',
    '{"a": [1, [{"first name": "x"}]]}',
    '[{"ip_address": "10.0.0.1"}]',
    '[[[{"a": {"User-Agent": "x"}}]]]',
    '{"a": {"zip": {"b": 1}}}',
    '{"billing_email": "x"}',
    '{"customer": {"home-phone": "x"}}',
    '{"kind": {"email": "x"}}',
    '{"kind": "capture", "currency": {}, "channel": {"email": "x"}}',
    '{"click_ids": ["gclid", {"email": "x"}]}',
    '{"kind": "capture", "email": "x"}',
]
INSERTS = [
    """
    INSERT INTO dead_events (tenant_id, id, origin, item_kind, code, detail, cure, item)
    VALUES ($1, gen_random_uuid(), $2, 'touch', 'c', 'd', 'c', $3)
    """,
    """
    INSERT INTO attribution_events (tenant_id, id, occurred_at, idempotency_key, raw_payload)
    VALUES ($1, gen_random_uuid(), now(), $2, $3)
    """,
]


async def test_the_database_itself_refuses_personal_keys_at_any_depth(
    db: Database, tenant: UUID
) -> None:
    for insert in INSERTS:
        async with db.tenant(tenant) as connection:
            await connection.execute(insert, tenant, "first", '{"mail": {"order_id": "email"}}')
            await connection.execute(
                insert, tenant, "odd", '{"kind": "{\\"email\\": 1}", "campaign": "{{"}'
            )
        for payload in PERSONAL:
            with pytest.raises(asyncpg.CheckViolationError, match="holds_no_personal_keys"):
                async with db.tenant(tenant) as connection:
                    await connection.execute(insert, tenant, "second", payload)


async def test_the_database_searches_no_item_of_the_fields_that_are_kept(db: Database) -> None:
    async with db.unbound() as connection:
        guard = await connection.fetchval(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'item_holds_no_personal_keys'"
        )
    (names,) = re.findall(r"'{([a-z_0-9,]+)}'::text\[\]", guard)
    kept = (
        TOUCH_FIELDS | CONVERSION_FIELDS | {"type"} | unreadable_text("c", "d", b"x").fields.keys()
    )
    assert set(names.split(",")) == kept
