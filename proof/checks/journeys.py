"""H-MIG-01 where credit is no longer stored: the sums of credit come through the upgrade, or it is refused."""

from __future__ import annotations

from typing import LiteralString

from proof.checks.catalogue import fingerprint
from proof.checks.upgrading import TENANT_A, TENANT_B, upgrade
from proof.contract import Check
from proof.stage.expectations import (
    contains,
    done,
    fails,
    one_row,
    same_as,
    shows,
    some_rows_of_each,
)
from proof.stage.ground import APP_USER
from proof.stage.prepared import made_database
from proof.stage.proving import Proof

_TENANTS = {"tenant A": TENANT_A, "tenant B": TENANT_B}
_SUMS = "skeldir_sums"
_CONTRADICTED = "skeldir_contradicted"
_BEFORE = "202611270900"

# The tenants have the same orders; every amount of B is three times that of A. Of the orders two are refunded, one of
# them completely. By linear@1 and last_touch@2 they are credited now, by last_touch@1 they once were.
_FACTS: tuple[LiteralString, ...] = (
    """INSERT INTO public.tenants (id, name) SELECT public.current_tenant_id(), 'Tenant with credit'""",
    """INSERT INTO public.attribution_models
           (tenant_id, model_version, model, version, lookback_days, after_conversion, half_life_days, is_active)
       SELECT public.current_tenant_id(), model || '@' || version, model, version, 30 * version, 'keep', 7, is_active
       FROM (VALUES ('linear', 1, true), ('last_touch', 1, false), ('last_touch', 2, true))
            AS m (model, version, is_active)""",
    """INSERT INTO public.revenue_ledger
           (tenant_id, id, business_key, order_id, kind, amount_cents, currency, occurred_at, source)
       SELECT public.current_tenant_id(), ('00000000-0000-4000-8000-00000000000' || n)::uuid, 'entry-' || n, order_id,
              kind, cents * times, currency, moment::timestamptz, 'shop'
       FROM (VALUES (1, 'order-1', 'capture', 1000, 'USD', '2026-01-03T10:00:00Z'),
                    (2, 'order-1', 'refund', -300, 'USD', '2026-01-04T10:00:00Z'),
                    (3, 'order-2', 'capture', 777, 'USD', '2026-01-04T11:00:00Z'),
                    (4, 'order-3', 'capture', 901, 'EUR', '2026-01-05T10:00:00Z'),
                    (5, 'order-3', 'refund', -901, 'EUR', '2026-01-05T11:00:00Z'))
            AS e (n, order_id, kind, cents, currency, moment),
            (SELECT CASE left(public.current_tenant_id()::text, 2) WHEN '0b' THEN 3 ELSE 1 END AS times) t""",
    """INSERT INTO public.attribution_allocations
           (tenant_id, order_id, model_version, entry_id, channel_code, entry_date, currency, allocated_cents,
            conversion_ppt)
       SELECT public.current_tenant_id(), order_id, version, ('00000000-0000-4000-8000-00000000000' || n)::uuid,
              channel, day::date, currency, cents * times, ppt
       FROM (VALUES ('order-1', 'linear@1', 1, 'email', '2026-01-03', 'USD', 500, 500000000000),
                    ('order-1', 'linear@1', 1, 'search', '2026-01-03', 'USD', 500, 500000000000),
                    ('order-1', 'linear@1', 2, 'email', '2026-01-04', 'USD', -150, 0),
                    ('order-1', 'linear@1', 2, 'search', '2026-01-04', 'USD', -150, 0),
                    ('order-1', 'last_touch@1', 1, 'email', '2026-01-03', 'USD', 1000, 1000000000000),
                    ('order-1', 'last_touch@1', 2, 'email', '2026-01-04', 'USD', -300, 0),
                    ('order-1', 'last_touch@2', 1, 'search', '2026-01-03', 'USD', 1000, 1000000000000),
                    ('order-1', 'last_touch@2', 2, 'search', '2026-01-04', 'USD', -300, 0),
                    ('order-2', 'linear@1', 3, 'email', '2026-01-04', 'USD', 777, 1000000000000),
                    ('order-2', 'last_touch@1', 3, 'email', '2026-01-04', 'USD', 777, 1000000000000),
                    ('order-2', 'last_touch@2', 3, 'email', '2026-01-04', 'USD', 777, 1000000000000),
                    ('order-3', 'linear@1', 4, 'email', '2026-01-05', 'EUR', 451, 500000000000),
                    ('order-3', 'linear@1', 4, 'search', '2026-01-05', 'EUR', 450, 500000000000),
                    ('order-3', 'linear@1', 5, 'email', '2026-01-05', 'EUR', -451, 0),
                    ('order-3', 'linear@1', 5, 'search', '2026-01-05', 'EUR', -450, 0),
                    ('order-3', 'last_touch@2', 4, 'search', '2026-01-05', 'EUR', 901, 1000000000000),
                    ('order-3', 'last_touch@2', 5, 'search', '2026-01-05', 'EUR', -901, 0))
            AS a (order_id, version, n, channel, day, currency, cents, ppt),
            (SELECT CASE left(public.current_tenant_id()::text, 2) WHEN '0b' THEN 3 ELSE 1 END AS times) t""",
    """INSERT INTO public.spend (tenant_id, id, business_key, spend_date, channel_code, currency, amount_cents)
       SELECT public.current_tenant_id(), ('00000000-0000-4000-8000-00000000001' || n)::uuid, 'spend-' || n, day::date,
              channel, currency, cents * times
       FROM (VALUES (1, '2026-01-03', 'email', 'USD', 70), (2, '2026-01-05', 'search', 'EUR', 44),
                    (3, '2026-01-06', 'email', 'USD', 12)) AS s (n, day, channel, currency, cents),
            (SELECT CASE left(public.current_tenant_id()::text, 2) WHEN '0b' THEN 3 ELSE 1 END AS times) t""",
)
# Of January 3 and 6 the sums are those of the facts. To those of the 4th changes wait to be added, and one of a version
# that is no longer in force; those of the 5th are wrong, and the day waits to be summed from its facts.
_SUMMED: tuple[LiteralString, ...] = (
    """INSERT INTO public.rollup_channel_day
           (tenant_id, revenue_date, model_version, channel_code, currency, conversion_ppt, credited_cents, spend_cents,
            allocations)
       SELECT public.current_tenant_id(), day::date, version, channel, currency, ppt, cents * times,
              spent * times, count
       FROM (VALUES ('2026-01-03', 'linear@1', 'email', 'USD', 500000000000, 500, 70, 1),
                    ('2026-01-03', 'linear@1', 'search', 'USD', 500000000000, 500, 0, 1),
                    ('2026-01-03', 'last_touch@2', 'search', 'USD', 1000000000000, 1000, 0, 1),
                    ('2026-01-03', 'last_touch@2', 'email', 'USD', 0, 0, 70, 0),
                    ('2026-01-04', 'linear@1', 'email', 'USD', 1000000000000, 777, 0, 1),
                    ('2026-01-04', 'last_touch@2', 'email', 'USD', 1000000000000, 800, 0, 1),
                    ('2026-01-05', 'linear@1', 'email', 'EUR', 300000000000, 17, 0, 1),
                    ('2026-01-06', 'linear@1', 'email', 'USD', 0, 0, 12, 0),
                    ('2026-01-06', 'last_touch@2', 'email', 'USD', 0, 0, 12, 0))
            AS r (day, version, channel, currency, ppt, cents, spent, count),
            (SELECT CASE left(public.current_tenant_id()::text, 2) WHEN '0b' THEN 3 ELSE 1 END AS times) t""",
    """INSERT INTO public.credit_changes
           (tenant_id, revenue_date, model_version, channel_code, currency, conversion_ppt, credited_cents, allocations)
       SELECT public.current_tenant_id(), day::date, version, channel, currency, 0, cents * times, count
       FROM (VALUES ('2026-01-04', 'linear@1', 'email', 'USD', -150, 1),
                    ('2026-01-04', 'linear@1', 'search', 'USD', -150, 1),
                    ('2026-01-04', 'last_touch@2', 'search', 'USD', -300, 1),
                    ('2026-01-04', 'last_touch@2', 'email', 'USD', -20, 0),
                    ('2026-01-04', 'last_touch@2', 'email', 'USD', -3, 0),
                    ('2026-01-04', 'last_touch@1', 'email', 'USD', -300, 1),
                    ('2026-01-05', 'linear@1', 'email', 'EUR', 5, 1))
            AS c (day, version, channel, currency, cents, count),
            (SELECT CASE left(public.current_tenant_id()::text, 2) WHEN '0b' THEN 3 ELSE 1 END AS times) t""",
    """INSERT INTO public.dirty_days (tenant_id, day, sums)
       SELECT public.current_tenant_id(), day::date, sums
       FROM (VALUES ('2026-01-04', 'revenue'), ('2026-01-05', 'all')) AS d (day, sums)""",
)
_INSERTED = done(*["INSERT 0 <count>"] * (len(_FACTS) + len(_SUMMED)))

