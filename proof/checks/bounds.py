"""ISOLATION, by what the catalogue says: the runtime role is bound, and every table with a tenant binds it."""

from __future__ import annotations

from typing import Final, LiteralString

from proof.contract import Check
from proof.stage.expectations import done, equals, every, one_row, refused, rows, shows
from proof.stage.ground import APP_USER
from proof.stage.proving import Proof
from skeldir.audit import OWNER, READ_BY_OWNER, READ_BY_VIEW_OWNER, VIEW_OWNER, WITHOUT_A_TENANT

_ATTRIBUTES: Final = """
    SELECT rolname, rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
           (SELECT count(*) FROM pg_auth_members m WHERE m.member = r.oid) AS memberships,
           (SELECT count(*) FROM pg_shdepend d WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid
                AND d.deptype = 'o') AS owned_things
    FROM pg_roles r WHERE rolname = current_user"""
_BOUND: Final = one_row(
    rolname=APP_USER,
    rolcanlogin=True,
    rolsuper=False,
    rolbypassrls=False,
    rolcreaterole=False,
    rolcreatedb=False,
    rolreplication=False,
    memberships=0,
    owned_things=0,
)
_FORBIDDEN: Final[tuple[LiteralString, ...]] = (
    "CREATE TABLE public.mine (x integer)",
    "CREATE TEMPORARY TABLE mine (x integer)",
    "CREATE TABLE celery.mine (x integer)",
    "CREATE VIEW public.mine AS SELECT 1 AS x",
    "CREATE MATERIALIZED VIEW public.mine AS SELECT 1 AS x",
    "CREATE SEQUENCE public.mine",
    "CREATE TYPE public.mine AS ENUM ('x')",
    "CREATE FUNCTION public.mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA mine",
    "CREATE ROLE mine",
    "CREATE DATABASE mine",
    "ALTER ROLE app_user BYPASSRLS",
    "SET ROLE skeldir_owner",
    "SET ROLE matview_owner",
    "ALTER TABLE public.tenants DISABLE ROW LEVEL SECURITY",
    "CREATE POLICY mine ON public.tenants USING (true)",
    "DROP POLICY tenant_isolation ON public.tenants",
    "TRUNCATE public.revenue_ledger",
    "UPDATE public.revenue_ledger SET amount_cents = 0",
    "DELETE FROM public.attribution_events",
    "COPY public.tenants TO PROGRAM 'true'",
    # What is a person's: functions of the owner reach it, for whoever has a secret.
    "SELECT email FROM public.users",
    "SELECT token_sha256 FROM public.user_sessions",
    "INSERT INTO public.sign_in_links DEFAULT VALUES",
    "UPDATE public.audit_log SET actor = ''",
)

# What PostgreSQL lets everybody make. A superuser who migrates forbids it; the role that migrates here is none, and
# `skeldir migrate` reports what a superuser has to run. The program makes none.
_LARGE_OBJECTS: Final = "SELECT count(*) AS large_objects FROM pg_largeobject_metadata"
_MAKE_ONE: Final = "SELECT lo_create(0) > 0 AS may_make_one"

# Only this very expression counts, with the function in a sub-select or not: one that names the tenant beside something
# else is listed among the others.
_TENANT_TABLES: Final = """
    SELECT c.oid::regclass::text AS tenant_table, c.relrowsecurity, c.relforcerowsecurity,
           count(p.*) FILTER (
               WHERE p.permissive = 'PERMISSIVE' AND p.cmd = 'ALL' AND p.roles = '{public}' AND p.qual = p.with_check
                 AND replace(p.qual, '( SELECT current_tenant_id() AS current_tenant_id)', 'current_tenant_id()')
                     = CASE WHEN p.tablename = 'tenants' THEN '(id = ' ELSE '(tenant_id = ' END
                       || 'current_tenant_id())') AS policies_by_tenant
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_policies p ON (p.schemaname, p.tablename) = (n.nspname, c.relname)
    WHERE c.relkind IN ('r', 'p')
      AND ((n.nspname, c.relname) = ('public', 'tenants')
           OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'))
    GROUP BY c.oid, c.relrowsecurity, c.relforcerowsecurity ORDER BY 1"""
