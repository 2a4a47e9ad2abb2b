"""ISOLATION, by what the catalogue says: the runtime role is bound, and every table with a tenant binds it."""

from __future__ import annotations

from typing import Final, LiteralString

from skeldir.soundness.contract import Check
from skeldir.soundness.evidence import equals, matches
from skeldir.soundness.proof import Proof

APP: Final = "app_user"
_REFUSED: Final = r"ERROR 42501: .*"

_ATTRIBUTES: Final = """
    SELECT rolname, rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
           (SELECT count(*) FROM pg_auth_members m WHERE m.member = r.oid) AS memberships,
           (SELECT count(*) FROM pg_shdepend d WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid
                AND d.deptype = 'o') AS owned_things
    FROM pg_roles r WHERE rolname = current_user"""
_ATTRIBUTES_EXPECTED: Final = (
    "rolname | rolcanlogin | rolsuper | rolbypassrls | rolcreaterole | rolcreatedb | rolreplication | memberships"
    " | owned_things\napp_user | True | False | False | False | False | False | 0 | 0\n(1 row)"
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
)

_TENANT_TABLES: Final = """
    SELECT c.oid::regclass::text AS tenant_table, c.relrowsecurity, c.relforcerowsecurity,
           count(p.*) FILTER (WHERE p.permissive = 'PERMISSIVE' AND p.cmd = 'ALL' AND p.roles = '{public}'
                              AND p.qual LIKE '%current_tenant_id()%'
                              AND p.with_check LIKE '%current_tenant_id()%') AS policies_by_tenant
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_policies p ON (p.schemaname, p.tablename) = (n.nspname, c.relname)
    WHERE c.relkind IN ('r', 'p')
      AND ((n.nspname, c.relname) = ('public', 'tenants')
           OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'))
    GROUP BY c.oid, c.relrowsecurity, c.relforcerowsecurity ORDER BY 1"""
_OTHER_POLICIES: Final = """
    SELECT tablename, policyname, roles, cmd FROM pg_policies
    WHERE NOT (coalesce(qual, with_check) LIKE '%current_tenant_id()%'
               AND coalesce(with_check, qual) LIKE '%current_tenant_id()%')
      AND NOT (roles <@ '{skeldir_owner,matview_owner}' AND cmd = 'SELECT')
    ORDER BY 1, 2"""
_OPEN_VIEWS: Final = """
    SELECT c.oid::regclass::text AS view, c.reloptions FROM pg_class c
    WHERE c.relkind = 'v' AND c.relnamespace = 'public'::regnamespace AND has_any_column_privilege(c.oid, 'SELECT')
      AND NOT ('security_invoker=true' = ANY(coalesce(c.reloptions, '{}'))
               OR ('security_barrier=true' = ANY(coalesce(c.reloptions, '{}'))
                   AND pg_get_viewdef(c.oid) LIKE '%current_tenant_id()%'))
    ORDER BY 1"""
_NOBODYS_TABLES: Final = """
    SELECT c.relname AS table_of_no_tenant FROM pg_class c
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'tenants'
      AND has_any_column_privilege(c.oid, 'SELECT')
      AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')
    ORDER BY 1"""
_UNPINNED: Final = """
    SELECT oid::regprocedure::text AS function, proconfig FROM pg_proc
    WHERE prosecdef AND has_function_privilege(oid, 'EXECUTE')
      AND NOT coalesce(proconfig, '{}') && ARRAY['search_path=pg_catalog', 'search_path=pg_catalog, pg_temp']
    ORDER BY 1"""


def _prove_role(proof: Proof) -> None:
    with proof.session(APP, proof.ground.world.database) as session:
        session.ask(_ATTRIBUTES, expect=equals(_ATTRIBUTES_EXPECTED))
        for statement in _FORBIDDEN:
            session.ask(statement, expect=matches(_REFUSED))
        session.ask(
            "SET row_security = off",
            "SELECT * FROM public.tenants",
            expect=matches(rf"SET\n{_REFUSED}"),
        )


def _prove_policies(proof: Proof) -> None:
    with proof.session(APP, proof.ground.world.database) as session:
        session.ask(
            _TENANT_TABLES,
            expect=matches(r"[^\n]*\n([^\n]* \| True \| True \| 1\n){15,}\(\d+ rows\)"),
        )
        for question in (_OTHER_POLICIES, _OPEN_VIEWS, _UNPINNED):
            session.ask(question, expect=matches(r"[^\n]*\n\(0 rows\)"))
        session.ask(
            _NOBODYS_TABLES,
            expect=equals(
                "table_of_no_tenant\nalembic_version\nheartbeats\nmatview_refreshes\nrollup_changes\n(4 rows)"
            ),
        )


CHECKS: Final = (
    Check(
        "ISOLATION/role",
        "The runtime role bypasses nothing, owns nothing, may create nothing and cannot undo a rule.",
        _prove_role,
    ),
    Check(
        "ISOLATION/policies",
        "Every table with a tenant has row-level security, forced, by a policy on the tenant; no way leads around it.",
        _prove_policies,
    ),
)