_ALLOCATIONS: LiteralString = """
    SELECT to_jsonb(r)::text AS allocation FROM public.attribution_allocations r
    ORDER BY order_id, model_version, entry_id, channel_code"""
_KEPT: LiteralString = """
    SELECT (to_jsonb(r) - 'generation')::text AS allocation FROM public.kept_allocations r
    ORDER BY order_id, model_version, entry_id, channel_code"""
# What the roll-up of that revision makes of the facts, once it has summed all days and added all changes.
_SUMS_OF_FACTS: LiteralString = """
    SELECT p.day AS revenue_date, p.model_version, p.channel_code, p.currency, sum(p.ppt) AS conversion_ppt,
           sum(p.cents) AS credited_cents, sum(p.spent) AS spend_cents, sum(p.count) AS allocations
    FROM (SELECT entry_date AS day, model_version, channel_code, currency, conversion_ppt AS ppt,
                 allocated_cents AS cents, 0 AS spent, 1 AS count
          FROM public.attribution_allocations
          UNION ALL
          SELECT s.spend_date, m.model_version, s.channel_code, s.currency, 0, 0, s.amount_cents, 0
          FROM public.spend s CROSS JOIN public.attribution_models m) p
    JOIN public.attribution_models m ON m.model_version = p.model_version AND m.is_active
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"""
_CREDIT_OF_FACTS: LiteralString = """
    SELECT a.entry_date AS revenue_date, a.model_version, a.channel_code, a.currency,
           sum(a.conversion_ppt) AS conversion_ppt, sum(a.allocated_cents) AS credited_cents, count(*) AS allocations
    FROM public.attribution_allocations a
    JOIN public.attribution_models m ON m.model_version = a.model_version AND m.is_active
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"""
_SUMS_NOW: LiteralString = """
    SELECT revenue_date, model_version, channel_code, currency, conversion_ppt, credited_cents, spend_cents, allocations
    FROM public.rollup_channel_day ORDER BY 1, 2, 3, 4"""
