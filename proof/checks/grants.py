"""ISOLATION, by who owns what and was granted what: exact lists, so that a new privilege makes somebody think."""

from __future__ import annotations

from typing import Final, LiteralString

from proof.checks.bounds import APP
from proof.contract import Check
from proof.stage.expectations import done, equals, refused
from proof.stage.proving import Proof

_PRIVILEGES: Final = """
    SELECT n.nspname || '.' || c.relname AS relation,
           concat_ws(' ',
               (SELECT 'UPDATE(' || string_agg(a.attname, ', ' ORDER BY a.attnum) || ')' FROM pg_attribute a
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                  AND has_column_privilege(c.oid, a.attnum, 'UPDATE')),
               (SELECT string_agg(p.name, ' ' ORDER BY p.name)
                FROM unnest(ARRAY['DELETE', 'MAINTAIN', 'REFERENCES', 'TRIGGER', 'TRUNCATE']) p (name)
                WHERE has_table_privilege(c.oid, p.name))) AS beyond_select_and_insert
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
      AND (has_any_column_privilege(c.oid, 'UPDATE') OR has_any_column_privilege(c.oid, 'REFERENCES')
           OR has_table_privilege(c.oid, 'DELETE, MAINTAIN, TRIGGER, TRUNCATE'))
    ORDER BY 1"""
# Neither the ledger nor the touches, conversions, dead events, spend and channels are here: nobody changes them.
_PRIVILEGES_EXPECTED: Final = """\
relation | beyond_select_and_insert
celery.celery_taskmeta | UPDATE(id, task_id, status, result, date_done, traceback, children, name, args, kwargs, \
worker, retries, queue, stamps) DELETE
celery.celery_tasksetmeta | UPDATE(id, taskset_id, result, date_done) DELETE
celery.kombu_message | UPDATE(id, visible, timestamp, payload, version, queue_id) DELETE
celery.kombu_queue | UPDATE(id, name) DELETE
public.api_keys | UPDATE(expires_at, revoked_at, last_used_at)
public.attribution_models | UPDATE(is_active, active_since)
public.credit_journal | DELETE
public.credit_turns | UPDATE(turn)
public.dirty_days | DELETE
public.dirty_journeys | DELETE
public.dirty_orders | DELETE
public.heartbeats | UPDATE(seen_at) DELETE
public.imports | UPDATE(rows_done, touches_accepted, touches_duplicate, conversions_accepted, \
conversions_duplicate, rejected, is_complete, updated_at)
public.jobs | UPDATE(state, attempts, run_at, lease_until, token, error, finished_at) DELETE
public.kept_allocations | DELETE
public.matview_refreshes | DELETE
public.mv_allocation_summary | MAINTAIN
public.mv_channel_performance | MAINTAIN
public.mv_daily_revenue_summary | MAINTAIN
public.mv_realtime_revenue | MAINTAIN
public.mv_reconciliation_status | MAINTAIN
public.order_journeys | UPDATE(converted_at, previous_age, reach, generation, path, entries)
public.orders_set_aside | UPDATE(reason, detail) DELETE
public.personal_data_findings | DELETE
public.pulses | UPDATE(every_s, due_at, began_at, ended_at, error)
public.restatements | UPDATE(after_order_id) DELETE
public.retention | UPDATE(touch_days)
public.rollup_allocation_day | DELETE
public.rollup_changes | DELETE
public.rollup_channel_day | UPDATE(conversion_ppt, credited_cents, spend_cents, allocations) DELETE
public.rollup_revenue_day | DELETE
public.rollup_revenue_total | UPDATE(amount_cents, entries, orders, last_entry_at) DELETE
(32 rows)"""

_ROLES: Final = """
    SELECT rolname, rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
           (SELECT count(*) FROM pg_auth_members m WHERE m.member = r.oid) AS memberships
    FROM pg_roles r WHERE rolname IN ('app_user', 'matview_owner', 'skeldir_owner') ORDER BY 1"""
_ROLES_EXPECTED: Final = """\
rolname | rolcanlogin | rolsuper | rolbypassrls | rolcreaterole | rolcreatedb | rolreplication | memberships
app_user | True | False | False | False | False | False | 0
matview_owner | False | False | False | False | False | False | 0
skeldir_owner | False | False | False | False | False | False | 0
(3 rows)"""
_OWNED: Final = """
    SELECT n.nspname || '.' || c.relname AS relation_of_somebody_else
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
      AND pg_get_userbyid(c.relowner) NOT IN ('matview_owner', 'skeldir_owner')
    ORDER BY 1"""
_OWNED_EXPECTED: Final = "relation_of_somebody_else\npublic.alembic_version\n(1 row)"

