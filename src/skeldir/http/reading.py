"""Reports: read from the replica while it is close enough behind, else from the primary; the response states which."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from math import inf
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

from fastapi import Depends, Request

from skeldir.db import ReplicaUnused
from skeldir.errors import SkeldirError
from skeldir.http.access import (
    Caller,
    ReadKey,
    TenantTransaction,
    note_use_apart,
    reading_transaction,
    require_in_force_apart,
)
from skeldir.http.deps import database_of, replica_of
from skeldir.http.headers import READ_FROM, READ_LAG_MS, note_read
from skeldir.observability import FALLBACKS, READS
from skeldir.tenants import profile_from

if TYPE_CHECKING:
    from skeldir.db import Replica

ResultT = TypeVar("ResultT")

_MAX_AGE = re.compile(r"max-age=\"?(\d{1,9})\"?")

READ_HEADERS: Final[dict[str, Any]] = {
    READ_FROM: {
        "description": "the server that was read; always the primary unless the operator has set up a replica",
        "schema": {"type": "string", "enum": ["replica", "primary"]},
    },
    READ_LAG_MS: {
        "description": "the answer holds everything that was committed this many milliseconds before it was read; "
        "0 from the primary",
        "schema": {"type": "integer", "minimum": 0},
    },
}
REPORT_PARAMETERS: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": "Cache-Control",
            "in": "header",
            "required": False,
            "schema": {"type": "string"},
            "description": "no-cache for the newest data; max-age=N for data that are at most N seconds old",
        }
    ]
}
"""The parameters of a report beside those in its route's signature, for `openapi_extra`."""


def with_read_headers(
    responses: dict[int | str, dict[str, Any]],
) -> dict[int | str, dict[str, Any]]:
    """Return the responses of a report's route: those to a request that was read have the headers of the read."""
    read: dict[int | str, dict[str, Any]] = {HTTPStatus.OK.value: {}, **responses}
    return {
        status: {**response, "headers": response.get("headers", {}) | READ_HEADERS}
        if status in (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED, HTTPStatus.NOT_FOUND)
        else response
        for status, response in read.items()
    }


@dataclass(frozen=True, slots=True)
class Reading:
    """The reads of one request for a report, by the tenant of its key."""

    request: Request
    caller: Caller

    async def run(self, read: Callable[[TenantTransaction], Awaitable[ResultT]]) -> ResultT:
        """Return what `read` returns in a read-only transaction; if the replica fails, it is called on the primary.

        Raises:
            KeyInvalid: the key has ended while its request waited for a connection, or its tenant is being deleted.
        """
        replica = replica_of(self.request)
        if replica is not None:
            try:
                return await self._read_there(replica, read)
            except ReplicaUnused as unused:
                FALLBACKS.labels(unused.reason).inc()
        async with reading_transaction(database_of(self.request), self.caller) as transaction:
            READS.labels("primary").inc()
            note_read(self.request.scope, "primary", 0)
            return await read(transaction)

    async def _read_there(
        self, replica: Replica, read: Callable[[TenantTransaction], Awaitable[ResultT]]
    ) -> ResultT:
        most_lag_s = most_age_s(",".join(self.request.headers.getlist("cache-control")))
        if most_lag_s == 0:
            raise ReplicaUnused("requested")
        tenant_id, database = self.caller.tenant_id, database_of(self.request)
        opened = replica.known_tenant(tenant_id, most_lag_s=most_lag_s)
        async with opened as (connection, known, lag_s):
            if known is None:
                raise ReplicaUnused("refused")
            transaction = TenantTransaction(connection, profile_from(tenant_id, known))
            try:
                result = await read(transaction)
            except SkeldirError as error:
                # What the replica does not have may be on the primary, such as an order that has just been sent.
                if error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise ReplicaUnused("refused") from error
                raise
        # The replica does not know yet which keys have just ended.
        await require_in_force_apart(database, self.caller)
        await note_use_apart(database, self.caller.holder)
        READS.labels("replica").inc()
        note_read(self.request.scope, "replica", lag_s)
        return result


def most_age_s(cache_control: str) -> float:
    """Return how many seconds old the data of a report may be, by a request's Cache-Control; infinite without a limit.

    As RFC 9111, 4.2.1 says of responses, a limit that cannot be read counts as 0.
    """
    directives = {part.strip().lower() for part in cache_control.split(",")}
    limits = [inf]
    for directive in directives:
        if directive.partition("=")[0] == "max-age":
            found = _MAX_AGE.fullmatch(directive)
            limits.append(0.0 if found is None else float(found[1]))
    return 0.0 if "no-cache" in directives else min(limits)


async def _reading_of(request: Request, caller: ReadKey) -> Reading:
    return Reading(request, caller)


ReportReading = Annotated[Reading, Depends(_reading_of)]