_JOURNAL: LiteralString = """
    SELECT revenue_date, model_version, channel_code, currency, sum(conversion_ppt) AS conversion_ppt,
           sum(credited_cents) AS credited_cents, sum(allocations) AS allocations
    FROM public.credit_journal GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"""
_MARKS: LiteralString = """
    SELECT order_id, count(*) AS marks FROM public.dirty_orders GROUP BY 1 ORDER BY 1"""
_ROWS: tuple[LiteralString, ...] = (
    _ALLOCATIONS,
    _SUMS_NOW,
    "SELECT to_jsonb(r)::text AS change FROM public.credit_changes r ORDER BY id",
    "SELECT to_jsonb(r)::text AS dirty_day FROM public.dirty_days r ORDER BY id",
)
_ATTRIBUTES = "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
_REVISION = "SELECT version_num FROM alembic_version"
_ADD_A_CENT: LiteralString = """
    UPDATE public.rollup_channel_day SET credited_cents = credited_cents + 1
    WHERE revenue_date = '2026-01-03' AND model_version = 'linear@1' AND channel_code = 'email'"""
_TAKE_IT_OFF: LiteralString = """
    UPDATE public.rollup_channel_day SET credited_cents = credited_cents - 1
    WHERE revenue_date = '2026-01-03' AND model_version = 'linear@1' AND channel_code = 'email'"""
_SOME_ROWS = some_rows_of_each(1)