_OTHER_POLICIES: Final = """
    SELECT schemaname || '.' || tablename AS tenant_table, policyname, permissive, roles, cmd, qual,
           coalesce(with_check, '-') AS with_check
    FROM pg_policies
    WHERE NOT coalesce(permissive = 'PERMISSIVE' AND cmd = 'ALL' AND roles = '{public}' AND qual = with_check
                       AND replace(qual, '( SELECT current_tenant_id() AS current_tenant_id)', 'current_tenant_id()')
                           = CASE WHEN tablename = 'tenants' THEN '(id = ' ELSE '(tenant_id = ' END
                             || 'current_tenant_id())', false)
    ORDER BY 1, 2"""
_OTHER_POLICIES_EXPECTED: Final = shows(
    ("tenant_table", "policyname", "permissive", "roles", "cmd", "qual", "with_check"),
    *sorted(
        (f"public.{table}", policy, "PERMISSIVE", f"['{reader}']", "SELECT", "true", "-")
        for policy, reader, tables in (
            ("matview_owner_reads", VIEW_OWNER, READ_BY_VIEW_OWNER),
            ("owner_reads", OWNER, READ_BY_OWNER),
        )
        for table in tables
    ),
)
# Each SELECT of a view from its FROM on; PostgreSQL's versions differ in whether they write the table before a column.
# The audit has only digests of whole definitions, of one version: here a reader sees, on any version, what is read.
_OPEN_VIEWS: Final = r"""
    SELECT n.nspname || '.' || c.relname AS view, c.reloptions,
           replace(btrim(regexp_replace(regexp_replace(substring(part FROM 'FROM.*'), '\s+', ' ', 'g'),
                                        '\w+\.(?=tenant_id)', '', 'g')),
                   '( SELECT current_tenant_id() AS current_tenant_id)', 'current_tenant_id()') AS reads
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
         regexp_split_to_table(pg_get_viewdef(c.oid), 'UNION ALL') part
    WHERE c.relkind = 'v' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
      AND has_any_column_privilege(c.oid, 'SELECT') AND NOT 'security_invoker=true' = ANY(coalesce(c.reloptions, '{}'))
    ORDER BY 1, 3"""
_OPEN_VIEWS_EXPECTED: Final = """\
view | reloptions | reads
public.allocation_summary | ['security_barrier=true'] | \
FROM read_allocation_summary() read_allocation_summary(tenant_id, model_version, date, currency, ledger_cents, \
awaiting_capture_cents, allocated_cents, drift_cents, is_balanced);
public.channel_performance | ['security_barrier=true'] | \
FROM read_channel_performance() read_channel_performance(tenant_id, model_version, channel_code, date, currency, \
credited_conversions, credited_cents, spend_cents, roas);
public.daily_revenue_summary | ['security_barrier=true'] | \
FROM read_daily_revenue_summary() read_daily_revenue_summary(tenant_id, revenue_date, currency, state, \
amount_cents, entries);
public.realtime_revenue | ['security_barrier=true'] | \
FROM mv_realtime_revenue WHERE (tenant_id = current_tenant_id());
public.reconciliation_status | ['security_barrier=true'] | \
FROM mv_reconciliation_status WHERE (tenant_id = current_tenant_id());
(5 rows)"""
# The functions that those views call run with the views' owner's rights; each of their statements asks for the tenant.
_READERS: Final = r"""
    SELECT p.proname AS function,
           substring(btrim(regexp_replace(part, '\s+', ' ', 'g')) FROM '(?:FROM|tenant CONSTANT).*') AS reads
    FROM pg_proc p, regexp_split_to_table(p.prosrc, ';') WITH ORDINALITY AS s (part, place)
    WHERE p.prosecdef AND pg_get_userbyid(p.proowner) = 'matview_owner' AND part ~ 'SELECT|tenant CONSTANT'
    ORDER BY 1, place"""
