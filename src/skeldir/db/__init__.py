"""The one store: connections, tenant transactions, named statements, locks and the embedded server. The door."""

from skeldir.db.columns import pack_column, unpack_column
from skeldir.db.embedded import (
    EmbeddedServer,
    embedded_server,
    require_supported_server,
    revive_server,
)
from skeldir.db.embedded_cluster import open_cluster
from skeldir.db.embedded_watch import kept_alive
from skeldir.db.ids import new_hex_ids, new_id, new_ids, read_id
from skeldir.db.listening import Subscription, listen
from skeldir.db.lock_keys import lock_key
from skeldir.db.locks import share_lock, try_lock, wait_for_lock
from skeldir.db.nodes import NodeUnreachable, list_silent_nodes
from skeldir.db.plans import plan_for_each_list
from skeldir.db.pool import (
    GRACE_S,
    Connection,
    Database,
    DatabaseBusy,
    DatabaseUnreachable,
    QueryTooSlow,
    TenantLocked,
    open_database,
    wake_after_commit,
)
from skeldir.db.queries import as_dict, load_blocking_queries, load_queries
from skeldir.db.shares import RetriedLater, TenantBusy, spread_retry_s

__all__ = [
    "GRACE_S",
    "Connection",
    "Database",
    "DatabaseBusy",
    "DatabaseUnreachable",
    "EmbeddedServer",
    "NodeUnreachable",
    "QueryTooSlow",
    "RetriedLater",
    "Subscription",
    "TenantBusy",
    "TenantLocked",
    "as_dict",
    "embedded_server",
    "kept_alive",
    "list_silent_nodes",
    "listen",
    "load_blocking_queries",
    "load_queries",
    "lock_key",
    "new_hex_ids",
    "new_id",
    "new_ids",
    "open_cluster",
    "open_database",
    "pack_column",
    "plan_for_each_list",
    "read_id",
    "require_supported_server",
    "revive_server",
    "share_lock",
    "spread_retry_s",
    "try_lock",
    "unpack_column",
    "wait_for_lock",
    "wake_after_commit",
]
