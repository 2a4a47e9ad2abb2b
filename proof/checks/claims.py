"""LEDGER: a comparison of claims says something else than claims and credit do, or the view shows an older one."""

from __future__ import annotations

from datetime import date
from typing import Any, Final, LiteralString

from psycopg.rows import dict_row

from proof.checks.views import IN_SHORT, SOME_ROWS_IN_SHORT, in_short
from proof.contract import Check
from proof.recomputed.claimed import LINE_COLUMNS, STATUS_COLUMNS, compared_lines, shown_status
from proof.recomputed.standing import standing_entries, standing_touches
from proof.recomputed.sums import write_table
from proof.stage.batches import COMPARISON
from proof.stage.expectations import same_as
from proof.stage.ground import APP_USER
from proof.stage.proving import Proof, Session
from proof.stage.tables import print_table

# Those of the first comparison that was made.
_LINES: Final = """
    SELECT l.platform, l.account, l.campaign, l.day, l.currency, l.claimed_cents, l.verified_cents, l.reversed_cents,
           l.ghost_cents, l.missed_cents, round(l.difference_bp, 2) AS difference_bp
    FROM public.reconciliation_lines l
    WHERE l.reconciliation_id = (SELECT id FROM public.reconciliations ORDER BY requested_at, id LIMIT 1)
    ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11"""
# The stage inserted an older run of Google Ads; runs of other platforms are its own.
_STATUS: Final = """
    SELECT platform, currency, state, claimed_cents, verified_cents, ghost_cents, discrepancy_bp
    FROM public.reconciliation_status WHERE platform = 'google_ads' ORDER BY 1, 2, 3, 4, 5, 6, 7"""


def _prove_claims(proof: Proof) -> None:
    world = proof.world
    for whose, tenant in world.tenants.items():
        with proof.session(APP_USER, world.database, tenant=tenant) as session:
            expected = _recompute(session, tenant)
            connection = session.connection
            shown = {
                "reconciliation_lines": print_table(
                    LINE_COLUMNS, connection.execute(_LINES).fetchall()
                ),
                "reconciliation_status": print_table(
                    STATUS_COLUMNS, connection.execute(_STATUS).fetchall()
                ),
            }
        proof.tabulate(
            f"number and SHA-256 of the lines that the comparison of {whose} must have, and of what the view must show "
            "of it, worked out in plain Python (proof.recomputed.claimed) from ad_days, revenue_ledger and "
            "attribution_events, as app_user reads them",
            IN_SHORT,
            in_short(expected),
            expect=SOME_ROWS_IN_SHORT,
            name=f"the comparison of {whose}, recomputed",
        )
        proof.tabulate(
            f"number and SHA-256 of the lines that app_user reads of it, and of what the view shows, of {whose}",
            IN_SHORT,
            in_short(shown, expected),
            expect=same_as(f"the comparison of {whose}, recomputed"),
        )


def _recompute(session: Session, tenant: object) -> dict[str, str]:
    cursor = session.connection.cursor(row_factory=dict_row)

    def rows(statement: LiteralString) -> list[dict[str, Any]]:
        return cursor.execute(statement, (tenant,)).fetchall()

    asked = COMPARISON.items
    (model,) = rows(
        "SELECT * FROM public.attribution_models WHERE tenant_id = %s AND is_active AND model = 'linear'"
    )
    lines = compared_lines(
        rows("SELECT * FROM public.ad_days WHERE tenant_id = %s"),
        standing_entries(rows("SELECT * FROM public.revenue_ledger WHERE tenant_id = %s")),
        standing_touches(
            rows("SELECT * FROM public.attribution_events WHERE tenant_id = %s"),
            rows("SELECT * FROM public.touch_withdrawals WHERE tenant_id = %s"),
        ),
        model,
        (date.fromisoformat(asked["first_day"]), date.fromisoformat(asked["last_day"])),
    )
    return {
        "reconciliation_lines": write_table(LINE_COLUMNS, lines),
        "reconciliation_status": write_table(STATUS_COLUMNS, shown_status(lines)),
    }


CHECKS: Final = (
    Check(
        "LEDGER/reconciliations",
        "A comparison has, of each campaign's day, what the platform claims and what the model credits to its touches, "
        "and the view shows the latest one.",
        _prove_claims,
    ),
)
