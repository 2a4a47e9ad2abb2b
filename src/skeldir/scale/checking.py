"""`skeldir scale check`: whether each table is where it belongs, and protected there. It changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from skeldir.scale.cluster import (
    Blocking,
    Node,
    RoleOnNode,
    connect,
    read_citus_version,
    read_nodes,
    read_roles,
    require_superuser,
)
from skeldir.scale.placement import (
    Placement,
    misplaced,
    read_placements,
    read_protection,
    unprotected,
)
from skeldir.scale.tables import DISTRIBUTED

OWNERS: Final = ("skeldir_owner", "matview_owner")
RUNTIME_ROLE: Final = "app_user"
RUNTIME_SETTINGS: Final = (
    "citus.override_table_visibility=off",
    "citus.propagate_set_commands=local",
)
"""Without the second, a tenant's binding stays on the coordinator; the first keeps look-ups of types fast."""

_APPLY: Final = "Stop the programs and run `skeldir scale apply` as a superuser."


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what it claims, and each fault that was found; without faults the claim holds."""

    check: str
    claim: str
    faults: tuple[str, ...]
    cure: str

    @property
    def holds(self) -> bool:
        return not self.faults


@dataclass(frozen=True, slots=True)
class ScaleReport:
    """Where the database is: on one server if `citus_version` is None, with no checks then."""

    citus_version: str | None
    nodes: tuple[Node, ...]
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        return all(finding.holds for finding in self.findings)


def check_scale(url: str) -> ScaleReport:
    """Check the database at `url`; on a Citus database this needs a superuser, and every node is asked.

    Raises:
        DatabaseUnreachable: nothing answers at `url`, or it refuses the role.
        SuperuserNeeded: the database has Citus, and the role is not a superuser.
    """
    with connect(url, reads_only=True) as connection:
        version = read_citus_version(connection)
        if version is None:
            return ScaleReport(None, (), ())
        require_superuser(connection)
        return check_cluster(connection, version)


def check_cluster(connection: Blocking, citus_version: str) -> ScaleReport:
    """Check the Citus database of a superuser's connection."""
    nodes = read_nodes(connection)
    roles = read_roles(connection)
    placements = read_placements(connection)
    findings = (
        _check_nodes(nodes),
        _check_transactions(nodes),
        Finding(
            "tables",
            f"{len(DISTRIBUTED)} tables are distributed by tenant and colocated; the others are local.",
            tuple(misplaced(placements)),
            _APPLY,
        ),
        Finding(
            "roles",
            "On each node the owners may log in without a password, and app_user may do no more than on one server.",
            tuple(role_faults(nodes, roles)),
            _APPLY,
        ),
        Finding(
            "settings",
            "On each node app_user has the settings that bind the shards to its tenant.",
            tuple(setting_faults(nodes, roles)),
            _APPLY,
        ),
        _check_protection(connection, nodes),
        Finding(
            "isolation",
            "Without a tenant app_user sees no row on any shard.",
            tuple(_rows_seen(connection, placements)),
            "Stop the programs, and compare the policies of the shard with those of its table.",
        ),
        Finding(
            "copies",
            "No rows of distributed tables remain on the coordinator.",
            tuple(_copies(placements)),
            "Compare the figures that `skeldir scale apply` printed, then run it with --truncate-local.",
        ),
    )
    return ScaleReport(citus_version, tuple(nodes), findings)


def role_faults(nodes: Sequence[Node], roles: Mapping[int, Sequence[RoleOnNode]]) -> list[str]:
    """Return what of the roles differs from what the nodes need, by node."""
    faults = []
    for node in nodes:
        if node.error is not None:
            continue
        found = {one.role: one for one in roles.get(node.node_id, ())}
        for role in (RUNTIME_ROLE, *OWNERS):
            if role not in found:
                faults.append(f"{role} does not exist on {node.name}")
                continue
            if not found[role].may_log_in:
                faults.append(f"{role} may not log in on {node.name}")
            if found[role].has_password and role in OWNERS:
                faults.append(f"{role} has a password on {node.name}")
            if found[role].may_make_temporary and role == RUNTIME_ROLE:
                faults.append(f"{role} may make temporary tables on {node.name}")
            if found[role].is_unbound:
                faults.append(f"{role} bypasses row-level security on {node.name}")
    return faults


def setting_faults(nodes: Sequence[Node], roles: Mapping[int, Sequence[RoleOnNode]]) -> list[str]:
    """Return the settings that app_user lacks, by node."""
    return [
        f"{setting} is not set on {node.name}"
        for node in nodes
        if node.error is None
        for setting in RUNTIME_SETTINGS
        if setting
        not in {
            found
            for one in roles.get(node.node_id, ())
            if one.role == RUNTIME_ROLE
            for found in one.settings
        }
    ]


def _check_nodes(nodes: Sequence[Node]) -> Finding:
    faults = [
        f"{node.name} does not answer: {node.error}" for node in nodes if node.error is not None
    ]
    if not any(node.is_coordinator for node in nodes):
        faults.append("the coordinator is not registered")
    if not any(node.has_shards for node in nodes):
        faults.append("no node may hold shards")
    return Finding(
        "nodes",
        f"All {len(nodes)} nodes answer.",
        tuple(faults),
        "Start the node, or register it: citus_set_coordinator_host() and citus_add_node().",
    )


def _check_transactions(nodes: Sequence[Node]) -> Finding:
    return Finding(
        "transactions",
        "Each node allows prepared transactions, so that a commit reaches all nodes or none.",
        tuple(
            f"max_prepared_transactions is 0 on {node.name}"
            for node in nodes
            if node.prepared_transactions == 0
        ),
        "Set max_prepared_transactions to at least max_connections on the node, and restart it.",
    )


def _check_protection(connection: Blocking, nodes: Sequence[Node]) -> Finding:
    coordinators = [node.node_id for node in nodes if node.is_coordinator]
    found = read_protection(connection) if coordinators else []
    return Finding(
        "shards",
        f"Each of {len(found):,} tables and shards forces row-level security, and has its table's columns and rights.",
        tuple(unprotected(found, coordinators[0]) if coordinators else ()),
        "Stop the programs. Give the shard what its table has, as a superuser on its node.",
    )


def _rows_seen(connection: Blocking, placements: Mapping[str, Placement]) -> list[str]:
    """Ask each shard of each distributed table as app_user, directly, without a tenant."""
    faults: list[str] = []
    connection.execute("SET LOCAL ROLE app_user")
    for table, placed in placements.items():
        if placed.column is None:
            continue
        for shard, success, result in connection.execute(
            "SELECT shardid, success, result FROM run_command_on_shards(%s::regclass, 'SELECT count(*) FROM %%s')",
            (f"public.{table}",),
        ):
            if not success:
                faults.append(f"shard {shard} of {table} could not be asked: {result}")
            elif result != "0":
                faults.append(f"app_user sees {result} rows of shard {shard} of {table}")
    connection.execute("RESET ROLE")
    return faults


def _copies(placements: Mapping[str, Placement]) -> list[str]:
    return [
        f"{table} still has {placed.local_bytes:,} bytes there, which no deletion reaches"
        for table, placed in placements.items()
        if placed.column is not None and placed.local_bytes > 0
    ]
