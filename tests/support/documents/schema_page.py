"""docs/schema.md: the tables of a migrated database by room, with columns, keys and policies, from its catalogue."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.support.documents.tables import ROWS
from tests.support.rooms import ROOM_OF

OUTSIDE = "outside the rooms"
_HEAD = """# The schema

Every table and view of schema `public`, as the migrations leave it. `make docs` writes this page from the catalogue of
a migrated database, and a test fails when it is out of date. The [glossary](glossary.md) says what the words mean.

Unless a table says otherwise:

- `skeldir_owner` owns it, and row-level security is enabled and forced;
- the policy `tenant_isolation` lets a transaction see and write rows of its own tenant only:
  `tenant_id = current_tenant_id()`;
- amounts are in the currency's smallest unit, times are `timestamptz`, and texts that are compared are collated `C`.

Celery's own tables are in schema `celery`; they hold wake-ups and errors of tasks.
"""

_RELATIONS = """
    SELECT c.oid, c.relname AS name, c.relkind::text AS kind, pg_get_userbyid(c.relowner) AS owner,
           c.relrowsecurity AND c.relforcerowsecurity AS is_secured
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
    ORDER BY c.relname"""
_COLUMNS = """
    SELECT a.attrelid AS oid, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS is_set,
           pg_get_expr(d.adbin, d.adrelid) AS default_value
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
    WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum"""
_KEYS = """
    SELECT conrelid AS oid, contype::text AS kind, pg_get_constraintdef(oid, true) AS definition FROM pg_constraint
    WHERE contype IN ('p', 'u', 'f', 'c') ORDER BY conrelid, strpos('pufc', contype::text), conname"""
_INDEXES = """
    SELECT i.indrelid AS oid, i.indisunique AS is_unique, c.relname AS name, pg_get_indexdef(i.indexrelid) AS definition
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid) ORDER BY i.indrelid, c.relname"""
_POLICIES = r"""
    SELECT p.polrelid AS oid, p.polname AS name, p.polcmd::text AS command,
           regexp_replace(pg_get_expr(p.polqual, p.polrelid),
                          '\( SELECT (current_tenant_id\(\)) AS current_tenant_id\)', '\1') AS condition,
           (SELECT string_agg(r::regrole::text, ', ') FROM unnest(p.polroles) r WHERE r <> 0) AS roles
    FROM pg_policy p ORDER BY p.polrelid, p.polname"""
_GRANTS = """
    SELECT c.oid, lower(a.privilege_type) AS privilege, NULL AS columns
    FROM pg_class c, aclexplode(c.relacl) a WHERE a.grantee = 'app_user'::regrole
    UNION ALL
    SELECT t.attrelid, lower(a.privilege_type), string_agg(t.attname, ', ' ORDER BY t.attnum)
    FROM pg_attribute t, aclexplode(t.attacl) a WHERE a.grantee = 'app_user'::regrole
    GROUP BY t.attrelid, a.privilege_type
    ORDER BY 1, 2"""
_PARTS = {
    "columns": _COLUMNS,
    "keys": _KEYS,
    "indexes": _INDEXES,
    "policies": _POLICIES,
    "grants": _GRANTS,
}
_COMMANDS = {"r": "SELECT", "*": "ALL", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}
_PLAIN_POLICY = "(tenant_id = current_tenant_id())"

Row = dict[str, Any]


def render_schema(url: str) -> str:
    """Return the page of the migrated database at `url`, whose role may read the catalogue."""
    with psycopg.connect(url, row_factory=dict_row) as connection:
        connection.execute("SET search_path = public")
        relations = connection.execute(_RELATIONS.encode()).fetchall()
        for name, question in _PARTS.items():
            rows = connection.execute(question.encode()).fetchall()
            for relation in relations:
                relation[name] = [row for row in rows if row["oid"] == relation["oid"]]
    rooms: dict[str, list[Row]] = {}
    for relation in relations:
        rooms.setdefault(ROOM_OF.get(relation["name"], OUTSIDE), []).append(relation)
    order = [*dict.fromkeys(ROOM_OF.values()), OUTSIDE]
    parts = [_HEAD]
    for room in order:
        if room in rooms:
            parts += [f"## {room[0].upper()}{room[1:]}\n", *map(_describe, rooms[room])]
    return "\n".join(parts)


def _describe(relation: Row) -> str:
    kind = {"v": "view", "m": "materialized view"}.get(relation["kind"])
    lines = [f"### `{relation['name']}`", ""]
    if kind is None:
        lines += [ROWS.get(relation["name"], ""), ""]
    else:
        lines += [f"A {kind}, owned by `{relation['owner']}`.", ""]
    lines += _column_table(relation, is_table=kind is None)
    facts = [*_key_lines(relation), *_policy_lines(relation)]
    facts.append(f"`app_user` may {_grants_of(relation) or 'do nothing with it'}")
    return "\n".join([*lines, "", *(f"- {fact}" for fact in facts), ""])


def _column_table(relation: Row, *, is_table: bool) -> list[str]:
    if not is_table:
        return [
            "| column | type |",
            "|---|---|",
            *(f"| `{column['name']}` | {column['type']} |" for column in relation["columns"]),
        ]
    return [
        "| column | type | |",
        "|---|---|---|",
        *(
            f"| `{column['name']}` | {column['type']} | {_more_of(column)}".rstrip() + " |"
            for column in relation["columns"]
        ),
    ]


def _more_of(column: Row) -> str:
    default = f"default `{_in_a_cell(column['default_value'])}`" if column["default_value"] else ""
    return ", ".join(filter(None, ["" if column["is_set"] else "may be null", default]))


def _grants_of(relation: Row) -> str:
    """Return the privileges of app_user, with the columns in parentheses if they are not all."""
    return ", ".join(
        f"{grant['privilege']} ({grant['columns']})" if grant["columns"] else grant["privilege"]
        for grant in relation["grants"]
    )


def _in_a_cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _key_lines(relation: Row) -> list[str]:
    words = {"p": "primary key", "u": "unique", "f": "foreign key", "c": "check"}
    lines = []
    for key in relation["keys"]:
        definition = key["definition"].removeprefix(words[key["kind"]].upper()).strip()
        if key["kind"] == "c":
            definition = definition.removeprefix("(").removesuffix(")")
        lines.append(f"{words[key['kind']]}: `{' '.join(definition.split())}`")
    for index in relation["indexes"]:
        definition = index["definition"].partition(" USING ")[2]
        word = "unique index" if index["is_unique"] else "index"
        lines.append(f"{word} `{index['name']}`: `{definition}`")
    return lines


def _policy_lines(relation: Row) -> list[str]:
    if relation["kind"] not in ("r", "p"):
        return []
    if not relation["is_secured"]:
        return ["no row-level security: it names no tenant"]
    lines = []
    for policy in relation["policies"]:
        if policy["name"] == "tenant_isolation" and policy["condition"] == _PLAIN_POLICY:
            continue
        whose = f" for `{policy['roles']}`" if policy["roles"] else ""
        lines.append(
            f"policy `{policy['name']}`{whose}, {_COMMANDS[policy['command']]}: `{policy['condition']}`"
        )
    return lines
