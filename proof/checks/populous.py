"""H-MIG-01 where there is more: thousands of rows that are alike, and rows of every table and later revision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import LiteralString

from proof.checks.upgrading import EARLIEST, TENANT_A, TENANT_B, upgrade
from proof.contract import Check
from proof.stage.expectations import done, one_row, same_as, shows, some_rows_of_each
from proof.stage.ground import APP_USER
from proof.stage.prepared import made_database
from proof.stage.proving import Proof

_TENANTS = {"tenant A": TENANT_A, "tenant B": TENANT_B}
_MANY = "skeldir_many"
_LATER = "skeldir_later"
# More than one batch of any usual size, yet a second's work.
_ROWS_OF_TENANT = 6_000

_TENANT: LiteralString = """
    INSERT INTO public.tenants (id, name) SELECT public.current_tenant_id(), 'Tenant with many rows'"""
# Every event has a twin that differs in its id alone. The tenants have the same rows, ids included; neither the first
# nor the last group of digits of an id is its own, and every seventh pair names no session and no revenue.
_EVENTS: LiteralString = """
    INSERT INTO public.attribution_events (tenant_id, id, occurred_at, session_id, revenue_cents, raw_payload)
    SELECT public.current_tenant_id(),
           (lpad(to_hex(n % 60), 8, '0') || '-0000-4000-8000-' || lpad(to_hex(n / 60), 12, '0'))::uuid,
           '2020-01-01T00:00:00Z'::timestamptz + n / 2 * interval '17 hours',
           CASE WHEN n / 2 % 7 <> 0 THEN 'session-' || n / 2 % 500 END,
           CASE WHEN n / 2 % 7 <> 0 THEN n / 2 % 900 END,
           CASE WHEN n / 2 % 5 = 0 THEN '{"source": "email"}' ELSE '{}' END::jsonb
    FROM generate_series(0, 5999) AS n"""
_SUMMARY: LiteralString = """
    SELECT count(*) AS events, count(DISTINCT id) AS ids,
           count(DISTINCT (occurred_at, session_id, revenue_cents, raw_payload)) AS different_in_more_than_id,
           md5(string_agg((id, tenant_id, occurred_at AT TIME ZONE 'UTC', session_id, revenue_cents,
                           raw_payload)::text, ',' ORDER BY id)) AS digest
    FROM public.attribution_events"""
_KEYS: LiteralString = """
    SELECT count(*) AS events, count(*) FILTER (WHERE idempotency_key IS NULL) AS null_idempotency_key,
           count(DISTINCT idempotency_key) AS keys
    FROM public.attribution_events"""

# Rows that stood at a revision, in the order they must be inserted in; times and ids are fixed, and the tenants' alike.
_ROWS_OF: dict[str, tuple[LiteralString, ...]] = {
    "202611230900": (
        """INSERT INTO public.tenants (id, name, journey_secret, created_at)
           SELECT public.current_tenant_id(), 'Tenant of later', '\\x5ec2e7', '2026-01-01T00:00:00Z'""",
        """INSERT INTO public.attribution_events
               (tenant_id, id, occurred_at, session_id, raw_payload, idempotency_key, recorded_at, journey_key,
                channel_code, channel_rule, source, click_id_kinds)
           SELECT public.current_tenant_id(), '00000000-0000-4000-8000-000000000001', '2026-01-02T10:00:00Z', 's', '{}',
                  'touch-1', '2026-01-02T10:00:01Z', '\\x0a', 'email', 'named', 'newsletter', ARRAY['gclid']""",
        """INSERT INTO public.revenue_ledger
               (tenant_id, id, business_key, order_id, kind, amount_cents, currency, occurred_at, recorded_at,
                journey_key, source)
           SELECT public.current_tenant_id(), id::uuid, 'key-' || kind, 'order-1', kind, cents, 'USD',
                  '2026-01-03T10:00:00Z', '2026-01-03T10:00:01Z', '\\x0a', 'shop'
           FROM (VALUES ('00000000-0000-4000-8000-000000000002', 'capture', 1999),
                        ('00000000-0000-4000-8000-000000000003', 'refund', -500)) AS entries (id, kind, cents)""",
        """INSERT INTO public.attribution_models
               (tenant_id, model_version, model, version, lookback_days, after_conversion, half_life_days, is_active,
                created_at)
           SELECT public.current_tenant_id(), 'linear@1', 'linear', 1, 30, 'keep', 7, true, '2026-01-01T00:00:00Z'""",
        """INSERT INTO public.attribution_allocations
               (tenant_id, order_id, model_version, entry_id, channel_code, entry_date, currency, allocated_cents,
                conversion_ppt)
           SELECT public.current_tenant_id(), 'order-1', 'linear@1', '00000000-0000-4000-8000-000000000002', 'email',
                  '2026-01-03', 'USD', 1999, 1000000000000""",
        """INSERT INTO public.spend
               (tenant_id, id, business_key, spend_date, channel_code, currency, amount_cents, recorded_at)
           SELECT public.current_tenant_id(), '00000000-0000-4000-8000-000000000004', 'spend-1', '2026-01-03', 'email',
                  'USD', 250, '2026-01-03T10:00:01Z'""",
        """INSERT INTO public.dirty_orders (tenant_id, id, order_id)
           SELECT public.current_tenant_id(), '00000000-0000-4000-8000-000000000005', 'order-1'""",
        """INSERT INTO public.dirty_days (tenant_id, id, day)
           SELECT public.current_tenant_id(), '00000000-0000-4000-8000-000000000006', '2026-01-02'""",
        """INSERT INTO public.rollup_revenue_day
               (tenant_id, revenue_date, currency, state, amount_cents, entries, orders, last_entry_at)
           SELECT public.current_tenant_id(), '2026-01-03', 'USD', 'captured', 1999, 1, 1, '2026-01-03T10:00:00Z'""",
        """INSERT INTO public.rollup_channel_day
               (tenant_id, revenue_date, model_version, channel_code, currency, conversion_ppt, credited_cents,
                spend_cents)
           SELECT public.current_tenant_id(), '2026-01-03', 'linear@1', 'email', 'USD', 1000000000000, 1999, 250""",
    ),
    "202611231200": (
        """INSERT INTO public.jobs (tenant_id, id, kind, arguments, run_at, correlation_id, created_at)
           SELECT public.current_tenant_id(), '00000000-0000-4000-8000-000000000007', 'credit.orders', '{"n": 1}',
                  '2026-01-04T00:00:00Z', '00000000-0000-4000-8000-000000000008', '2026-01-04T00:00:00Z'""",
        """INSERT INTO public.retention (tenant_id, touch_days) SELECT public.current_tenant_id(), 400""",
    ),
}
# A capture and its refund: every other statement inserts one row.
_OF_TWO_ROWS = tuple(one for one in _ROWS_OF["202611230900"] if "'refund'" in one)
# The table has another name once journeys are stored, and keeps what is in it until its orders are credited next.
_ALLOCATIONS: LiteralString = (
    "SELECT to_jsonb(r)::text AS allocation FROM public.attribution_allocations r"
)
_KEPT: LiteralString = """
    SELECT (to_jsonb(r) - 'generation')::text AS allocation FROM public.kept_allocations r"""
# A column of a later revision is left out; the ids name the rows, for an upgrade may add marks of its own.
_QUESTIONS: dict[str, tuple[LiteralString, ...]] = {
    "202611230900": (
        "SELECT to_jsonb(r)::text AS tenant FROM public.tenants r WHERE id = public.current_tenant_id()",
        "SELECT (to_jsonb(r) - 'delivery' - 'generation')::text AS event FROM public.attribution_events r ORDER BY id",
        "SELECT (to_jsonb(r) - 'delivery' - 'generation')::text AS entry FROM public.revenue_ledger r ORDER BY id",
        """SELECT (to_jsonb(r) - ARRAY['active_since', 'channels', 'weights', 'lower_weights', 'upper_weights'])::text
                  AS model
           FROM public.attribution_models r""",
        _ALLOCATIONS,
        "SELECT to_jsonb(r)::text AS spend FROM public.spend r",
        """SELECT (to_jsonb(r) - 'marked_at' - 'is_deferred')::text AS dirty_order FROM public.dirty_orders r
           WHERE id = '00000000-0000-4000-8000-000000000005'""",
        """SELECT (to_jsonb(r) - 'marked_at' - 'sums')::text AS dirty_day FROM public.dirty_days r
           WHERE id = '00000000-0000-4000-8000-000000000006'""",
        """SELECT (to_jsonb(r) - 'renewal_cents' - 'renewal_entries' - 'renewal_orders')::text AS revenue_day
           FROM public.rollup_revenue_day r""",
        "SELECT (to_jsonb(r) - 'allocations' - 'basis')::text AS channel_day FROM public.rollup_channel_day r",
    ),
    "202611231200": (
        "SELECT to_jsonb(r)::text AS job FROM public.jobs r",
        "SELECT to_jsonb(r)::text AS retention FROM public.retention r",
    ),
}
_IN_UTC: LiteralString = "SET TIME ZONE 'UTC'"
_TOTALS: LiteralString = """
    SELECT currency, state, amount_cents, entries, orders, last_entry_at AT TIME ZONE 'UTC' AS last_entry_at
    FROM public.rollup_revenue_total"""
_TOTALS_EXPECTED = one_row(
    currency="USD",
    state="captured",
    amount_cents=1999,
    entries=1,
    orders=1,
    last_entry_at="2026-01-03 10:00:00",
)
_MARKED_DAYS: LiteralString = "SELECT day, sums FROM public.dirty_days ORDER BY day"


def prove_many(proof: Proof) -> None:
    """Upgrade thousands of rows of each of two tenants, each with a twin that differs in its id alone."""
    with made_database(proof.ground, _MANY):
        _upgrade_many(proof)
    proof.ground.drop_database(_MANY)


def _upgrade_many(proof: Proof) -> None:
    admin = proof.ground.admin
    upgrade(proof, _MANY, EARLIEST)
    for whose, tenant in _TENANTS.items():
        with proof.session(admin, _MANY, tenant=tenant) as session:
            session.ask(
                *(_TENANT, _EVENTS), expect=done("INSERT 0 1", f"INSERT 0 {_ROWS_OF_TENANT}")
            )
            session.ask(
                _SUMMARY,
                name=f"the events of {whose}",
                expect=one_row(
                    events=_ROWS_OF_TENANT,
                    ids=_ROWS_OF_TENANT,
                    different_in_more_than_id=_ROWS_OF_TENANT // 2,
                    digest="<md5>",
                ),
            )
    upgrade(proof, _MANY)
    for whose, tenant in _TENANTS.items():
        with proof.session(admin, _MANY, tenant=tenant) as session:
            session.ask(_SUMMARY, expect=same_as(f"the events of {whose}"))
            all_keys = one_row(events=_ROWS_OF_TENANT, null_idempotency_key=0, keys=_ROWS_OF_TENANT)
            session.ask(_KEYS, expect=all_keys)


def prove_later(proof: Proof) -> None:
    """Insert rows of two tenants at each later revision, and print them before and after the upgrade from it."""
    with made_database(proof.ground, _LATER):
        _upgrade_later(proof)
    proof.ground.drop_database(_LATER)


def _upgrade_later(proof: Proof) -> None:
    inserted: list[str] = []
    for revision, statements in _ROWS_OF.items():
        upgrade(proof, _LATER, revision)
        _read_again(proof, inserted)
        for whose, tenant in _TENANTS.items():
            with proof.session(APP_USER, _LATER, tenant=tenant) as session:
                tags = ("INSERT 0 2" if one in _OF_TWO_ROWS else "INSERT 0 1" for one in statements)
                session.ask(*statements, expect=done(*tags))
                questions = _QUESTIONS[revision]
                session.ask(
                    *(_IN_UTC, *questions),
                    expect=some_rows_of_each(len(questions)),
                    name=_name_of(whose, revision),
                )
        inserted.append(revision)
    upgrade(proof, _LATER)
    _read_again(proof, inserted, {_ALLOCATIONS: _KEPT})
    for tenant in _TENANTS.values():
        proof.ask(APP_USER, _LATER, _TOTALS, tenant=tenant, expect=_TOTALS_EXPECTED)
    # A later revision marks every day that has credit, to be summed again.
    for tenant in _TENANTS.values():
        proof.ask(
            APP_USER,
            _LATER,
            _MARKED_DAYS,
            tenant=tenant,
            expect=shows(("day", "sums"), ("2026-01-02", "all"), ("2026-01-03", "all")),
        )


def _read_again(
    proof: Proof,
    revisions: Sequence[str],
    instead: Mapping[LiteralString, LiteralString] = MappingProxyType({}),
) -> None:
    """Print all rows of these revisions again, as each tenant; by `instead` where a table has another name by now."""
    for revision in revisions:
        for whose, tenant in _TENANTS.items():
            with proof.session(APP_USER, _LATER, tenant=tenant) as session:
                questions = (instead.get(question, question) for question in _QUESTIONS[revision])
                session.ask(_IN_UTC, *questions, expect=same_as(_name_of(whose, revision)))


def _name_of(whose: str, revision: str) -> str:
    return f"the rows of {whose} from {revision}"


CHECKS: tuple[Check, ...] = (
    Check(
        "H-MIG-01/many-rows",
        f"{_ROWS_OF_TENANT} rows of each of two tenants, each with a twin that differs in its id alone, are all there "
        "after the upgrade, with the same values and keys that differ.",
        prove_many,
    ),
    Check(
        "H-MIG-01/later-revisions",
        "Touches, ledger, credit, marks, sums and jobs of two tenants from later revisions are unchanged at head, and "
        "the totals that a revision makes are those of their days.",
        prove_later,
    ),
)
