"""Keeping processes alive: the supervisor, the children it starts, and the signs of life they give. The door."""

from skeldir.processes.children import api_child, beat_child, worker_children
from skeldir.processes.liveness import Liveness
from skeldir.processes.supervisor import Child, Supervisor

__all__ = ["Child", "Liveness", "Supervisor", "api_child", "beat_child", "worker_children"]
