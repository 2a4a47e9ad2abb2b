"""Touches are sent to the database column by column, each as one text, and are stored unchanged."""

from __future__ import annotations

from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skeldir.db.pool import Database
from skeldir.ingest.nothing import is_no_id, is_nothing
from tests.support.make import make_touch, send_touches

FIELDS = ("session_id", "source", "medium", "campaign")
texts = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=30).filter(
    lambda text: not is_nothing(text) and not is_no_id(text)
)


@given(
    st.lists(
        st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, texts)), min_size=1, max_size=8
    )
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_any_text_of_a_touch_is_stored_unchanged(
    db: Database, tenant: UUID, items: list[dict[str, str]]
) -> None:
    touches = [make_touch(**item) for item in items]
    receipt = await send_touches(db, tenant, *touches)
    assert receipt.accepted == len(touches)
    async with db.tenant(tenant) as connection:
        rows = await connection.fetch(
            "SELECT idempotency_key, session_id, source, medium, campaign FROM attribution_events"
            " WHERE idempotency_key = ANY($1)",
            [touch["idempotency_key"] for touch in touches],
        )
    stored = {row["idempotency_key"]: {name: row[name] for name in FIELDS} for row in rows}
    assert stored == {
        touch["idempotency_key"]: {name: touch.get(name) for name in FIELDS} for touch in touches
    }
