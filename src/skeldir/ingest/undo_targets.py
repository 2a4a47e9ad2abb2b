"""What can be taken back: an import, one replay of its refused rows, an order, or a delivery."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

from skeldir.ingest.deliveries import delivery_id, origins_of_file
from skeldir.ingest.store import queries
from skeldir.ingest.undo_refusals import TargetUnknown
from skeldir.revenue import delivery_of_entry

if TYPE_CHECKING:
    from skeldir.db import Connection

TargetKind = Literal["import", "order", "delivery", "channels", "correction"]
MOST_SHOWN: Final = 100
_MOST_IMPORTS: Final = 100_000
# Ids carry the clock of the machine that made them; it may be this much behind the database's.
_CLOCKS_DIFFER = timedelta(hours=1)
_NIL = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Target:
    """What to take back: an import by its fingerprint, an order by its id, or a delivery by its id (see `delivery_id`).

    A replay is a delivery; `fingerprint` is that of its import. Facts that are older than the column `delivery` can be
    taken back by their order only. The kind `channels` takes nothing back: the channels of all touches are restated.
    Neither does `correction`, whose name is its id: one touch gets another channel.
    """

    kind: TargetKind
    name: str
    deliveries: tuple[UUID, ...]
    first_id: UUID = _NIL
    fingerprint: str = ""

    @property
    def since(self) -> datetime:
        """No fact of it is older."""
        return datetime.fromtimestamp((self.first_id.int >> 80) / 1000, UTC)


CHANNELS: Final = Target("channels", "all touches", ())
"""Asked to be undone, this restates the channels of all touches (see `restating`)."""


@dataclass(frozen=True, slots=True)
class KnownImport:
    """A file that was imported, and the undoing that took it back, if it does not stand.

    The counts are those of its latest reading, and of its `replays`. If it `repeats_undone`, facts that its rows
    repeated may have been taken back since, and it is read again when it is run again.
    """

    fingerprint: str
    file_name: str
    rows_done: int
    touches_accepted: int
    touches_duplicate: int
    conversions_accepted: int
    conversions_duplicate: int
    rejected: int
    is_complete: bool
    started_at: datetime
    updated_at: datetime
    undone_by: UUID | None
    replays: int
    repeats_undone: bool

    def targets(self) -> Iterator[Target]:
        """Return the import, which includes its replays, and then each replay."""
        first_id = _id_of_moment(self.started_at - _CLOCKS_DIFFER)
        replays = [
            tuple(map(delivery_id, origins_of_file(self.fingerprint, replay=number)))
            for number in range(1, self.replays + 1)
        ]
        own = tuple(map(delivery_id, origins_of_file(self.fingerprint)))
        every = own + tuple(one for of_replay in replays for one in of_replay)
        yield Target("import", self.fingerprint, every, first_id, self.fingerprint)
        for of_replay in replays:
            yield Target("delivery", str(of_replay[0]), of_replay, first_id, self.fingerprint)


async def list_imports(
    connection: Connection,
    tenant_id: UUID,
    *,
    fingerprint: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    most: int = MOST_SHOWN,
) -> list[KnownImport]:
    """Return the imports of the transaction's tenant whose fingerprints begin so, the latest first.

    With `since` and `until`, those that began in this half-open span.
    """
    rows = await queries.select_imports(
        connection,
        tenant_id=tenant_id,
        fingerprint=fingerprint,
        since=since,
        until=until,
        most=most,
    )
    return [KnownImport(**row) for row in rows]


async def list_repeating_imports(
    connection: Connection, tenant_id: UUID, target: Target, *, most: int = MOST_SHOWN
) -> list[KnownImport]:
    """Return the imports that stand and whose rows may have repeated facts of `target`, the latest first.

    What a row repeated is not recorded: these have duplicates, and were read when or after `target` came in. A row
    that repeats an order which is taken back by its id is meant as well, so there are none for an order.
    """
    if target.kind not in ("import", "delivery"):
        return []
    rows = await queries.select_repeating_imports(
        connection,
        tenant_id=tenant_id,
        fingerprint=target.fingerprint,
        since=target.since,
        most=most,
    )
    return [KnownImport(**row) for row in rows]


async def target_of_import(
    connection: Connection, tenant_id: UUID, fingerprint: str, *, replay: int | None = None
) -> Target:
    """Return the import whose fingerprint begins so, or the replay of it with this number.

    Raises:
        TargetUnknown: there is none, or more than one.
    """
    found = await list_imports(connection, tenant_id, fingerprint=fingerprint, most=2)
    if len(found) != 1 or not fingerprint:
        how_many = "No import has" if not found else "More than one import has"
        raise TargetUnknown(
            f"{how_many} a fingerprint that begins with {fingerprint!r}.",
            cure="Give more of it; `skeldir imports list` shows all.",
        )
    (one,) = found
    of_import, *of_replays = one.targets()
    if replay is None:
        return of_import
    if not 1 <= replay <= len(of_replays):
        raise TargetUnknown(
            f"The import of {one.file_name} has no replay {replay}.",
            cure=f"It has {len(of_replays)}; `skeldir dead replay` prints the number of each.",
        )
    return of_replays[replay - 1]


def target_of_order(order_id: str) -> Target:
    """Return an order: all of its entries that stand, whichever way they came. Touches are of no order, and stay."""
    return Target("order", order_id, ())


def target_of_origin(origin: str) -> Target:
    """Return the delivery with this origin, such as that of a rejected item without its place in it."""
    one = delivery_id(origin)
    return Target("delivery", str(one), (one,))


async def target_of_key(connection: Connection, tenant_id: UUID, key: str) -> Target:
    """Return what brought the fact with this idempotency key: an API batch, the import of a file, or a replay of it.

    Raises:
        TargetUnknown: there is no such fact, or its delivery was not recorded.
    """
    one = await delivery_of_entry(connection, tenant_id, key)
    if one is None:
        one = await queries.find_delivery_of_touch(connection, tenant_id=tenant_id, key=key)
    if one is None:
        raise TargetUnknown(
            "No fact has this idempotency key, or it is older than the record of deliveries.",
            cure="Check the key; older entries can be taken back by their order: --order.",
        )
    return await whole_import(connection, tenant_id, Target("delivery", str(one), (one,)))


async def whole_import(connection: Connection, tenant_id: UUID, target: Target) -> Target:
    """Return the import, or the replay, that a delivery is, so that all of it is taken back; another as it is."""
    for one in await list_imports(connection, tenant_id, most=_MOST_IMPORTS):
        of_import, *of_replays = one.targets()
        for of_replay in of_replays:
            if set(of_replay.deliveries).intersection(target.deliveries):
                return of_replay
        if set(of_import.deliveries).intersection(target.deliveries):
            return of_import
    return target


def _id_of_moment(moment: datetime) -> UUID:
    """Return the smallest id of version 7 that can have been made at `moment`."""
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)
