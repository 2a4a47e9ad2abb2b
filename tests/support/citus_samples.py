"""Statements that break a rule for Citus, and similar ones that keep it."""

from tests.support.syntax import Schema, function, view

_SWEEP = """CREATE FUNCTION public.tenants_with_marks() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
AS $$ SELECT DISTINCT d.tenant_id FROM public.dirty_days d $$"""
_DUE = """CREATE FUNCTION public.due(most integer) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
AS $$ SELECT j.id FROM public.jobs j LIMIT most $$"""
_OWN = """CREATE FUNCTION public.own(tenant uuid) RETURNS bigint LANGUAGE plpgsql
AS $$ BEGIN RETURN (SELECT count(*) FROM public.spend s WHERE s.tenant_id = tenant); END $$"""
_READER = "SELECT m.tenant_id FROM public.mv_totals m WHERE m.tenant_id = current_tenant_id()"

SCHEMA = Schema(
    tenant_tables=frozenset({"tenants", "spend", "channels", "dirty_days", "jobs", "api_keys"}),
    materialized=frozenset({"mv_totals"}),
    volatility={
        **dict.fromkeys(("now", "timezone", "to_char", "current_tenant_id"), "s"),
        **dict.fromkeys(("clock_timestamp", "random", "nextval"), "v"),
        **dict.fromkeys(("lower", "unnest", "make_interval", "count", "sum"), "i"),
    },
    functions={
        "tenants_with_marks": function(_SWEEP),
        "due": function(_DUE),
        "own": function(_OWN),
    },
    views={"totals": view("totals", _READER)},
)

_OF_TENANT = """CREATE FUNCTION public.f() RETURNS void LANGUAGE plpgsql AS $$
DECLARE tenant {} := {}; BEGIN DELETE FROM public.spend s WHERE s.tenant_id = tenant; END $$"""

