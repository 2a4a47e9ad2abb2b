"""Bytes become recorded facts: touches and conversions, and dead letters for what is refused. The door of the room."""

from skeldir.ingest.dead_letters import DeadEvent, list_dead_events
from skeldir.ingest.own_channels import add_channels, list_channels
from skeldir.ingest.receive import Receipt, Rejected, receive_conversions, receive_touches

__all__ = [
    "DeadEvent",
    "Receipt",
    "Rejected",
    "add_channels",
    "list_channels",
    "list_dead_events",
    "receive_conversions",
    "receive_touches",
]
