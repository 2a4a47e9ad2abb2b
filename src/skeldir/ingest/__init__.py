"""Bytes become recorded facts: touches and conversions, and dead letters for what is refused. The door of the room."""

from skeldir.ingest.own_channels import add_channels, list_channels
from skeldir.ingest.receive import Receipt, Rejected, receive_conversions, receive_touches

__all__ = [
    "Receipt",
    "Rejected",
    "add_channels",
    "list_channels",
    "receive_conversions",
    "receive_touches",
]
