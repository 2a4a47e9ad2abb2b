"""What a transaction sees, and how it is kept and named, so that the same facts can be read again."""

from __future__ import annotations

import binascii
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

import orjson
from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from skeldir.days import LocalDays, stored_days
from skeldir.db import has_nodes
from skeldir.errors import SkeldirError
from skeldir.exports.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection

LONGEST_NAME: Final = 4_000
_LONGEST_KNOWN: Final = timedelta(days=1)
_NUMBERS: Final = 2**32
_Number = Annotated[int, Field(ge=0, lt=_NUMBERS)]
_NAMED: Final[TypeAdapter[tuple[datetime, int, list[int]]]] = TypeAdapter(
    tuple[AwareDatetime, _Number, list[_Number]]
)


class SnapshotInvalid(SkeldirError):
    """The text names no snapshot that can be read again."""

    code = "snapshot_invalid"
    status = 422
    title = "The snapshot cannot be read again"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a transaction sees. `beyond` and `in_flight` are as `select_snapshot` says.

    With None for `beyond` it cannot be read again: rows on the nodes of Citus have the numbers of their nodes.
    """

    taken_at: datetime
    beyond: int | None
    in_flight: tuple[int, ...]

    def as_stored(self) -> dict[str, Any]:
        """Return what `of_stored` reads."""
        return {
            "taken_at": self.taken_at.isoformat(),
            "beyond": self.beyond,
            "in_flight": list(self.in_flight),
        }

    @classmethod
    def of_stored(cls, stored: Mapping[str, Any]) -> Snapshot:
        """Return the snapshot that `as_stored` described."""
        taken_at = datetime.fromisoformat(stored["taken_at"])
        return cls(taken_at, stored["beyond"], tuple(stored["in_flight"]))

    def as_name(self) -> str | None:
        """Return a text that `read_name` reads, safe in a URL; None if the snapshot cannot be read again.

        It grants nothing: with any text a transaction sees at most what it sees anyway.
        """
        if self.beyond is None:
            return None
        stored = orjson.dumps([self.taken_at, self.beyond, self.in_flight])
        name = urlsafe_b64encode(stored).rstrip(b"=").decode()
        return name if len(name) <= LONGEST_NAME else None

    def read_name(self, name: str) -> Snapshot:
        """Return the earlier snapshot that a text names; this one is of now.

        Raises:
            SnapshotInvalid: it names none, one of another server, or of more than a day ago.
        """
        if self.beyond is None:
            raise _invalid("On a database that is distributed with Citus, none can be read again.")
        try:
            padded = name + "=" * (-len(name) % 4)
            named = _NAMED.validate_json(b64decode(padded, altchars=b"-_", validate=True))
        except (binascii.Error, ValueError, ValidationError) as error:
            raise _invalid("The text names no snapshot.") from error
        taken_at, beyond, in_flight = named
        is_earlier = (self.beyond - beyond) % _NUMBERS < _NUMBERS // 2
        if not is_earlier or not timedelta(0) <= self.taken_at - taken_at <= _LONGEST_KNOWN:
            raise _invalid("The snapshot is more than a day old, or not of this database.")
        return Snapshot(taken_at, beyond, tuple(in_flight))


def _invalid(detail: str) -> SnapshotInvalid:
    return SnapshotInvalid(
        detail, cure="Take it unchanged from the response of an export, or leave it out."
    )


async def take_snapshot(connection: Connection, tenant_id: UUID) -> tuple[Snapshot, LocalDays]:
    """Return what the transaction sees, and the days of its tenant. The transaction must be a read-only one."""
    row = await queries.select_snapshot(connection, tenant_id=tenant_id)
    beyond = None if await has_nodes(connection) else row["beyond"]
    snapshot = Snapshot(row["taken_at"], beyond, tuple(row["in_flight"]))
    return snapshot, stored_days(row["time_zone"], row["changes"], row["offsets_s"])
