"""`skeldir rules`: a file becomes a version, a version comes into force, and an earlier one comes back."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

from tests.cli.test_spend import costs
from tests.conftest import Clone
from tests.support.ad_exports import SAMPLES
from tests.support.command import run_here

RULES = '[[rule]]\nid = "bought"\nchannel = "display"\nsource.is = "Google"\nmedium.is = "cpc"\n'


def test_rules_are_checked_edited_applied_shown_and_reverted(
    clone: Clone, tenant: UUID, tmp_path: Path
) -> None:
    visit = {
        "idempotency_key": "v",
        "visitor_id": "visitor-1",
        "occurred_at": "2026-05-01T10:00:00Z",
        "source": "google",
        "medium": "cpc",
    }
    visits, file = tmp_path / "visits.json", tmp_path / "rules.toml"
    visits.write_text(json.dumps(visit))
    export = str(SAMPLES["google"].write(tmp_path))
    run_here(clone.app_url, "import", "touches", str(visits), "--tenant", str(tenant))
    run_here(clone.app_url, "spend", "import", str(tenant), export)
    before = costs(clone, tenant)

    def rules(*words: str, status: int = 0) -> str:
        return run_here(clone.app_url, "rules", words[0], str(tenant), *words[1:], status=status)

    file.write_text(rules("show") + RULES.replace("display", "nowhere"))
    said = rules("check", "--file", str(file), status=1)
    assert "rule bought: 'nowhere' is no channel for touches" in said
    file.write_text(RULES + RULES.replace("bought", "again"))
    assert "line 6, rule again: It can never match" in rules("check", "--file", str(file))
    file.write_text(RULES)
    tried = rules("dry-run", "--file", str(file))
    assert "1 with a derived channel, 1 get another one; so do 3 campaign days." in tried
    assert "+1,200.00" in tried
    assert "version 1" in rules("edit", "--file", str(file), "--reason", "why not")
    assert "--yes" in rules("apply", "1", "--reason", "now", status=1)
    said = rules("apply", "1", "--reason", "now", "--yes")
    assert (
        "Of 1 touches whose channel was derived, 1 get another one; so do 3 campaign days." in said
    )
    assert "In force: version 1. Restated: 1 touches and 3 campaign days." in said
    assert costs(clone, tenant) == [("display", "EUR", 120_000)]
    tried = run_here(clone.app_url, "spend", "import", str(tenant), export, "--dry-run")
    assert "display" in tried
    assert "cross_network" not in tried
    shown = rules("show")
    assert RULES in shown
    assert "why not" in shown
    file.write_text(shown)
    assert "version 2" in rules("edit", "--file", str(file), "--reason", "the same")
    assert "no version" in rules("revert", "--to", "first", "--reason", "x", status=1)
    assert "1 get another one; so do 3 campaign days." in rules("dry-run", "--to", "none")
    assert "0 get another one; so do 0" in rules("dry-run", "--to", "2")
    assert "either --file or --to" in rules("dry-run", status=1)
    said = rules("revert", "--to", "none", "--reason", "back", "--yes")
    assert "In force: none of its own. Restated: 1 touches and 3 campaign days." in said
    assert costs(clone, tenant) == before
    assert "back" in rules("history")
