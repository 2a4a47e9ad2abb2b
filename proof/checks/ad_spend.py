"""LEDGER: what ads cost and platforms claim is not what was sent last, or what was sent before cannot be read."""

from __future__ import annotations

from typing import Final

from proof.checks.views import IN_SHORT, SOME_ROWS_IN_SHORT, in_short
from proof.contract import Check
from proof.recomputed.ad_days import (
    COST_COLUMNS,
    REVISION_COLUMNS,
    cost_rows,
    revision_rows,
)
from proof.recomputed.ruled import revisions_by_rules
from proof.recomputed.sums import write_table
from proof.stage.batches import IN_FORCE, batches_of, rules_of
from proof.stage.expectations import same_as
from proof.stage.ground import APP_USER
from proof.stage.proving import Proof
from proof.stage.tables import print_table

_REVISIONS: Final = """
    SELECT platform, account, campaign, day::text AS day, currency, revision, channel_code, cost_cents, impressions,
           clicks, claim_type, claims_millionths, claimed_cents, attribution_setting
    FROM public.ad_days ORDER BY 1, 2, 3, 4, 5, 6"""
# The rows that the stage inserted by itself have other keys.
_COSTS: Final = """
    SELECT spend_date::text AS spend_date, channel_code, currency, sum(amount_cents)::bigint AS cents
    FROM public.spend WHERE business_key LIKE 'ad:%' GROUP BY 1, 2, 3 HAVING sum(amount_cents) <> 0
    ORDER BY 1, 2, 3"""


def _prove_ad_spend(proof: Proof) -> None:
    world = proof.world
    for (whose, tenant), plan in zip(world.tenants.items(), world.plans, strict=True):
        revisions = revisions_by_rules(
            [(batch.path, batch.items) for batch in batches_of(plan)],
            rules_of(plan)[IN_FORCE - 1].items["document"],
        )
        expected = {
            "ad_days": write_table(REVISION_COLUMNS, revision_rows(revisions)),
            "spend": write_table(COST_COLUMNS, cost_rows(revisions)),
        }
        with proof.session(APP_USER, world.database, tenant=tenant) as session:
            shown = {
                "ad_days": print_table(
                    REVISION_COLUMNS, session.connection.execute(_REVISIONS).fetchall()
                ),
                "spend": print_table(COST_COLUMNS, session.connection.execute(_COSTS).fetchall()),
            }
        proof.tabulate(
            f"number and SHA-256 of the revisions that {whose} must have of its campaigns' days, and of what the "
            "latest of them cost by day, channel and currency, worked out in plain Python (proof.recomputed.ad_days) "
            "from the items that were sent and the rules that came into force after them",
            IN_SHORT,
            in_short(expected),
            expect=SOME_ROWS_IN_SHORT,
            name=f"the ad days of {whose}, recomputed",
        )
        proof.tabulate(
            f"number and SHA-256 of the rows that app_user reads in ad_days, and of what spend adds up to, of {whose}",
            IN_SHORT,
            in_short(shown, expected),
            expect=same_as(f"the ad days of {whose}, recomputed"),
        )


CHECKS: Final = (
    Check(
        "LEDGER/ad-spend",
        "Spend adds up to what each campaign's day cost by the latest that was sent of it, and all that was sent "
        "before, claims included, is there to be read, once.",
        _prove_ad_spend,
    ),
)
