"""The guard against personal keys looks at the text first, and finds exactly what a search of the document finds."""

from __future__ import annotations

import json
import re
from pathlib import Path

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skeldir import migrations
from tests.conftest import Clone

FOUNDATION = Path(migrations.__file__).parent / "sql" / "202511151400_foundation.sql"
SEARCH = re.search(
    r"SELECT NOT (jsonb_path_exists\(.*?flag \"i\"\)'\s*\))",
    FOUNDATION.read_text("utf-8"),
    re.DOTALL,
)
WORDS = """e mail email customer phone number mobile first name full street address 2 zip code post postal birth date of
day dob ssn iban card no pan cvc ip v4 browser user agent password kind ship shipping id amount currency x é " : ."""
PARTS = st.sampled_from([*WORDS.split(), "\\", "\n"])
KEYS = st.lists(st.tuples(PARTS, st.sampled_from(["", "_", "-", " ", "."])), min_size=1, max_size=5)
VALUES = st.sampled_from(["", "e-mail", '"phone": 1', 1, None, [], {"e_mail": 1}, [{"zip": 1}]])


@given(st.lists(st.tuples(KEYS, VALUES), max_size=4))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None
)
def test_the_guard_finds_what_a_search_of_the_document_finds(
    clone: Clone, pairs: list[tuple[list[tuple[str, str]], object]]
) -> None:
    assert SEARCH is not None
    payload = {"".join(map("".join, key)): value for key, value in pairs}
    found = SEARCH[1].replace("payload", "p")
    query = f"SELECT holds_no_personal_keys(p), NOT {found} FROM (SELECT %s::jsonb AS p) one"
    with psycopg.connect(clone.superuser_url) as connection:
        row = connection.execute(query.encode(), (json.dumps(payload),)).fetchone()
    assert row is not None
    assert row[0] is row[1], payload
