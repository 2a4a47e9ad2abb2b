"""What a route may ask for in its signature; `tenants.access` adds the types that are its access policy."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from skeldir.db.pool import Database
from skeldir.errors import SkeldirError
from skeldir.http.bodies import read_body
from skeldir.http.limits import KeyLimits


class KeyMissing(SkeldirError):
    """The request carries no key, or not as a bearer token."""

    code = "key_missing"
    status = 401
    title = "A key is needed"


def database_of(request: Request) -> Database:
    """Return the pool that the application opened when it started."""
    database: Database = request.app.state.database
    return database


def limits_of(request: Request) -> KeyLimits:
    """Return the limits of the keys, which this process counts."""
    limits: KeyLimits = request.app.state.limits
    return limits


AppDatabase = Annotated[Database, Depends(database_of)]
AppLimits = Annotated[KeyLimits, Depends(limits_of)]
RequestBody = Annotated[bytes, Depends(read_body)]


def bearer_secret(request: Request) -> str:
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


BearerSecret = Annotated[str, Depends(bearer_secret)]
