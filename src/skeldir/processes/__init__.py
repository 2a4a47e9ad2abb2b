"""Keeping processes alive: the supervisor, the children it starts, and the signs of life they give. The door."""

from skeldir.processes.children import api_children, beat_child, worker_children
from skeldir.processes.connections import BEAT_POOL_SIZE, WORKER_POOL_SIZE, most_connections
from skeldir.processes.liveness import Liveness
from skeldir.processes.supervisor import Child, Supervisor

__all__ = [
    "BEAT_POOL_SIZE",
    "WORKER_POOL_SIZE",
    "Child",
    "Liveness",
    "Supervisor",
    "api_children",
    "beat_child",
    "most_connections",
    "worker_children",
]
