"""A confirmation page that is loaded again sends its order again: it is sold once, and an order without an id never."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from uuid import UUID

from skeldir.db.pool import Database
from skeldir.ingest.files import choose_mapping, import_file
from skeldir.revenue import list_balances

MAPPING = Path("examples/mappings/ga4_bigquery_export.toml")
HEADER = (
    "event_timestamp,event_name,user_pseudo_id,source,medium,campaign,gclid,session_id,page_referrer,page_location,"
    "currency,transaction_id,purchase_revenue\n"
)
VISIT = "1792483200000000,session_start,1.2,google,organic,,,7,https://www.google.com/,https://shop.example/,,,\n"


def purchase(at: int, order_id: str, visitor: str = "1.2") -> str:
    return (
        f"{at}000000,purchase,{visitor},,,,,7,,https://shop.example/thanks,EUR,{order_id},49.90\n"
    )


async def test_an_order_that_is_told_again_counts_once_and_one_without_an_id_never(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    path = tmp_path / "ga4.csv"
    path.write_text(
        HEADER
        + VISIT
        + purchase(1792486800, "T-1")
        + purchase(1792508400, "T-1")
        + "".join(
            purchase(1792508401 + n, no_id, f"{n}.9")
            for n, no_id in enumerate(("(not set)", "(not set)", ""))
        )
    )
    mapping = choose_mapping(path, kind="mixed", map_file=MAPPING, flags={}).mapping
    report = await import_file(db, tenant, path, mapping, progress=lambda _: None)
    assert report.rejected_by_code == Counter(order_id_missing=3)
    assert (report.done.conversions_accepted, report.done.conversions_duplicate) == (1, 1)
    async with db.tenant(tenant) as connection:
        (balance,) = await list_balances(connection, tenant, state=None, most=10)
    assert (balance.order_id, balance.balance_cents) == ("T-1", 4990)
    assert report.done.touches_accepted == 1
