"""Where tables are: what Citus has distributed, what lies on the coordinator, and how each shard is protected."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from psycopg.rows import class_row

from skeldir.scale.cluster import Blocking
from skeldir.scale.tables import DISTRIBUTED, LOCAL, ROOT


@dataclass(frozen=True, slots=True)
class Placement:
    """A table of the database, and how Citus distributes it; `column` and `colocation` are None for a local one."""

    table: str
    column: str | None
    colocation: int | None
    shards: int
    local_bytes: int


@dataclass(frozen=True, slots=True)
class Protected:
    """A table or shard on a node: row-level security, its owner, columns, policies and rights, in words."""

    node_id: int
    table: str
    relation: str
    protection: str | None


def read_placements(connection: Blocking) -> dict[str, Placement]:
    """Return the tables of the program by name, with what is distributed and the bytes that lie on the coordinator."""
    cursor = connection.cursor(row_factory=class_row(Placement))
    rows = cursor.execute(
        """SELECT CASE n.nspname WHEN 'public' THEN c.relname::text ELSE n.nspname || '.' || c.relname END AS "table",
                  CASE WHEN p.partmethod = 'h' THEN column_to_column_name(p.logicalrelid, p.partkey)
                       WHEN p.logicalrelid IS NOT NULL THEN '(none)' END AS "column",
                  p.colocationid AS colocation,
                  (SELECT count(*) FROM pg_dist_shard s WHERE s.logicalrelid = c.oid)::int AS shards,
                  pg_relation_size(c.oid) AS local_bytes
           FROM pg_catalog.pg_class c
           JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
           LEFT JOIN pg_dist_partition p ON p.logicalrelid = c.oid
           WHERE n.nspname IN ('public', 'celery') AND c.relkind IN ('r', 'p')
             AND NOT EXISTS (SELECT FROM pg_dist_shard s WHERE shard_name(s.logicalrelid, s.shardid) =
                                                               quote_ident(c.relname))
           ORDER BY 1"""
    ).fetchall()
    return {row.table: row for row in rows}


def misplaced(placements: Mapping[str, Placement]) -> list[str]:
    """Return what of the tables is not as the list in `tables` says."""
    root = placements.get(ROOT)
    faults = []
    for name, found in placements.items():
        if name not in DISTRIBUTED and name not in LOCAL:
            faults.append(f"{name} is in no list")
        elif name in LOCAL and found.column is not None:
            faults.append(f"{name} is distributed, but {LOCAL[name]}")
        elif name in DISTRIBUTED and found.column is None:
            faults.append(f"{name} is local")
        elif name in DISTRIBUTED and found.column != DISTRIBUTED[name]:
            faults.append(f"{name} is distributed by {found.column} instead of {DISTRIBUTED[name]}")
        elif name in DISTRIBUTED and root is not None and found.colocation != root.colocation:
            faults.append(f"{name} is not colocated with {ROOT}")
    faults += [f"{name} does not exist" for name in DISTRIBUTED if name not in placements]
    return faults


def read_protection(connection: Blocking) -> list[Protected]:
    """Return each distributed table and each shard, on every node that answers, with its protection."""
    rows = connection.execute(
        r"""SELECT nodeid, result FROM run_command_on_all_nodes($command$
               WITH relations AS (
                   SELECT p.logicalrelid::oid AS logical, p.logicalrelid::oid AS oid, p.logicalrelid::text AS relation
                   FROM pg_dist_partition p WHERE p.partmethod = 'h'
                   UNION ALL
                   SELECT s.logicalrelid::oid, to_regclass(shard_name(s.logicalrelid, s.shardid))::oid,
                          shard_name(s.logicalrelid, s.shardid)
                   FROM pg_dist_shard s JOIN pg_dist_placement l ON l.shardid = s.shardid
                   JOIN pg_dist_local_group g ON g.groupid = l.groupid
                   JOIN pg_dist_partition p ON p.logicalrelid = s.logicalrelid AND p.partmethod = 'h'
               ), rights AS (
                   SELECT c.oid, a.grantee, a.privilege_type || coalesce('(' || c.attname || ')', '') AS privilege
                   FROM (SELECT c.oid, NULL::name AS attname, coalesce(c.relacl, acldefault('r', c.relowner)) AS acl
                         FROM pg_catalog.pg_class c
                         UNION ALL
                         SELECT a.attrelid, a.attname, a.attacl FROM pg_catalog.pg_attribute a
                         WHERE a.attacl IS NOT NULL) c, aclexplode(c.acl) a
               )
               SELECT coalesce(json_agg(json_build_array(r.logical::regclass::text, r.relation,
                   (SELECT concat_ws('; ', CASE WHEN c.relrowsecurity THEN 'enabled' END,
                                     CASE WHEN c.relforcerowsecurity THEN 'forced' END,
                                     'owned by ' || pg_get_userbyid(c.relowner),
                           (SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
                                              || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END, ', '
                                              ORDER BY a.attname)
                            FROM pg_catalog.pg_attribute a
                            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
                           (SELECT string_agg(concat_ws(' ', p.polname, p.polcmd, p.polpermissive,
                                        (SELECT string_agg(u::regrole::text, ',' ORDER BY u::regrole::text)
                                         FROM unnest(p.polroles) u),
                                        pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)),
                                        '; ' ORDER BY p.polname) FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid),
                           (SELECT string_agg(i.grantee::regrole || ' ' || i.privilege, ', '
                                              ORDER BY i.grantee::regrole::text, i.privilege)
                            FROM rights i WHERE i.oid = c.oid))
                    FROM pg_catalog.pg_class c WHERE c.oid = r.oid))), '[]')::text
               FROM relations r
               $command$)
           WHERE success"""
    ).fetchall()
    return [
        Protected(int(str(node_id)), _named(table), _named(relation), protection)
        for node_id, found in rows
        for table, relation, protection in json.loads(str(found))
    ]


def unprotected(found: Sequence[Protected], coordinator: int) -> list[str]:
    """Return the tables and shards whose protection is not forced, or differs from that of the coordinator's table."""
    wanted = {
        one.table: one.protection
        for one in found
        if one.node_id == coordinator and one.relation == one.table
    }
    faults = []
    for one in found:
        if one.protection is None:
            faults.append(f"{one.relation} is missing on node {one.node_id}")
        elif not one.protection.startswith("enabled; forced; "):
            faults.append(f"{one.relation} on node {one.node_id} does not force row-level security")
        elif one.protection != wanted.get(one.table):
            faults.append(
                f"{one.relation} on node {one.node_id} has other columns, policies or rights than {one.table}"
            )
    return faults


def _named(relation: object) -> str:
    return str(relation).removeprefix("public.")