def prove_sums(proof: Proof) -> None:
    """Upgrade two tenants with credit, and compare the sums of the facts with those after it and with the journal."""
    with made_database(proof.ground, _SUMS):
        _upgrade_with_credit(proof)
    proof.ground.drop_database(_SUMS)


def _upgrade_with_credit(proof: Proof) -> None:
    _plant(proof, _SUMS)
    # What stands before the upgrade, and where it must stand afterwards.
    questions = {
        "the sums of the facts": (_SUMS_OF_FACTS, _SUMS_NOW),
        "the credit of the facts": (_CREDIT_OF_FACTS, _JOURNAL),
        "the allocations": (_ALLOCATIONS, _KEPT),
    }
    for whose, tenant in _TENANTS.items():
        with proof.session(APP_USER, _SUMS, tenant=tenant) as session:
            for name, (before, _) in questions.items():
                session.ask(before, expect=_SOME_ROWS, name=f"{name} of {whose}")
            session.ask(_SUMS_NOW, expect=_SOME_ROWS)
    upgrade(proof, _SUMS)
    for whose, tenant in _TENANTS.items():
        with proof.session(APP_USER, _SUMS, tenant=tenant) as session:
            for name, (_, after) in questions.items():
                session.ask(after, expect=same_as(f"{name} of {whose}"))
            session.ask(
                _MARKS,
                expect=shows(("order_id", "marks"), ("order-1", 1), ("order-2", 1), ("order-3", 1)),
            )


def prove_refusal(proof: Proof) -> None:
    """Have a sum differ from its allocations by a cent: the upgrade is refused and changes nothing."""
    with made_database(proof.ground, _CONTRADICTED):
        _refuse(proof)
    proof.ground.drop_database(_CONTRADICTED)


def _refuse(proof: Proof) -> None:
    admin = proof.ground.admin
    _plant(proof, _CONTRADICTED)
    proof.ask(APP_USER, _CONTRADICTED, _ADD_A_CENT, tenant=TENANT_B, expect=done("UPDATE 1"))
    fingerprint(proof, admin, _CONTRADICTED, name="the catalogue before")
    for whose, tenant in _TENANTS.items():
        with proof.session(APP_USER, _CONTRADICTED, tenant=tenant) as session:
            session.ask(*_ROWS, expect=some_rows_of_each(len(_ROWS)), name=f"the rows of {whose}")
    differ = contains(" 1 sums of credit differ from the allocations")
    upgrade(proof, _CONTRADICTED, expect=(differ, fails()))
    fingerprint(proof, admin, _CONTRADICTED, expect=same_as("the catalogue before"))
    proof.ask(admin, _CONTRADICTED, _REVISION, expect=one_row(version_num=_BEFORE))
    for whose, tenant in _TENANTS.items():
        with proof.session(APP_USER, _CONTRADICTED, tenant=tenant) as session:
            session.ask(*_ROWS, expect=same_as(f"the rows of {whose}"))
    proof.ask(APP_USER, _CONTRADICTED, _TAKE_IT_OFF, tenant=TENANT_B, expect=done("UPDATE 1"))
    upgrade(proof, _CONTRADICTED)


def _plant(proof: Proof, database: str) -> None:
    """Bring a database to the last revision that stores credit, and insert two tenants as the runtime role."""
    admin = proof.ground.admin
    attributes = one_row(rolname=admin, rolsuper=False, rolbypassrls=False)
    proof.ask(admin, database, _ATTRIBUTES, expect=attributes)
    upgrade(proof, database, _BEFORE)
    for tenant in _TENANTS.values():
        with proof.session(APP_USER, database, tenant=tenant) as session:
            session.ask(*_FACTS, *_SUMMED, expect=_INSERTED)


CHECKS: tuple[Check, ...] = (
    Check(
        "H-MIG-01/credit-sums",
        "When credit is no longer stored, the sums of both tenants are what the roll-up before would have made of "
        "their credit, with all that waited to be added, and the journal that is opened adds up to them.",
        prove_sums,
    ),
    Check(
        "H-MIG-01/credit-contradicted",
        "A database whose sums of credit differ from its credit is refused, and nothing of it is changed.",
        prove_refusal,
    ),
)