BROKEN = {
    "inserts_that_become_copies": (
        "INSERT INTO public.spend (tenant_id, id) SELECT $1, id FROM unnest($2::uuid[]) AS id",
        "INSERT INTO public.spend (tenant_id) SELECT $1 UNION SELECT $1",
        "WITH a AS (INSERT INTO public.spend (tenant_id) SELECT $1) SELECT 1",
        (
            "CREATE FUNCTION public.f() RETURNS void LANGUAGE plpgsql"
            " AS $$ BEGIN INSERT INTO public.spend (tenant_id) SELECT 1; END $$"
        ),
    ),
    "results_sent_to_all_nodes": (
        (
            "WITH a AS (SELECT 1 AS id), b AS"
            " (INSERT INTO public.spend (tenant_id, id) SELECT $1, id FROM a RETURNING 1) SELECT count(*) FROM b"
        ),
        (
            "WITH a AS (DELETE FROM public.spend WHERE tenant_id = $1 RETURNING id), b AS (INSERT INTO public.channels"
            " (tenant_id, id) SELECT $1, x.id FROM (SELECT id FROM a) x RETURNING 1) SELECT 1"
        ),
    ),
    "volatile_changes": (
        "UPDATE public.jobs SET run_at = clock_timestamp() WHERE tenant_id = $1",
        "UPDATE public.jobs SET run_at = unknown_to_all() WHERE tenant_id = $1",
        "DELETE FROM public.spend WHERE tenant_id = $1 AND seen_at < clock_timestamp()",
        (
            "DELETE FROM public.spend WHERE tenant_id = $1 AND id IN"
            " (SELECT j.id FROM public.spend j WHERE j.tenant_id = $1 AND j.seen_at < clock_timestamp())"
        ),
    ),
    "mutable_choices": (
        "UPDATE public.jobs SET run_at = CASE WHEN $2 THEN now() END WHERE tenant_id = $1",
        "UPDATE public.jobs SET run_at = coalesce(run_at, now()) WHERE tenant_id = $1",
        "UPDATE public.jobs SET run_at = coalesce(run_at, CURRENT_TIMESTAMP) WHERE tenant_id = $1",
        (
            "UPDATE public.jobs SET run_at = CASE WHEN $2 THEN run_at"
            " ELSE $3 + make_interval(secs => $4) END WHERE tenant_id = $1"
        ),
        "DELETE FROM public.spend WHERE tenant_id = $1 AND coalesce(seen_at, now()) < $2",
    ),
    "stable_functions_of_columns": (
        "UPDATE public.jobs SET run_at = run_at + interval '1 day' WHERE tenant_id = $1",
        "UPDATE public.jobs SET run_at = $2 - make_interval(days => attempts) WHERE tenant_id = $1",
        "UPDATE public.jobs SET error = to_char(run_at, 'YYYY') WHERE tenant_id = $1",
        "DELETE FROM public.spend s WHERE s.tenant_id = $1 AND s.seen_at + interval '1 day' < $2",
    ),
    "short_cases": (
        "UPDATE public.jobs SET attempts = CASE kind WHEN 'credit' THEN 1 ELSE 2 END WHERE tenant_id = $1",
        "DELETE FROM public.spend WHERE tenant_id = $1 AND CASE code WHEN 'a' THEN seen_at < $2 ELSE true END",
    ),
    "mutable_upserts": (
        "INSERT INTO public.jobs (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET run_at = now()",
        (
            "INSERT INTO public.jobs (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET id = $1"
            " WHERE excluded.run_at < clock_timestamp()"
        ),
    ),
    "tables_of_all_tenants": (
        "SELECT 1 FROM public.spend",
        "SELECT 1 FROM public.spend WHERE tenant_id = $1 OR $1 IS NULL",
        "SELECT 1 FROM public.spend WHERE tenant_id <> $1",
        "SELECT 1 FROM public.tenants WHERE name = $1",
        "SELECT 1 FROM public.spend s JOIN public.channels c ON c.code = s.channel_code WHERE s.tenant_id = $1",
        "SELECT 1 FROM public.spend s JOIN public.channels c ON c.tenant_id = s.tenant_id",
        (
            "SELECT 1 FROM public.spend s WHERE s.tenant_id = $1"
            " AND EXISTS (SELECT FROM public.channels c WHERE c.code = s.code)"
        ),
        "SELECT (SELECT count(*) FROM public.spend) FROM public.tenants WHERE id = $1",
        "SELECT 1 FROM public.tenants_with_marks() AS m (tenant_id) JOIN public.spend s ON s.tenant_id = m.tenant_id",
        "WITH a AS (DELETE FROM public.spend RETURNING 1) SELECT 1 FROM public.channels WHERE tenant_id = $1",
        "SELECT 1 FROM public.spend WHERE tenant_id = $1 UNION ALL SELECT 1 FROM public.channels",
        (
            "WITH a AS (SELECT tenant_id FROM public.spend WHERE tenant_id = $1)"
            " SELECT 1 FROM a JOIN public.channels c ON c.tenant_id = a.tenant_id"
        ),
        "UPDATE public.spend SET id = $2",
        _OF_TENANT.format("uuid", "public.current_tenant_id()"),
        _OF_TENANT.format("CONSTANT uuid", "gen_random_uuid()"),
        "DELETE FROM public.spend s USING public.channels c WHERE c.tenant_id = $1 AND c.code = s.code",
        "INSERT INTO public.spend (tenant_id) SELECT gen_random_uuid() RETURNING 1",
        "INSERT INTO public.spend (id, tenant_id) SELECT * FROM public.matview_refreshes",
        "INSERT INTO public.spend (id) VALUES ($1)",
        _SWEEP,
    ),
    "mixed_sides": (
        "SELECT 1 FROM public.spend s JOIN public.jobs j ON j.tenant_id = s.tenant_id",
        "SELECT 1 FROM public.spend WHERE id NOT IN (SELECT id FROM public.matview_refreshes)",
        "SELECT 1 FROM public.spend JOIN celery.kombu_queue q ON true",
        "SELECT 1 FROM public.spend CROSS JOIN public.totals",
        "SELECT 1 FROM public.spend JOIN public.due(1) AS d ON true",
        "SELECT 1 FROM public.matview_refreshes CROSS JOIN public.tenants_with_marks() AS m",
    ),
    "correlated_sides": (
        "SELECT 1 FROM public.tenants t WHERE EXISTS (SELECT FROM public.jobs j WHERE j.tenant_id = t.id)",
        "DELETE FROM public.jobs j WHERE NOT EXISTS (SELECT FROM public.tenants t WHERE t.id = j.tenant_id)",
        "SELECT (SELECT max(r.seen) FROM public.matview_refreshes r WHERE r.name = s.name) FROM public.spend s",
    ),
    "unions_over_a_view": (
        "SELECT tenant_id FROM public.mv_totals UNION ALL SELECT tenant_id FROM public.spend",
        "SELECT 1 FROM (SELECT 1 FROM public.spend UNION SELECT 1 FROM public.mv_totals) both_sides",
    ),
    "definers_that_write": (
        (
            "CREATE FUNCTION public.f() RETURNS void LANGUAGE sql SECURITY DEFINER"
            " AS $$ DELETE FROM public.spend WHERE tenant_id = public.current_tenant_id() $$"
        ),
        (
            "CREATE FUNCTION public.f(name text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER"
            " AS $$ BEGIN EXECUTE format('DELETE FROM public.%I', name); END $$"
        ),
        (
            "CREATE FUNCTION public.f(name text) RETURNS SETOF uuid LANGUAGE plpgsql SECURITY DEFINER"
            " AS $$ BEGIN RETURN QUERY EXECUTE format('DELETE FROM public.%I RETURNING id', name); END $$"
        ),
        (
            "CREATE FUNCTION public.f(name text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER"
            " AS $$ DECLARE gone record; BEGIN FOR gone IN EXECUTE format('DELETE FROM public.%I RETURNING id', name)"
            " LOOP NULL; END LOOP; END $$"
        ),
        (
            "CREATE FUNCTION public.f() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN"
            " RETURN (WITH a AS (UPDATE public.spend SET id = NULL RETURNING 1) SELECT count(*) FROM a); END $$"
        ),
    ),
    "settings_that_stay_behind": (
        "SELECT set_config('app.current_tenant_id', $1, true)",
        "SELECT set_config('plan_cache_mode', 'force_custom_plan', false)",
    ),
}

