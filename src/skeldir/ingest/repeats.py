"""Facts that are repeated while they are being taken back: "duplicate" would say that they are stored, and stay."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.db import RetriedLater
from skeldir.errors import SkeldirError
from skeldir.ingest.store import queries
from skeldir.revenue import repeats_entries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skeldir.db import Connection
    from skeldir.ingest.deliveries import Receipt
    from skeldir.ingest.receive import PreparedConversions, PreparedTouches


class FactsBeingTakenBack(RetriedLater, SkeldirError):
    """An item repeats a fact that is being taken back. Nothing of the request was recorded."""

    code = "facts_being_taken_back"
    status = 503
    title = "Facts that the request repeats are being taken back"


async def refuse_repeated_touches(
    connection: Connection, tenant_id: UUID, prepared: PreparedTouches, receipts: Sequence[Receipt]
) -> None:
    """Refuse touches, recorded in this transaction, that repeat what is being taken back.

    Raises:
        FactsBeingTakenBack: there is such a touch; the transaction must be rolled back.
    """
    if not any(receipt.duplicates for receipt in receipts):
        return
    for undoing in await queries.select_open_undoings(connection, tenant_id=tenant_id):
        if await queries.repeats_touches(
            connection,
            tenant_id=tenant_id,
            keys=prepared.columns["keys"],
            deliveries=undoing["deliveries"],
            until_id=undoing["until_id"],
        ):
            raise _refusal()


async def refuse_repeated_conversions(
    connection: Connection,
    tenant_id: UUID,
    prepared: PreparedConversions,
    receipts: Sequence[Receipt],
) -> None:
    """Refuse conversions likewise, also those that differ from an entry with their key which is being taken back.

    Raises:
        FactsBeingTakenBack: there is such a conversion; the transaction must be rolled back.
    """
    if not any(receipt.duplicates or receipt.rejected for receipt in receipts):
        return
    for undoing in await queries.select_open_undoings(connection, tenant_id=tenant_id):
        if await repeats_entries(
            connection,
            tenant_id,
            prepared.batch.columns["business_keys"],
            deliveries=undoing["deliveries"],
            order_ids=[undoing["target"]] if undoing["target_kind"] == "order" else [],
            until_id=undoing["until_id"],
        ):
            raise _refusal()


def _refusal() -> FactsBeingTakenBack:
    return FactsBeingTakenBack(
        "An item repeats a fact that is being taken back.",
        cure="Nothing of the request was recorded. Send it again when Retry-After has passed; once the taking back has"
        " ended, its items are new.",
    )
