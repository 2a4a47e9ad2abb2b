"""`skeldir spend`: an export goes in as a whole, and what was recorded of it can be seen and taken back."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

import psycopg

from tests.conftest import Clone
from tests.support.ad_exports import SAMPLES
from tests.support.command import run_here


def costs(clone: Clone, tenant: UUID) -> list[tuple[object, ...]]:
    with psycopg.connect(clone.superuser_url) as connection:
        return connection.execute(
            "SELECT channel_code, currency, sum(amount_cents)::bigint FROM spend WHERE tenant_id = %s"
            " GROUP BY 1, 2 HAVING sum(amount_cents) <> 0 ORDER BY 1",
            (tenant,),
        ).fetchall()


def spend(clone: Clone, tenant: UUID, command: str, *words: str, status: int = 0) -> str:
    said = run_here(clone.app_url, "spend", command, str(tenant), *words, status=status)
    return " ".join(said.split())


def test_an_export_is_imported_restated_and_taken_back(
    clone: Clone, tenant: UUID, tmp_path: Path
) -> None:
    file = SAMPLES["google"].write(tmp_path)
    tried = spend(clone, tenant, "import", str(file), "--dry-run")
    assert "Nothing was recorded" in tried
    assert costs(clone, tenant) == []
    said = spend(clone, tenant, "import", str(file))
    assert "google_ads: 3 rows, 2 campaigns, 3 campaign days from 2026-09-01 to 2026-09-02." in said
    assert "Total EUR 1,200.00, confirmed by the file's own total or number of rows." in said
    assert "Recorded: 3 new campaign days, 0 restated, 0 as they were." in said
    both = [("cross_network", "EUR", 10_000), ("paid_search", "EUR", 110_000)]
    assert costs(clone, tenant) == both
    again = spend(clone, tenant, "import", str(file))
    assert "Recorded: 0 new campaign days, 0 restated, 3 as they were." in again
    restated = SAMPLES["google"].write(
        tmp_path, lambda text: text.replace("66.67", "60.67").replace("1,200.00", "1,194.00")
    )
    said = spend(clone, tenant, "import", str(restated))
    assert "0 new campaign days, 1 restated, 2 as they were." in said
    assert "EUR of these days: 1,200.00 before, 1,194.00 now." in said
    days = ("--from", "2026-09-02", "--to", "2026-09-02")
    seen = spend(clone, tenant, "revisions", "google_ads", "1042", *days)
    assert "66.67" in seen
    assert "60.67" in seen
    load = re.search(r"Load ([0-9a-f-]{36})\.", said)
    assert load is not None
    spend(clone, tenant, "withdraw", load[1])
    assert costs(clone, tenant) == both
    assert load[1][:8] in spend(clone, tenant, "list")


def test_a_question_is_asked_with_the_option_that_answers_it(
    clone: Clone, tenant: UUID, tmp_path: Path
) -> None:
    file = SAMPLES["reddit"].write(tmp_path)
    asked = spend(clone, tenant, "import", str(file), status=1)
    assert "currency_open" in asked
    assert "--currency" in asked
    assert costs(clone, tenant) == []
    said = spend(clone, tenant, "import", str(file), "--currency", "USD")
    assert "Total USD 200.00, confirmed by the file's own total or number of rows." in said


def test_a_chosen_channel_stays_and_must_be_one_of_the_tenant(
    clone: Clone, tenant: UUID, tmp_path: Path
) -> None:
    file = SAMPLES["meta"].write(tmp_path)
    refused = spend(clone, tenant, "import", str(file), "--channel", "radio", status=1)
    assert "spend_channel_unknown" in refused
    channels = tmp_path / "channels.toml"
    channels.write_text('[campaigns]\n"Prospecting" = "display"\n')
    spend(clone, tenant, "import", str(file), "--channels", str(channels))
    assert costs(clone, tenant) == [("display", "USD", 17_075)]
    again = spend(clone, tenant, "import", str(file))
    assert "2 as they were" in again
    assert costs(clone, tenant) == [("display", "USD", 17_075)]


def test_the_same_days_under_another_account_are_refused(
    clone: Clone, tenant: UUID, other_tenant: UUID, tmp_path: Path
) -> None:
    spend(clone, tenant, "import", str(SAMPLES["meta"].write(tmp_path)))
    other = SAMPLES["meta"].write(tmp_path, lambda text: text.replace("5550001", "5550009"))
    refused = spend(clone, tenant, "import", str(other), status=1)
    assert "day_stored_otherwise" in refused
    assert "skeldir spend withdraw" in refused
    assert costs(clone, tenant) == [("paid_social", "USD", 17_075)]
    spend(clone, other_tenant, "import", str(other))
    assert costs(clone, other_tenant) == [("paid_social", "USD", 17_075)]


def test_campaigns_without_touches_are_shown_with_the_match_rate(
    clone: Clone, tenant: UUID, tmp_path: Path
) -> None:
    spend(clone, tenant, "import", str(SAMPLES["tiktok"].write(tmp_path)))
    shown = spend(clone, tenant, "campaigns", "--from", "2026-09-01", "--to", "2026-09-30")
    assert "Autumn" in shown
    assert "none" in shown
    assert "EUR: 0.00 of 100.50 is of campaigns with touches (0.0 %)." in shown