KEPT = {
    "inserts_that_become_copies": (
        "INSERT INTO public.spend (tenant_id) SELECT $1 RETURNING 1",
        "INSERT INTO public.spend (tenant_id) SELECT $1 ON CONFLICT DO NOTHING",
        "INSERT INTO public.spend (tenant_id) VALUES ($1)",
        "INSERT INTO public.rollup_changes DEFAULT VALUES",
    ),
    "results_sent_to_all_nodes": (
        (
            "WITH a AS (DELETE FROM public.spend WHERE tenant_id = $1 RETURNING id)"
            " INSERT INTO public.channels (tenant_id, id) SELECT $1, id FROM a RETURNING 1"
        ),
        (
            "WITH b AS (INSERT INTO public.spend (tenant_id, id)"
            " SELECT $1, id FROM unnest($2::uuid[]) AS a (id) RETURNING 1) SELECT count(*) FROM b"
        ),
        "WITH a AS (SELECT 1 AS id), b AS (INSERT INTO public.jobs (id) SELECT id FROM a RETURNING 1) SELECT 1 FROM b",
    ),
    "volatile_changes": (
        "UPDATE public.jobs SET run_at = (SELECT clock_timestamp()) WHERE tenant_id = $1",
        "UPDATE public.jobs SET run_at = now() WHERE tenant_id = $1 AND lower(kind) = $2",
        "UPDATE public.pulses SET began_at = clock_timestamp()",
        "SELECT clock_timestamp() FROM public.jobs WHERE tenant_id = $1",
    ),
    "mutable_choices": (
        "UPDATE public.jobs SET run_at = CASE WHEN $2 THEN (SELECT now()) END WHERE tenant_id = $1",
        "UPDATE public.jobs SET run_at = coalesce(run_at, $2) WHERE tenant_id = $1",
        "SELECT coalesce(run_at, now()) FROM public.jobs WHERE tenant_id = $1",
    ),
    "stable_functions_of_columns": (
        "UPDATE public.jobs SET attempts = attempts + 1, kind = lower(kind) WHERE tenant_id = $1",
        "DELETE FROM public.spend WHERE tenant_id = $1 AND seen_at < now() - interval '1 day'",
        "SELECT run_at + interval '1 day' FROM public.jobs WHERE tenant_id = $1",
    ),
    "short_cases": (
        "UPDATE public.jobs SET attempts = CASE WHEN kind = 'credit' THEN 1 ELSE 2 END WHERE tenant_id = $1",
        "SELECT CASE kind WHEN 'credit' THEN 1 END FROM public.jobs WHERE tenant_id = $1",
    ),
    "mutable_upserts": (
        (
            "INSERT INTO public.jobs (id, run_at) VALUES ($1, now())"
            " ON CONFLICT (id) DO UPDATE SET run_at = excluded.run_at"
        ),
    ),
    "tables_of_all_tenants": (
        "SELECT 1 FROM public.spend WHERE tenant_id = $1::uuid",
        "SELECT 1 FROM public.spend WHERE $1 = tenant_id AND (amount = 1 OR amount = 2)",
        "SELECT 1 FROM public.spend WHERE tenant_id = public.current_tenant_id()",
        "SELECT 1 FROM public.spend s JOIN public.channels c ON c.tenant_id = s.tenant_id WHERE s.tenant_id = $1",
        "SELECT 1 FROM public.spend s LEFT JOIN public.channels c ON c.tenant_id = $1 WHERE s.tenant_id = $1",
        (
            "SELECT 1 FROM public.tenants t WHERE t.id = $1"
            " AND EXISTS (SELECT FROM public.spend s WHERE s.tenant_id = t.id)"
        ),
        (
            "SELECT 1 FROM unnest($2::text[]) AS code CROSS JOIN LATERAL"
            " (SELECT 1 FROM public.channels c WHERE c.tenant_id = $1 AND c.code = code) c"
        ),
        "INSERT INTO public.spend (id, tenant_id) VALUES ($2, $1)",
        "INSERT INTO public.spend (tenant_id) SELECT $1 UNION SELECT $1::uuid RETURNING 1",
        "INSERT INTO public.tenants (id, name) VALUES ($1, $2)",
        "DELETE FROM public.spend s USING public.channels c WHERE c.tenant_id = $1 AND s.tenant_id = c.tenant_id",
        "SELECT 1 FROM public.matview_refreshes",
        _OF_TENANT.format("CONSTANT uuid", "public.current_tenant_id()"),
        _OWN,
        _DUE,
    ),
    "mixed_sides": (
        "SELECT 1 FROM public.spend JOIN public.channels ON true",
        "SELECT 1 FROM public.jobs JOIN public.due(1) AS d ON true",
        "SELECT 1 FROM public.tenants_with_marks()",
        "SELECT 1 FROM public.spend JOIN pg_catalog.pg_class ON true",
        "SELECT 1 FROM public.totals",
    ),
    "correlated_sides": (
        "SELECT 1 FROM public.tenants t WHERE EXISTS (SELECT FROM public.spend s WHERE s.tenant_id = t.id)",
        "SELECT 1 FROM public.tenants t WHERE t.id NOT IN (SELECT j.tenant_id FROM public.jobs j)",
    ),
    "unions_over_a_view": (
        "SELECT 1 FROM public.mv_totals UNION ALL SELECT 2 FROM public.mv_totals",
        "SELECT 1 FROM public.spend UNION ALL SELECT 1 FROM public.channels",
    ),
    "definers_that_write": (
        (
            "CREATE FUNCTION public.f() RETURNS void LANGUAGE sql"
            " AS $$ DELETE FROM public.spend WHERE tenant_id = public.current_tenant_id() $$"
        ),
        "CREATE FUNCTION public.f() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ DELETE FROM public.jobs $$",
        (
            "CREATE FUNCTION public.f() RETURNS bigint LANGUAGE sql SECURITY DEFINER"
            " AS $$ SELECT count(*) FROM public.spend $$"
        ),
    ),
    "settings_that_stay_behind": (
        "SELECT set_config('plan_cache_mode', 'force_custom_plan', true)",
        "SELECT public.set_tenant($1)",
    ),
}

