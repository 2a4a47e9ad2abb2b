"""LEDGER: touches, their credit or spend follow other rules or corrections than those that the tenant put in force."""

from __future__ import annotations

from typing import Any, Final, LiteralString

from psycopg.rows import dict_row

from proof.checks.views import IN_SHORT, SOME_ROWS_IN_SHORT, in_short
from proof.contract import Check
from proof.recomputed.ad_days import COST_COLUMNS, cost_rows
from proof.recomputed.crediting import COLUMNS, credit_orders
from proof.recomputed.ruled import correct, kept_of, revisions_by_rules, without_id
from proof.recomputed.standing import standing_entries, standing_touches
from proof.recomputed.stored import credit_stored, read_stored
from proof.recomputed.sums import write_table
from proof.stage.batches import batches_of, corrections_of
from proof.stage.expectations import same_as
from proof.stage.ground import APP_USER
from proof.stage.planting import Plan, touches_after_rules, touches_of, touches_to_derive
from proof.stage.proving import Proof, Session
from proof.stage.tables import print_table

_TOUCH_COLUMNS: Final = ("idempotency_key", "channel_code", "channel_rule")
_IN_FORCE: Final = """
    SELECT r.version, r.document FROM public.channel_rule_turns u
    JOIN public.channel_rules r USING (tenant_id, version) ORDER BY u.turn DESC LIMIT 1"""
_COSTS: Final = """
    SELECT spend_date::text AS spend_date, channel_code, currency, sum(amount_cents)::bigint AS cents
    FROM public.spend WHERE business_key LIKE 'ad:%' GROUP BY 1, 2, 3 HAVING sum(amount_cents) <> 0
    ORDER BY 1, 2, 3"""


def _prove_channel_rules(proof: Proof) -> None:
    world = proof.world
    for (whose, tenant), plan in zip(world.tenants.items(), world.plans, strict=True):
        with proof.session(APP_USER, world.database, tenant=tenant) as session:
            expected, shown = _compare(session, plan)
        name = f"what the rules of {whose} give, recomputed"
        proof.tabulate(
            f"number and SHA-256 of what rules and corrections in force must give {whose}: the channel of each touch "
            "that was sent without one or corrected, with the rule kept, the credit of its orders, and what the "
            "campaigns' days cost by channel; worked out in plain Python (proof.recomputed.ruled) from the document, "
            "the corrections and the items that were sent",
            IN_SHORT,
            in_short(expected),
            expect=SOME_ROWS_IN_SHORT,
            name=name,
        )
        proof.tabulate(
            "number and SHA-256 of the derived or corrected touches that stand, of the allocations that follow from "
            f"the stored journeys, and of spend, as app_user reads them, of {whose}",
            IN_SHORT,
            in_short(shown, expected),
            expect=same_as(name),
        )


def _compare(session: Session, plan: Plan) -> tuple[dict[str, str], dict[str, str]]:
    """Return the tables that must be, and those that are."""
    cursor = session.connection.cursor(row_factory=dict_row)

    def ask(statement: LiteralString) -> list[dict[str, Any]]:
        return cursor.execute(statement).fetchall()

    (in_force,) = ask(_IN_FORCE)
    document = in_force["document"]
    kept = _kept(plan, in_force)
    touches = standing_touches(
        ask("SELECT * FROM public.attribution_events"),
        ask("SELECT * FROM public.touch_withdrawals"),
    )
    derived = [touch for touch in touches if touch["channel_rule"] != "explicit"]
    ruled = [
        {**touch, "channel_code": kept.get(touch["idempotency_key"], (touch["channel_code"],))[0]}
        for touch in touches
    ]
    ledger = standing_entries(ask("SELECT * FROM public.revenue_ledger"))
    models = ask("SELECT * FROM public.attribution_models WHERE is_active")
    credit = credit_orders(ledger, ruled, models)
    revisions = revisions_by_rules(
        [(batch.path, batch.items) for batch in batches_of(plan)], document
    )
    stored = read_stored(
        ask(
            "SELECT order_id, converted_at, previous_age, path, entries FROM public.order_journeys"
        ),
        ask("SELECT channel_code, number FROM public.channel_numbers"),
    )
    keys = {entry["id"]: entry["business_key"] for entry in ledger}
    expected = {
        "touches": write_table(_TOUCH_COLUMNS, {(key, *choice) for key, choice in kept.items()}),
        "credit": write_table(COLUMNS, credit),
        "spend": write_table(COST_COLUMNS, cost_rows(revisions)),
    }
    shown = {
        "touches": write_table(
            _TOUCH_COLUMNS,
            {
                (
                    touch["idempotency_key"],
                    touch["channel_code"],
                    without_id(touch["channel_rule"]),
                )
                for touch in derived
            },
        ),
        "credit": write_table(COLUMNS, credit_stored(stored, models, keys)),
        "spend": print_table(COST_COLUMNS, session.connection.execute(_COSTS).fetchall()),
    }
    return expected, shown


def _kept(plan: Plan, in_force: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return channel and rule that each touch must have which was sent without a channel or corrected."""
    document, version = in_force["document"], in_force["version"]
    kept = {
        item["idempotency_key"]: kept_of(document, version, item, came_after=came_after)
        for came_after, items in (
            (False, touches_to_derive(plan)),
            (True, touches_after_rules(plan)),
        )
        for item in items
    }
    given = {item["idempotency_key"]: item.get("channel") for item in touches_of(plan)}
    correct(kept, given, [batch.items for batch in corrections_of(plan)])
    return kept


CHECKS: Final = (
    Check(
        "LEDGER/channel-rules",
        "Touches that came without a channel have the one that the rules in force give them, with the rule and its "
        "version, whenever they came, corrected ones that of their last correction, and the credit of their orders and "
        "the spend of campaigns follow.",
        _prove_channel_rules,
    ),
)
