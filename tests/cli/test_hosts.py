"""`skeldir hosts` and `skeldir channels restate` as people use them: what would move, a reason, and the result."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

from tests.conftest import Clone
from tests.support.command import run_here


def test_a_payment_host_is_added_and_the_past_restated_after_a_preview(
    clone: Clone, tmp_path: Path
) -> None:
    shop = str(UUID(run_here(clone.app_url, "tenants", "create", "Shop").split()[0]))
    path = tmp_path / "visits.json"
    path.write_text(
        "\n".join(
            json.dumps(
                {
                    "idempotency_key": f"v{n}",
                    "visitor_id": "visitor-1",
                    "occurred_at": f"2026-05-0{1 + n}T10:00:00Z",
                    "referrer": f"https://{host}/",
                }
            )
            for n, host in enumerate(("www.pay.example", "pay.example", "news.example"))
        )
    )
    run_here(clone.app_url, "import", "touches", str(path), "--tenant", shop)
    added = run_here(clone.app_url, "hosts", "add", shop, "pay.example", "--payment")
    assert "Of 3 touches recorded before, 2 would get another channel" in added
    restate = ("channels", "restate", shop, "--reason", "we pay there")
    shown = run_here(clone.app_url, *restate, "--dry-run")
    assert "referral" in shown
    assert "direct" in shown
    assert "--yes" in run_here(clone.app_url, *restate, status=1)
    assert "Restated: 2 touches" in run_here(clone.app_url, *restate, "--yes")
    again = run_here(clone.app_url, *restate, "--yes")
    assert "by command:app_user: we pay there (2 touches)" in again
    assert "Nothing was changed." in again
    assert "2 would get another" in run_here(clone.app_url, "hosts", "remove", shop, "pay.example")