# Of revisions: the body of `upgrade`.
BROKEN_REVISIONS = {
    "unread_texts": ("connection.execute(text)", "connection.execute(' '.join(parts))"),
    "several_commands": (
        "connection.execute('SET ROLE skeldir_owner; DROP TABLE public.x')",
        "connection.execute(b'SET ROLE skeldir_owner; DROP TABLE public.x')",
        "run_sql('202611261200_hot_journeys.sql')",
    ),
    "columns_with_checks": (
        "connection.execute('ALTER TABLE public.x ADD COLUMN y integer CHECK (y > 0)')",
        "connection.execute('ALTER TABLE public.x ADD COLUMN y integer, ADD CONSTRAINT z CHECK (y > 0)')",
        "run_statements('202611231300_credit_changes.sql')",
    ),
    "tables_beside_views": (
        "connection.execute('CREATE TABLE public.x ()'); connection.execute('CREATE VIEW public.y AS SELECT 1')",
        (
            "connection.execute('ALTER TABLE public.x DROP COLUMN y')\n"
            "    connection.execute('DROP MATERIALIZED VIEW public.y')"
        ),
        "connection.execute('ALTER VIEW public.x RENAME TO y'); connection.execute('DROP TABLE public.z')",
        "run_statements('202512201000_views.sql')",
    ),
    "grants_of_two_roles": (
        (
            "connection.execute('GRANT SELECT ON public.x TO y'); connection.execute('SET ROLE z')\n"
            "    connection.execute('REVOKE SELECT ON public.x FROM y')"
        ),
        (
            "connection.execute('SET ROLE z'); connection.execute('GRANT SELECT ON public.x TO y')\n"
            "    connection.execute('RESET ROLE'); connection.execute('GRANT SELECT ON public.x TO y')"
        ),
    ),
    "policies_with_subselects": (
        "connection.execute('CREATE POLICY p ON public.x USING (tenant_id = (SELECT public.current_tenant_id()))')",
        "connection.execute('CREATE POLICY tenant_isolation ON public.x USING (tenant_id = (SELECT t FROM public.y))')",
        (
            "connection.execute('ALTER POLICY tenant_isolation ON public.x"
            " USING (tenant_id = (SELECT public.current_tenant_id()))')"
        ),
        "connection.execute('ALTER POLICY p ON public.x WITH CHECK (EXISTS (SELECT 1))')",
    ),
}
KEPT_REVISIONS = {
    "unread_texts": (
        "connection.execute(f'ALTER TABLE public.{table} FORCE ROW LEVEL SECURITY'.encode())",
    ),
    "several_commands": ("run_statements('202611261200_hot_journeys.sql')",),
    "columns_with_checks": (
        (
            "connection.execute('ALTER TABLE public.x ADD COLUMN y integer NOT NULL DEFAULT 0')\n"
            "    connection.execute('ALTER TABLE public.x ADD CONSTRAINT z CHECK (y > 0)')"
        ),
    ),
    "tables_beside_views": (
        "connection.execute('DROP VIEW public.x'); connection.execute('CREATE VIEW public.x AS SELECT 1')",
        "connection.execute('CREATE VIEW public.x AS SELECT 1'); connection.execute('GRANT SELECT ON public.x TO y')",
    ),
    "grants_of_two_roles": (
        (
            "connection.execute('SET ROLE z'); connection.execute('GRANT SELECT ON public.x TO y')\n"
            "    connection.execute('REVOKE INSERT ON public.x FROM y'); connection.execute('RESET ROLE')"
        ),
    ),
    "policies_with_subselects": (
        "connection.execute('CREATE POLICY p ON public.x USING (tenant_id = public.current_tenant_id())')",
        (
            "connection.execute('CREATE POLICY tenant_isolation ON public.x"
            " USING (tenant_id = (SELECT public.current_tenant_id()))')"
        ),
        "run_statements('202611261200_hot_journeys.sql')",
    ),
}