# All of them, since a trigger runs one whether or not its caller may.
_DEFINERS: Final = """
    SELECT n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS function,
           pg_get_userbyid(p.proowner) AS owner, p.proconfig,
           has_function_privilege(p.oid, 'EXECUTE') AS is_executable
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prosecdef ORDER BY 1"""
_DEFINERS_EXPECTED: Final = """\
function | owner | proconfig | is_executable
public.audit_counts() | skeldir_owner | ['search_path=pg_catalog'] | True
public.claim_next_job(kinds text[], most_attempts integer[], leases_s double precision[], new_token uuid) | \
skeldir_owner | ['search_path=pg_catalog'] | True
public.claimable_kinds(kinds text[]) | skeldir_owner | ['search_path=pg_catalog'] | True
public.credit_backlog() | skeldir_owner | ['search_path=pg_catalog'] | True
public.delete_tenant_rows(tenant uuid, most integer) | skeldir_owner | ['search_path=pg_catalog'] | True
public.end_tenant_deletion(tenant uuid) | skeldir_owner | ['search_path=pg_catalog'] | True
public.find_api_key(sha256_of_secret bytea) | skeldir_owner | ['search_path=pg_catalog'] | True
public.forget_dead_events(most integer) | skeldir_owner | ['search_path=pg_catalog'] | True
public.forget_statistics(tenant uuid, place integer) | skeldir_owner | ['search_path=pg_catalog'] | True
public.forget_touches(most integer) | skeldir_owner | ['search_path=pg_catalog'] | True
public.job_counts() | skeldir_owner | ['search_path=pg_catalog'] | True
public.rollup_backlog() | skeldir_owner | ['search_path=pg_catalog'] | True
public.set_aside_counts() | skeldir_owner | ['search_path=pg_catalog'] | True
public.tenant_is_leaving(tenant uuid) | skeldir_owner | ['search_path=pg_catalog'] | True
public.tenants_of_key_prefix(key_prefix text) | skeldir_owner | ['search_path=pg_catalog'] | True
public.tenants_with_dirty_days() | skeldir_owner | ['search_path=pg_catalog'] | True
public.tenants_with_dirty_orders() | skeldir_owner | ['search_path=pg_catalog'] | True
public.tenants_without_credit_job(job_kind text, dead_since timestamp with time zone, most integer) | \
skeldir_owner | ['search_path=pg_catalog'] | True
public.tenants_without_job(job_kind text, since timestamp with time zone) | \
skeldir_owner | ['search_path=pg_catalog'] | True
(19 rows)"""

# Each after all keys of the tenant have ended in the same transaction, which then is rolled back.
_END_KEYS: Final = "UPDATE public.api_keys SET revoked_at = now(), expires_at = now()"
_REVIVALS: Final[tuple[LiteralString, ...]] = (
    "UPDATE public.api_keys SET revoked_at = NULL",
    "UPDATE public.api_keys SET revoked_at = revoked_at + interval '1 second'",
    "UPDATE public.api_keys SET expires_at = NULL",
    "UPDATE public.api_keys SET expires_at = expires_at + interval '1 second'",
)
_OTHER_CHANGES: Final[tuple[LiteralString, ...]] = (
    "UPDATE public.api_keys SET scopes = '{ingest,manage,read}'",
    "UPDATE public.api_keys SET secret_sha256 = sha256('mine')",
    "UPDATE public.api_keys SET tenant_id = gen_random_uuid()",
    "DELETE FROM public.api_keys",
)


def _prove_privileges(proof: Proof) -> None:
    proof.ask(APP, proof.world.database, _PRIVILEGES, expect=equals(_PRIVILEGES_EXPECTED))


def _prove_owners(proof: Proof) -> None:
    with proof.session(APP, proof.world.database) as session:
        session.ask(_ROLES, expect=equals(_ROLES_EXPECTED))
        session.ask(_OWNED, expect=equals(_OWNED_EXPECTED))


def _prove_definers(proof: Proof) -> None:
    proof.ask(APP, proof.world.database, _DEFINERS, expect=equals(_DEFINERS_EXPECTED))


def _prove_key_ends(proof: Proof) -> None:
    world = proof.world
    with proof.session(APP, world.database, tenant=world.a) as session:
        for revival in _REVIVALS:
            session.ask(
                "BEGIN",
                _END_KEYS,
                revival,
                expect=refused("23514", after=("BEGIN", "UPDATE <count>")),
            )
            session.ask("ROLLBACK", expect=done("ROLLBACK"))
        for change in _OTHER_CHANGES:
            session.ask(change, expect=refused("42501", "permission denied <text>"))


CHECKS: Final = (
    Check(
        "ISOLATION/append-only",
        "The runtime role may change and delete what a list names and nothing else: ledger, touches and refused items "
        "only grow.",
        _prove_privileges,
    ),
    Check(
        "ISOLATION/owners",
        "All tables and views except Alembic's own belong to two roles that nobody can log in as and that bypass "
        "nothing; the runtime role is a member of neither.",
        _prove_owners,
    ),
    Check(
        "ISOLATION/definers",
        "What runs with its owner's rights is a list of functions, each on a fixed search path.",
        _prove_definers,
    ),
    Check(
        "ISOLATION/key-ends",
        "The runtime role can end a key, and neither undo nor postpone that end, nor change what else a key is.",
        _prove_key_ends,
    ),
)
