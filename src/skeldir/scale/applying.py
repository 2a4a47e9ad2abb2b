"""`skeldir scale apply`: roles, settings and distribution as the list says; a repetition changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg import sql

from skeldir.scale.checking import (
    OWNERS,
    ScaleReport,
    check_cluster,
    role_faults,
    setting_faults,
)
from skeldir.scale.cluster import (
    Blocking,
    connect,
    read_citus_version,
    read_nodes,
    read_roles,
    require_superuser,
)
from skeldir.scale.errors import CitusMissing, ContentChanged, ProgramsRunning, ScaleRefused
from skeldir.scale.placement import read_placements
from skeldir.scale.tables import DISTRIBUTED, LOCAL, ROOT

_ONE_AT_A_TIME: Final = 0x736B656C64697202


@dataclass(frozen=True, slots=True)
class Content:
    """How many rows a table has, and the sum of their hashes, whatever their order."""

    rows: int
    digest: int


@dataclass(frozen=True, slots=True)
class Applied:
    """What was changed: tables distributed, with what they hold before and after; statements run; copies removed."""

    distributed: Mapping[str, Content]
    changed: tuple[str, ...]
    truncated: tuple[str, ...]
    report: ScaleReport


def apply_scale(
    url: str,
    *,
    truncates_local: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> Applied:
    """Make the Citus database at `url` as the list in `tables` says, and check it; `progress` gets each step.

    Tables are distributed in one transaction, and only if each has the same rows after as before. What lay on the
    coordinator stays there, out of the program's reach, until `truncates_local`.

    Raises:
        DatabaseUnreachable: nothing answers at `url`, or it refuses the role.
        SuperuserNeeded: the role is not a superuser.
        CitusMissing: the database has no Citus.
        ProgramsRunning: a program is connected, or sent a heartbeat in the last 15 seconds; nothing was changed.
        ScaleRefused: a node does not answer, or Citus cannot distribute a table; nothing was distributed.
        ContentChanged: a table had other rows after it was distributed; nothing was distributed.
    """
    with connect(url) as connection:
        _require_quiet(connection)
        changed = _prepare_owners(connection)
    with connect(url) as connection:
        _require_quiet(connection)
        distributed = _distribute(connection, progress)
    # The first distribution, and a new node, take the roles as the coordinator has them, without their settings.
    with connect(url) as connection:
        changed += _settle_roles(connection)
    truncated: tuple[str, ...] = ()
    if truncates_local:
        with connect(url) as connection:
            truncated = _truncate_copies(connection, progress)
    with connect(url) as connection:
        report = check_cluster(connection, read_citus_version(connection) or "")
    return Applied(distributed, changed, truncated, report)


def _require_quiet(connection: Blocking) -> None:
    """Raise unless this is a superuser's connection to a Citus database that no program uses."""
    if read_citus_version(connection) is None:
        raise CitusMissing(
            "This database is on one server: Citus is not installed in it.",
            cure="Nothing has to be done on one server. For more, create the extension on each node and register "
            "the nodes, as docs/scale-citus.md describes.",
        )
    require_superuser(connection)
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_ONE_AT_A_TIME,))
    sessions = connection.execute(
        """SELECT count(*) FROM pg_catalog.pg_stat_activity
           WHERE datname = current_database() AND usename = 'app_user' AND backend_type = 'client backend'
             AND application_name NOT LIKE 'citus\\_%%'"""
    ).fetchone()
    beats = connection.execute(
        "SELECT count(*) FROM public.heartbeats WHERE seen_at > clock_timestamp() - interval '15 seconds'"
    ).fetchone()
    if sessions != (0,) or beats != (0,):
        raise ProgramsRunning(
            f"{sessions[0] if sessions else 0} sessions of app_user are open, and {beats[0] if beats else 0} "
            "processes sent a heartbeat in the last 15 seconds.",
            cure="Stop API, workers and beat, wait 15 seconds, and run it again.",
        )


def _prepare_owners(connection: Blocking) -> tuple[str, ...]:
    """Let the owners log in, before the nodes get them: the coordinator connects to the nodes as the current role."""
    nodes = read_nodes(connection)
    if silent := [node.name for node in nodes if node.error is not None]:
        raise ScaleRefused(
            f"{', '.join(silent)} does not answer.",
            cure="Start it, or remove it by citus_remove_node() if it holds no shards; then run this again.",
        )
    coordinator = [node for node in nodes if node.is_coordinator]
    roles = read_roles(connection)
    return _open_owners(connection) if role_faults(coordinator, roles) else ()


def _open_owners(connection: Blocking) -> tuple[str, ...]:
    for role in OWNERS:
        connection.execute(
            sql.SQL("ALTER ROLE {} LOGIN PASSWORD NULL").format(sql.Identifier(role))
        )
    return tuple(f"{role} may log in and has no password" for role in OWNERS)