_READERS_EXPECTED: Final = """\
function | reads
read_allocation_summary | tenant CONSTANT uuid := public.current_tenant_id()
read_allocation_summary | FROM public.mv_allocation_summary m WHERE m.tenant_id = tenant
read_allocation_summary | FROM public.mv_allocation_summary m WHERE m.tenant_id = tenant
read_allocation_summary | FROM public.rollup_allocation_day r \
WHERE r.tenant_id = tenant AND r.revenue_date < coalesce(first_day, 'infinity')
read_channel_performance | tenant CONSTANT uuid := public.current_tenant_id()
read_channel_performance | FROM public.mv_channel_performance m WHERE m.tenant_id = tenant
read_channel_performance | FROM public.mv_channel_performance m WHERE m.tenant_id = tenant
read_channel_performance | FROM public.rollup_channel_day r \
WHERE r.tenant_id = tenant AND r.basis = 'entry' \
AND r.revenue_date < coalesce(first_day, 'infinity')
read_daily_revenue_summary | tenant CONSTANT uuid := public.current_tenant_id()
read_daily_revenue_summary | FROM public.mv_daily_revenue_summary m WHERE m.tenant_id = tenant
read_daily_revenue_summary | FROM public.mv_daily_revenue_summary m WHERE m.tenant_id = tenant
read_daily_revenue_summary | FROM public.rollup_revenue_day r \
WHERE r.tenant_id = tenant AND r.revenue_date < coalesce(first_day, 'infinity')
(12 rows)"""
_NOBODYS_TABLES: Final = """
    SELECT n.nspname || '.' || c.relname AS table_of_no_tenant
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
      AND (n.nspname, c.relname) <> ('public', 'tenants') AND has_any_column_privilege(c.oid, 'SELECT')
      AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')
    ORDER BY 1"""
_NOBODYS_TABLES_EXPECTED: Final = shows(
    ("table_of_no_tenant",), *((table,) for table in sorted(WITHOUT_A_TENANT))
)


def _prove_role(proof: Proof) -> None:
    with proof.session(APP_USER, proof.world.database) as session:
        session.ask(_ATTRIBUTES, expect=_BOUND)
        for statement in _FORBIDDEN:
            session.ask(statement, expect=refused("42501"))
        session.ask(
            "SET row_security = off",
            "SELECT * FROM public.tenants",
            expect=refused("42501", after=("SET",)),
        )
        session.ask(_LARGE_OBJECTS, expect=one_row(large_objects=0))
        session.ask("BEGIN", expect=done("BEGIN"))
        session.ask(_MAKE_ONE, expect=one_row(may_make_one=True))
        session.ask("ROLLBACK", expect=done("ROLLBACK"))


def _prove_policies(proof: Proof) -> None:
    with proof.session(APP_USER, proof.world.database) as session:
        session.ask(
            _TENANT_TABLES,
            expect=(
                rows(at_least=15),
                every("relrowsecurity", True),
                every("relforcerowsecurity", True),
                every("policies_by_tenant", 1),
            ),
        )
        for question, expected in (
            (_OTHER_POLICIES, _OTHER_POLICIES_EXPECTED),
            (_OPEN_VIEWS, equals(_OPEN_VIEWS_EXPECTED)),
            (_READERS, equals(_READERS_EXPECTED)),
            (_NOBODYS_TABLES, _NOBODYS_TABLES_EXPECTED),
        ):
            session.ask(question, expect=expected)


CHECKS: Final = (
    Check(
        "ISOLATION/role",
        "The runtime role bypasses nothing, owns nothing, cannot undo a rule and may create neither a relation (not "
        "even a temporary one), type, function, schema, database nor role: only large objects, for the migrating role "
        "may not forbid them, and there are none.",
        _prove_role,
    ),
    Check(
        "ISOLATION/policies",
        "Every table with a tenant has row-level security, forced, by a policy that asks for the tenant and nothing "
        "else; so do the views that read with their owner's rights, and lists name all that is nobody's.",
        _prove_policies,
    ),
)
