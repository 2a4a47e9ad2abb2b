"""The catalogue of a database: everything in it that a migration or a trick could make different."""

from __future__ import annotations

from typing import LiteralString

from proof.stage.proving import Expected, Proof, Session
from proof.stage.steps import digest_of

# Any role may read these. Complete rows, in an order of their own: two databases with the same answers have the same
# schema. Rights are sorted, since their order is only that in which they were granted.
QUESTIONS: dict[str, LiteralString] = {
    "relations": """
        SELECT n.nspname, c.relname, c.relkind::text, c.relpersistence::text, pg_get_userbyid(c.relowner) AS owner,
               c.relrowsecurity, c.relforcerowsecurity, c.relispopulated, c.relreplident::text, c.reloptions,
               (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(c.relacl) a) AS rights
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 1, 2""",
    "columns": """
        SELECT n.nspname, c.relname, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum) AS place, a.attname,
               format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity::text, a.attgenerated::text,
               pg_get_expr(d.adbin, d.adrelid) AS default, a.attcollation::regcollation::text,
               (SELECT array_agg(x::text ORDER BY x::text) FROM unnest(a.attacl) x) AS rights
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
        WHERE a.attnum > 0 AND NOT a.attisdropped
          AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 1, 2, 3""",
    "constraints": """
        SELECT conrelid::regclass::text AS relation, conname, pg_get_constraintdef(oid), convalidated, condeferrable
        FROM pg_constraint
        WHERE conrelid <> 0 AND connamespace <> 'pg_catalog'::regnamespace
          AND connamespace <> 'information_schema'::regnamespace ORDER BY 1, 2""",
    "indexes": """
        SELECT pg_get_indexdef(i.indexrelid) AS index, i.indisvalid, i.indisready, i.indisunique, i.indisprimary
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 1""",
    "policies": """
        SELECT schemaname, tablename, policyname, permissive, roles::text[], cmd, qual, with_check
        FROM pg_policies ORDER BY 1, 2, 3""",
    "functions": """
        SELECT pg_get_functiondef(p.oid) AS function, pg_get_userbyid(p.proowner) AS owner,
               (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(p.proacl) a) AS rights
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE p.prokind IN ('f', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
        ORDER BY n.nspname, p.proname, 1""",
    "aggregates": """
        SELECT p.oid::regprocedure::text AS aggregate, pg_get_userbyid(p.proowner) AS owner
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE p.prokind IN ('a', 'w') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
        ORDER BY 1""",
    "views": """
        SELECT n.nspname, c.relname, pg_get_viewdef(c.oid)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('v', 'm') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
        ORDER BY 1, 2""",
    "triggers": """
        SELECT tgrelid::regclass::text AS relation, tgname, pg_get_triggerdef(oid), tgenabled::text
        FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2""",
    "rules": """
        SELECT schemaname, tablename, rulename, definition
        FROM pg_rules WHERE schemaname <> 'pg_catalog' ORDER BY 1, 2, 3""",
    "types": """
        SELECT n.nspname, t.typname, t.typtype::text, pg_get_userbyid(t.typowner) AS owner, t.typacl::text
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 1, 2""",
    "schemas": """
        SELECT n.nspname, pg_get_userbyid(n.nspowner) AS owner,
               (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(n.nspacl) a) AS rights
        FROM pg_namespace n WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 1""",
    "extensions": "SELECT extname, extversion FROM pg_extension ORDER BY 1",
    "default rights": """
        SELECT defaclrole::regrole::text AS role, defaclobjtype::text, defaclacl::text
        FROM pg_default_acl ORDER BY 1, 2""",
    "rights on the database": """
        SELECT a::text AS rights FROM pg_database, unnest(datacl) a WHERE datname = current_database() ORDER BY 1""",
}


def describe(session: Session, *, expect: Expected = (), name: str = "") -> str:
    """Print the complete catalogue of the session's database, as one step; return the output.

    With nothing but the catalogue on the path, every name is written with its schema; so it stays in this session.
    """
    return session.ask(
        "SET search_path = pg_catalog", *QUESTIONS.values(), expect=expect, name=name
    )


def fingerprint(
    proof: Proof, role: str, database: str, *, expect: Expected = (), name: str = ""
) -> str:
    """Record, as a reading, how many lines the catalogue has of each kind of object and their SHA-256; return it."""
    unrecorded = Proof(proof.ground)
    lines = []
    with unrecorded.session(role, database) as session:
        for kind, question in QUESTIONS.items():
            printed = session.ask("SET search_path = pg_catalog", question)
            lines.append((kind, printed.count("\n"), digest_of(printed)))
    return proof.tabulate(
        f"the catalogue of {database}, as {role}: for each kind of object the number of lines that describe it, and "
        "their digest",
        ("kind", "lines", "sha256"),
        lines,
        expect=expect,
        name=name,
    )