def _close_databases(connection: Blocking) -> tuple[str, ...]:
    """Let app_user make no temporary table on any node, as the first migration does on the coordinator."""
    connection.execute(
        """SELECT result FROM run_command_on_all_nodes($command$
               DO $do$ BEGIN
                   EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
                   EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO matview_owner', current_database());
               END $do$ $command$)"""
    )
    return ("only matview_owner may make temporary tables",)


def _settle_roles(connection: Blocking) -> tuple[str, ...]:
    """Set again on all nodes what any of them lacks."""
    nodes, roles = read_nodes(connection), read_roles(connection)
    changed: tuple[str, ...] = ()
    if role_faults(nodes, roles):
        changed += _open_owners(connection)
        changed += _close_databases(connection)
    if setting_faults(nodes, roles):
        connection.execute("ALTER ROLE app_user SET citus.propagate_set_commands = 'local'")
        connection.execute("ALTER ROLE app_user SET citus.override_table_visibility = 'off'")
        changed += ("app_user has the settings that Citus needs",)
    return changed


def _distribute(connection: Blocking, progress: Callable[[str], None]) -> dict[str, Content]:
    """Distribute the tables that are still local; return what each holds."""
    placements = read_placements(connection)
    waiting = [
        table for table in DISTRIBUTED if table in placements and placements[table].column is None
    ]
    if not waiting:
        return {}
    _require_no_reference(connection)
    # A binding of the values' format reaches the shards only with this.
    connection.execute("SET LOCAL citus.propagate_set_commands = 'local'")
    connection.execute("SET LOCAL timezone = 'UTC'")
    connection.execute("SET LOCAL extra_float_digits = 1")
    connection.execute("SET LOCAL citus.multi_shard_modify_mode = 'sequential'")
    try:
        before = {table: _lock_and_read(connection, table) for table in waiting}
        for table in waiting:
            progress(f"Distributing {table}: {before[table].rows:,} rows")
            _simplify_policy(connection, table)
            connection.execute(
                "SELECT create_distributed_table(%s::regclass, %s, colocate_with => %s)",
                (
                    f"public.{table}",
                    DISTRIBUTED[table],
                    "none" if table == ROOT else f"public.{ROOT}",
                ),
            )
        after = {table: _read_content(connection, table) for table in waiting}
    except (
        psycopg.errors.FeatureNotSupported,
        psycopg.errors.LockNotAvailable,
        psycopg.OperationalError,
    ) as error:
        raise ScaleRefused(
            f"{error.diag.message_primary or str(error).strip()}. Nothing was distributed.",
            cure="Remove the cause that the message names, and run it again.",
        ) from error
    if changed := [table for table in waiting if before[table] != after[table]]:
        raise ContentChanged(
            f"{', '.join(changed)} had other rows after it was distributed. Nothing was distributed.",
            cure="Run it again with the programs stopped; if it happens again, keep the database and report it.",
        )
    return after


def _simplify_policy(connection: Blocking, table: str) -> None:
    """Let the policy call its function without a sub-select, which Citus refuses; on one server that costs more."""
    connection.execute(
        sql.SQL(
            "ALTER POLICY tenant_isolation ON {table} USING ({tenant} = public.current_tenant_id()) "
            "WITH CHECK ({tenant} = public.current_tenant_id())"
        ).format(table=sql.Identifier("public", table), tenant=sql.Identifier(DISTRIBUTED[table]))
    )


def _require_no_reference(connection: Blocking) -> None:
    """A foreign key between a local and a distributed table would stop the distribution half-way."""
    rows: Sequence[tuple[object, ...]] = connection.execute(
        """SELECT conname, conrelid::regclass::text, confrelid::regclass::text FROM pg_catalog.pg_constraint
           WHERE contype = 'f' AND connamespace = 'public'::regnamespace"""
    ).fetchall()
    crossing = [
        f"{name} of {table}"
        for name, table, target in rows
        if (str(table).removeprefix("public.") in LOCAL)
        != (str(target).removeprefix("public.") in LOCAL)
    ]
    if crossing:
        raise ScaleRefused(
            f"Foreign keys join local and distributed tables: {', '.join(crossing)}.",
            cure="Run `skeldir migrate`, which drops those of the program, and drop others by hand.",
        )


def _lock_and_read(connection: Blocking, table: str) -> Content:
    connection.execute(
        sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier("public", table))
    )
    return _read_content(connection, table)


def _read_content(connection: Blocking, table: str) -> Content:
    row = connection.execute(
        sql.SQL(
            "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM {} t"
        ).format(sql.Identifier("public", table))
    ).fetchone()
    rows, digest = row if row is not None else (0, 0)
    return Content(int(str(rows)), int(str(digest)))


def _truncate_copies(connection: Blocking, progress: Callable[[str], None]) -> tuple[str, ...]:
    """Empty what remained on the coordinator; the shards are not touched."""
    copies = [
        table
        for table, placed in read_placements(connection).items()
        if placed.column is not None and placed.local_bytes > 0
    ]
    for table in copies:
        progress(f"Removing the local copy of {table}")
        connection.execute(
            "SELECT truncate_local_data_after_distributing_table(%s::regclass)",
            (f"public.{table}",),
        )
    return tuple(copies)
