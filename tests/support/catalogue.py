"""A description of a database: everything in its catalogue that a migration could change."""

from __future__ import annotations

import psycopg

# For regexp_replace(): a policy with a sub-select, which a distributed table may not have, compares like one without.
IN_SELECT = r"'\( SELECT (current_tenant_id\(\)) AS current_tenant_id\)', '\1'"
_OURS = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"

# Rows as text, each complete: two databases with the same answers have the same schema.
_QUESTIONS = {
    "relations": f"""
        SELECT n.nspname, c.relname, c.relkind::text, c.relpersistence::text, pg_get_userbyid(c.relowner),
               c.relrowsecurity, c.relforcerowsecurity, c.relispopulated, c.relreplident::text, c.reloptions,
               (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(c.relacl) a)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OURS}""",
    "columns": f"""
        SELECT n.nspname, c.relname,
               row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), a.attname,
               format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity::text, a.attgenerated::text,
               pg_get_expr(d.adbin, d.adrelid), a.attcollation::regcollation::text,
               (SELECT array_agg(x::text ORDER BY x::text) FROM unnest(a.attacl) x)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
        WHERE a.attnum > 0 AND NOT a.attisdropped AND {_OURS}""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated, condeferrable
        FROM pg_constraint WHERE conrelid <> 0 AND connamespace <> 'pg_catalog'::regnamespace
          AND connamespace <> 'information_schema'::regnamespace""",
    "indexes": f"""
        SELECT pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisready, i.indisunique, i.indisprimary
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE {_OURS}""",
    "policies": "SELECT * FROM pg_policies",
    "functions": f"""
        SELECT pg_get_functiondef(p.oid), pg_get_userbyid(p.proowner),
               (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(p.proacl) a)
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {_OURS}""",
    "views": f"""
        SELECT n.nspname, c.relname, pg_get_viewdef(c.oid)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm') AND {_OURS}""",
    "triggers": "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal",
    "rules": "SELECT schemaname, tablename, rulename FROM pg_rules WHERE schemaname <> 'pg_catalog'",
    "types": f"""
        SELECT n.nspname, t.typname, t.typtype::text, pg_get_userbyid(t.typowner), t.typacl::text
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE {_OURS}""",
    "schemas": f"""
        SELECT n.nspname, pg_get_userbyid(n.nspowner),
               (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(n.nspacl) a)
        FROM pg_namespace n WHERE {_OURS}""",
    "extensions": "SELECT extname, extversion FROM pg_extension",
    "default_rights": "SELECT defaclrole::regrole::text, defaclobjtype::text, defaclacl::text FROM pg_default_acl",
    "rights_on_the_database": """
        SELECT a::text FROM pg_database, unnest(datacl) a WHERE datname = current_database()""",
}


def describe_database(url: str) -> dict[str, list[str]]:
    """Return every object of the database at `url` as sorted texts, by kind."""
    with psycopg.connect(url) as connection:
        # With only the catalogue on the path, every name is written with its schema.
        connection.execute("SET search_path = pg_catalog")
        return {
            kind: sorted(str(row) for row in connection.execute(sql).fetchall())  # type: ignore[arg-type]  # fixed texts
            for kind, sql in _QUESTIONS.items()
        }


def differences(left: dict[str, list[str]], right: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return what is in only one of two descriptions, marked `-` (left) and `+` (right); {} when equal."""
    found = {
        kind: [f"- {row}" for row in left[kind] if row not in right[kind]]
        + [f"+ {row}" for row in right[kind] if row not in left[kind]]
        for kind in left
    }
    return {kind: rows for kind, rows in found.items() if rows}


def read_revision(url: str) -> str | None:
    """Return the revision that the database at `url` is at; None before the first."""
    with psycopg.connect(url) as connection:
        if connection.execute("SELECT to_regclass('public.alembic_version')").fetchone() == (None,):
            return None
        row = connection.execute("SELECT version_num FROM public.alembic_version").fetchone()
        return None if row is None else str(row[0])
