"""What routes and their access policy need from the application and the request.

They are plain functions: a FastAPI dependency costs each request some 50 µs of processor time.
"""

from __future__ import annotations

from fastapi import Request

from skeldir.db import Database, Replica
from skeldir.errors import SkeldirError
from skeldir.http.bodies import HeldBytes
from skeldir.http.limits import KeyLimits, UnknownKeyLimits
from skeldir.http.offload import Offload


class KeyMissing(SkeldirError):
    """The request carries no key, or not as a bearer token."""

    code = "key_missing"
    status = 401
    title = "A key is needed"


def database_of(request: Request) -> Database:
    """Return the pool that the application opened when it started."""
    database: Database = request.app.state.database
    return database


def replica_of(request: Request) -> Replica | None:
    """Return the standby for reports, or None if the operator named none."""
    replica: Replica | None = request.app.state.replica
    return replica


def limits_of(request: Request) -> KeyLimits:
    """Return the rate limits of known keys in this process."""
    limits: KeyLimits = request.app.state.limits
    return limits


def unknown_keys_of(request: Request) -> UnknownKeyLimits:
    """Return the limits for keys that this process does not know."""
    unknown_keys: UnknownKeyLimits = request.app.state.unknown_keys
    return unknown_keys


def held_bytes_of(request: Request) -> HeldBytes:
    """Return the count of the bodies that this process holds."""
    held: HeldBytes = request.app.state.held_bytes
    return held


def offload_of(request: Request) -> Offload:
    """Return the processes that do heavy work for this one."""
    offload: Offload = request.app.state.offload
    return offload


def client_host_of(request: Request) -> str | None:
    """Return the address at the other end of the connection, which may be a proxy's; None on a Unix socket."""
    return request.client.host if request.client else None


def bearer_secret_of(request: Request) -> str:
    """Return the secret of `Authorization: Bearer …`.

    Raises:
        KeyMissing: there is none.
    """
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise KeyMissing(
            "The request carries no key.",
            cure="Send it as `Authorization: Bearer <key>`; `skeldir keys create` makes one.",
        )
    return secret.strip()
