"""`skeldir corrections`: a touch is tried, corrected, listed, and left to the rules again."""

from __future__ import annotations

import json
import re
from pathlib import Path
from uuid import UUID

from tests.conftest import Clone
from tests.support.command import run_here


def test_a_touch_is_tried_corrected_listed_and_revoked(
    clone: Clone, tenant: UUID, tmp_path: Path
) -> None:
    visit = {
        "idempotency_key": "v",
        "visitor_id": "visitor-1",
        "occurred_at": "2026-05-01T10:00:00Z",
        "source": "google",
        "medium": "cpc",
    }
    order = {
        "idempotency_key": "c",
        "order_id": "A",
        "visitor_id": "visitor-1",
        "occurred_at": "2026-05-02T10:00:00Z",
        "kind": "capture",
        "amount": "10.01",
        "currency": "EUR",
    }
    for kind, item in (("touches", visit), ("conversions", order)):
        file = tmp_path / f"{kind}.json"
        file.write_text(json.dumps(item))
        run_here(clone.app_url, "import", kind, str(file), "--tenant", str(tenant))
    run_here(clone.app_url, "credit", "--tenant", str(tenant))

    def corrections(*words: str, status: int = 0) -> str:
        return run_here(
            clone.app_url, "corrections", words[0], str(tenant), *words[1:], status=status
        )

    wanted = ("touch", "v", "--channel", "affiliates", "--reason", "Ann's newsletter")
    said = corrections(*wanted, "--dry-run")
    assert "moves from paid_search to affiliates. Journeys of 1 orders change." in said
    assert "+10.01" in said
    assert "Ann" not in corrections("list")
    assert "--yes" in corrections(*wanted, status=1)
    found = re.search(r"Corrected: (\S+)\.", corrections(*wanted, "--yes"))
    assert found is not None
    assert "it; no credit moves" in corrections(*wanted, "--dry-run")
    assert "Ann's newsletter" in corrections("list", "--touch", "v")
    assert "no touch" in corrections("touch", "w", *wanted[2:], "--yes", status=1).lower()
    run_here(clone.app_url, "credit", "--tenant", str(tenant))
    revoke = ("revoke", found[1], "--reason", "it was not")
    assert "moves from affiliates to paid_search" in corrections(*revoke, "--dry-run")
    assert "Revoked." in corrections(*revoke, "--yes")
    assert "(ended)" in corrections("list")
    assert "not in force" in corrections(*revoke, "--yes", status=1)
