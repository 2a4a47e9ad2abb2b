"""What a correction of a touch, or its revocation, would move of the credit, exactly. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

from pydantic import Field

from skeldir.attribution import (
    CreditMoved,
    CreditMoves,
    count_dirty_orders,
    find_moves_of_credit,
    find_orders_reached,
    show_credit_moved,
)
from skeldir.ingest.corrections import find_touch, require_channel, require_in_force
from skeldir.ingest.restating import derive_again, read_standards

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.ingest.store import SelectTouchToCorrectRow

MOST_ORDERS_SHOWN: Final = 20
ANY_NUMBER: Final = 2**62


@dataclass(frozen=True, slots=True)
class CorrectionMoves:
    """What the channel of one touch changes: its orders, and the credit of each model by channel, now and then."""

    touch: str
    channel_now: str
    channel_then: str
    orders_moved: Annotated[
        int, Field(description="orders with the touch within a model's lookback, if it moves")
    ]
    first_orders_moved: Annotated[
        list[str], Field(description=f"the first {MOST_ORDERS_SHOWN} of them by order id")
    ]
    orders_awaiting_credit: Annotated[
        int,
        Field(
            description="orders whose credit follows later in any case; the differences are those of the touch alone"
        ),
    ]
    credit: list[CreditMoved]


async def try_correction(
    connection: Connection,
    tenant_id: UUID,
    touch: str,
    channel: str,
    *,
    most_orders: int = ANY_NUMBER,
) -> CorrectionMoves:
    """Return what `correct_touch` would move. The transaction must be repeatable read.

    What the reports say after the correction and the credit run is `now` plus the difference, to the smallest unit, if
    nothing else is recorded, and no order awaits credit now.

    Raises:
        TouchUnknown, CorrectionInvalid: as the correction itself would.
        ReportTooLarge: more orders than `most_orders` would have to be read.
    """
    await require_channel(connection, tenant_id, channel)
    row = await find_touch(connection, tenant_id, touch)
    return await _try(connection, tenant_id, touch, row, channel, most_orders)


async def try_revocation(
    connection: Connection,
    tenant_id: UUID,
    correction_id: UUID,
    *,
    most_orders: int = ANY_NUMBER,
) -> CorrectionMoves:
    """Return what `revoke_correction` would move, as `try_correction` does.

    Raises:
        CorrectionUnknown, CorrectionNotInForce: as the revocation itself would.
        TouchUnknown: the touch was taken back, so that nothing moves.
        ReportTooLarge: more orders than `most_orders` would have to be read.
    """
    correction = await require_in_force(connection, tenant_id, correction_id)
    row = await find_touch(connection, tenant_id, correction.touch)
    choice = derive_again(row, await read_standards(connection, tenant_id))
    return await _try(connection, tenant_id, correction.touch, row, choice.code, most_orders)


async def _try(
    connection: Connection,
    tenant_id: UUID,
    touch: str,
    row: SelectTouchToCorrectRow,
    channel: str,
    most_orders: int,
) -> CorrectionMoves:
    credit = CreditMoves()
    if channel != row["channel_code"] and row["journey_key"] is not None:
        reached = [(row["journey_key"], row["occurred_at"])]
        credit = await find_moves_of_credit(
            connection,
            tenant_id,
            lambda one: channel if one.is_marked else one.channel,
            order_ids=await find_orders_reached(connection, tenant_id, reached),
            most_orders=most_orders,
            most_shown=MOST_ORDERS_SHOWN,
            marked_key=touch,
        )
    return CorrectionMoves(
        touch,
        row["channel_code"],
        channel,
        credit.orders,
        credit.order_ids,
        await count_dirty_orders(connection, tenant_id),
        await show_credit_moved(connection, tenant_id, credit),
    )
