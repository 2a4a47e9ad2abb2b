"""What a route may ask for in its signature; `tenants.access` adds the types that are its access policy."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from skeldir.db.pool import Database
from skeldir.errors import SkeldirError
from skeldir.http.limits import KeyLimits, UnknownKeyLimits


class KeyMissing(SkeldirError):
    """The request carries no key, or not as a bearer token."""

    code = "key_missing"
    status = 401
    title = "A key is needed"


# These are coroutines, because a plain function would be sent to a thread for every request.
async def database_of(request: Request) -> Database:
    """Return the pool that the application opened when it started."""
    database: Database = request.app.state.database
    return database


async def limits_of(request: Request) -> KeyLimits:
    """Return the limits of the keys, which this process counts."""
    limits: KeyLimits = request.app.state.limits
    return limits


# These are called where a request is at hand, since each dependency costs each request some 10 µs.
def unknown_keys_of(request: Request) -> UnknownKeyLimits:
    """Return the limits of the keys that are not known here, which this process counts."""
    unknown_keys: UnknownKeyLimits = request.app.state.unknown_keys
    return unknown_keys


def client_host_of(request: Request) -> str | None:
    """Return the address at the other end of the connection, which may be a proxy's; None on a Unix socket."""
    return request.client.host if request.client else None


AppDatabase = Annotated[Database, Depends(database_of)]
AppLimits = Annotated[KeyLimits, Depends(limits_of)]


class BearerKey(SecurityBase):
    """The secret of `Authorization: Bearer …`, which the API's description names as its security scheme."""

    def __init__(self) -> None:
        self.model = HTTPBearer(description="a key that `skeldir keys create` made")
        self.scheme_name = "key"

    async def __call__(self, request: Request) -> str:
        """Return the secret.

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


BearerSecret = Annotated[str, Depends(BearerKey())]
