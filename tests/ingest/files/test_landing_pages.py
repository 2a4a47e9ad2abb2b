"""A file with landing addresses gives each touch the channel that its address shows."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from skeldir.db.pool import Database
from skeldir.ingest.files import choose_mapping, import_file
from skeldir.ingest.files.mapping import MappingInvalid

FILE = """time,visitor_id,referrer,landing_page
2026-05-01T10:00:00Z,a,https://www.bing.com/,https://store.example/?msclkid=5a3f&page=2
2026-05-01T11:00:00Z,b,,https://store.example/news?utm_source=letter&utm_medium=email#utm_source=x
2026-05-01T12:00:00Z,c,https://www.tiktok.com/,https://store.example/#/sale?utm_source=tiktok&utm_medium=paid
2026-05-01T13:00:00Z,d,https://www.store.example/cart,https://store.example/thanks
2026-05-01T14:00:00Z,e,https://help.store.example/,https://www.store.example/
2026-05-01T15:00:00Z,f,https://other.example/,https://store.example/?newclid=5a3f
"""


async def test_landing_pages_of_a_file_are_read_before_they_are_cut(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    path = tmp_path / "visits.csv"
    path.write_text(FILE)
    mapping = choose_mapping(path, kind=None, map_file=None, flags={}).mapping
    report = await import_file(db, tenant, path, mapping, progress=lambda _: None)
    assert report.done.touches_accepted == 6
    async with db.tenant(tenant) as connection:
        rows = await connection.fetch(
            "SELECT channel_code, landing_path, click_id_kinds FROM attribution_events ORDER BY occurred_at"
        )
    assert [tuple(row) for row in rows] == [
        ("paid_search", "/", ["msclkid"]),
        ("email", "/news", None),
        ("paid_social", "/", None),
        ("direct", "/thanks", None),
        ("direct", "/", None),
        ("referral", "/", ["newclid"]),
    ]


def test_landing_addresses_with_tags_are_enough_to_show_where_visits_came_from(
    tmp_path: Path,
) -> None:
    path = tmp_path / "visits.csv"
    lines = ["time,visitor_id,landing_page", "2026-05-01T10:00:00Z,a,/?utm_source=news"]
    path.write_text("\n".join(lines))
    mapping = choose_mapping(path, kind=None, map_file=None, flags={}).mapping
    assert mapping.kind == "touches"
    path.write_text("\n".join(lines).replace("?utm_source=news", ""))
    with pytest.raises(MappingInvalid, match="where the visits came from"):
        choose_mapping(path, kind=None, map_file=None, flags={})
