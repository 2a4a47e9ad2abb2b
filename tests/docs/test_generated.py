"""The documents that are made of the program say what it is: schema, API, and the models' figures."""

from __future__ import annotations

import re
from uuid import UUID

import psycopg
import pytest

from skeldir.attribution import channel_totals, credit_dirty_orders
from skeldir.db.pool import Database
from skeldir.revenue import ledger_totals
from tests.conftest import Clone
from tests.support.documents import example
from tests.support.documents.generated import DOCS, ROOT, generated_documents
from tests.support.documents.tables import ROWS
from tests.support.make import send_conversions, send_touches
from tests.support.rooms import ROOM_OF


@pytest.mark.one_server("the schema is described as one server has it")
def test_every_document_is_what_the_program_makes_of_it(clone: Clone) -> None:
    stale = [
        str(path.relative_to(ROOT))
        for path, text in generated_documents(clone.superuser_url).items()
        if path.read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run `make docs` and look at the change"


def test_every_table_has_a_sentence_and_a_room(clone: Clone) -> None:
    with psycopg.connect(clone.superuser_url) as connection:
        tables = {
            str(name)
            for (name,) in connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            ).fetchall()
        }
    assert set(ROWS) == tables, "say in tests/support/documents/tables.py what a row is"
    assert all(re.fullmatch(r"[A-Z].+\.", sentence) for sentence in ROWS.values())
    assert tables <= set(ROOM_OF), "name the room in tests/support/rooms.py"
    assert (
        len(re.findall(r"^### `\w+`$", (DOCS / "schema.md").read_text("utf-8"), re.MULTILINE)) > 40
    )


async def test_the_figures_of_the_models_page_are_what_a_database_comes_to(
    db: Database, tenant: UUID
) -> None:
    await send_touches(
        db,
        tenant,
        *(
            {
                "idempotency_key": touch.idempotency_key,
                "occurred_at": touch.occurred_at.isoformat(),
                "journey_key": "visitor",
                "channel": touch.channel_code,
            }
            for touch in example.TOUCHES
        ),
    )
    for count in (1, 2):
        entry = example.ENTRIES[count - 1]
        await send_conversions(
            db,
            tenant,
            {
                "idempotency_key": entry.business_key,
                "order_id": "991",
                "kind": entry.kind,
                "amount_cents": abs(entry.amount_cents),
                "currency": entry.currency,
                "occurred_at": entry.occurred_at.isoformat(),
                "journey_key": "visitor",
            },
        )
        await credit_dirty_orders(db)
        async with db.tenant(tenant) as connection:
            totals = await channel_totals(connection, tenant)
            (ledger,) = await ledger_totals(connection, tenant)
        found = {(row.model, row.channel_code): row.credited_cents for row in totals}
        for model in example.MODELS:
            parts = example.credited_cents(model, *example.ENTRIES[:count])
            assert [found.get((model, code), 0) for code in example.CHANNELS] == parts
            assert sum(parts) == ledger.net_cents
