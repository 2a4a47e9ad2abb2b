"""The one store: connections, tenant transactions, named statements, locks and the embedded server. The door."""

from skeldir.db.admission import Admission, ConnectionsTooFew, require_admission
from skeldir.db.columns import pack_column, unpack_column
from skeldir.db.embedded import (
    EmbeddedServer,
    embedded_server,
    is_server_alive,
    require_supported_server,
    revive_server,
)
from skeldir.db.embedded_archive import Archive, find_archive, keep_archive
from skeldir.db.embedded_cluster import (
    Cluster,
    DiskFull,
    MajorVersionDiffers,
    ServerNotStarted,
    disk_errors,
    disk_full,
    find_cluster,
    home_errors,
    open_cluster,
    open_parents,
)
from skeldir.db.embedded_watch import kept_alive
from skeldir.db.ids import new_hex_ids, new_id, new_ids, read_id
from skeldir.db.listening import Subscription, listen
from skeldir.db.lock_keys import lock_key
from skeldir.db.locks import share_lock, try_lock, wait_for_lock
from skeldir.db.nodes import (
    CITUS_SETTINGS,
    NodeUnreachable,
    has_nodes,
    list_silent_nodes,
    node_unreachable,
)
from skeldir.db.plans import plan_for_each_list, plan_for_each_tenant
from skeldir.db.pool import (
    GRACE_S,
    Connection,
    Database,
    DatabaseBusy,
    DatabaseUnreachable,
    QueryTooSlow,
    TenantLocked,
    open_database,
    takes_no_writes,
    wake_after_commit,
)
from skeldir.db.queries import as_dict, load_blocking_queries, load_queries
from skeldir.db.replica import Opening, Replica, ReplicaUnused, open_replica, require_fit
from skeldir.db.requirements import (
    PoolerRefused,
    RuntimeRoleUnsafe,
    refusal_of_pooler,
    refuses_writes,
    require_own_session,
    require_unpooled,
)
from skeldir.db.shares import RetriedLater, TenantBusy, spread_retry_s

__all__ = [
    "CITUS_SETTINGS",
    "GRACE_S",
    "Admission",
    "Archive",
    "Cluster",
    "Connection",
    "ConnectionsTooFew",
    "Database",
    "DatabaseBusy",
    "DatabaseUnreachable",
    "DiskFull",
    "EmbeddedServer",
    "MajorVersionDiffers",
    "NodeUnreachable",
    "Opening",
    "PoolerRefused",
    "QueryTooSlow",
    "Replica",
    "ReplicaUnused",
    "RetriedLater",
    "RuntimeRoleUnsafe",
    "ServerNotStarted",
    "Subscription",
    "TenantBusy",
    "TenantLocked",
    "as_dict",
    "disk_errors",
    "disk_full",
    "embedded_server",
    "find_archive",
    "find_cluster",
    "has_nodes",
    "home_errors",
    "is_server_alive",
    "keep_archive",
    "kept_alive",
    "list_silent_nodes",
    "listen",
    "load_blocking_queries",
    "load_queries",
    "lock_key",
    "new_hex_ids",
    "new_id",
    "new_ids",
    "node_unreachable",
    "open_cluster",
    "open_database",
    "open_parents",
    "open_replica",
    "pack_column",
    "plan_for_each_list",
    "plan_for_each_tenant",
    "read_id",
    "refusal_of_pooler",
    "refuses_writes",
    "require_admission",
    "require_fit",
    "require_own_session",
    "require_supported_server",
    "require_unpooled",
    "revive_server",
    "share_lock",
    "spread_retry_s",
    "takes_no_writes",
    "try_lock",
    "unpack_column",
    "wait_for_lock",
    "wake_after_commit",
]
