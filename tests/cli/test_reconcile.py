"""`skeldir reconcile`: a comparison is made, listed, and shown as it was made."""

from __future__ import annotations

import re
from uuid import UUID

import psycopg

from tests.conftest import Clone
from tests.support.command import run_here

DAYS = ("--from", "2026-03-01", "--to", "2026-03-10")


def reconcile(clone: Clone, command: str, tenant: UUID, *words: str, status: int = 0) -> str:
    said = run_here(clone.app_url, "reconcile", command, str(tenant), *words, status=status)
    return " ".join(said.split())


def test_a_comparison_is_made_listed_and_shown(clone: Clone, tenant: UUID) -> None:
    with psycopg.connect(clone.superuser_url) as admin:
        for campaign, cents in (("1", 1_234), ("2", None)):
            admin.execute(
                """INSERT INTO ad_days (tenant_id, id, platform, account, campaign, campaign_name, day, currency,
                                        revision, claimed_cents, channel_code, channel_rule, load_id)
                   VALUES (%s, gen_random_uuid(), 'meta', '9', %s, 'Spring', '2026-03-02', 'USD',
                           1, %s, 'paid_social', 'given', gen_random_uuid())""",
                (tenant, campaign, cents),
            )
    made = reconcile(clone, "run", tenant, *DAYS, "--model", "linear")
    comparison, _, rest = made.partition(": ")
    assert rest.startswith("2026-03-01 to 2026-03-10, linear@1, done.")
    assert "12.34" in rest
    assert "on 1 campaign days no claim is known" in rest
    assert "not wrong because it is larger" in rest
    assert comparison[:8] in reconcile(clone, "list", tenant)
    shown = reconcile(clone, "show", tenant, comparison, "--lines")
    assert "12.34" in shown
    assert "│ Spring │ 1 │" in re.sub(" +", " ", shown)
    assert UUID(comparison)


def test_without_a_model_the_command_asks_for_one(clone: Clone, tenant: UUID) -> None:
    said = reconcile(clone, "run", tenant, *DAYS, status=1)
    assert "model_not_chosen" in said
    assert "--model" in said
