"""Asking for a fit, which a job makes: one at a time per tenant, and the same one once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

from skeldir.db import new_id
from skeldir.fits.asking import FitAsked
from skeldir.fits.kinds import MAKE_FIT
from skeldir.fits.refusals import FitAbandoned, FitRequestUnknown, FitWaiting
from skeldir.fits.request_schemas import FitRefusal, FitRequest
from skeldir.fits.store import queries
from skeldir.jobs import enqueue, is_enqueued, is_running

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.errors import SkeldirError
    from skeldir.fits.store import SelectFitRequestsRow

_REQUEST: Final = "request"
_ABANDONED: Final = FitAbandoned(
    "The processes that made the fit ended, and no job is left.",
    cure="Ask for it again. If that happens again, an operator finds the reason with `skeldir jobs list`.",
)


async def request_fit(
    connection: Connection, tenant_id: UUID, asked: FitAsked, *, asked_by: str
) -> UUID:
    """Ask for a fit and return the request's id. The same fit, asked for again while it waits, is the same request.

    Raises:
        FitInvalid: there is no such fit.
        FitWaiting: another one of the tenant is not made yet.
    """
    asked.require_valid()
    made = await _insert(connection, tenant_id, asked, asked_by)
    if made is None:
        waiting = await find_waiting_fit(connection, tenant_id)
        if waiting is not None and waiting.asked == asked:
            return waiting.id
        if waiting is None:
            # It ended a moment ago, or no job will make it.
            await _end_abandoned(connection, tenant_id)
            made = await _insert(connection, tenant_id, asked, asked_by)
        if made is None:
            raise FitWaiting(
                "Another fit of this tenant is being made.",
                cure="Wait until it is made: a tenant has one at a time.",
            )
    await enqueue(connection, tenant_id, MAKE_FIT, arguments_of(made))
    return made


def arguments_of(request_id: UUID) -> dict[str, object]:
    """Return the arguments of the job that makes the fit of a request."""
    return {_REQUEST: str(request_id)}


def request_of(arguments: dict[str, object]) -> UUID:
    """Return the request whose fit a job with these arguments makes."""
    return UUID(str(arguments[_REQUEST]))


async def read_fit_request(connection: Connection, tenant_id: UUID, request_id: UUID) -> FitRequest:
    """Return a request of the transaction's tenant.

    Raises:
        FitRequestUnknown: there is none with this id.
    """
    rows = await queries.select_fit_requests(
        connection, tenant_id=tenant_id, id=request_id, only_waiting=False
    )
    if not rows:
        raise FitRequestUnknown(
            "No fit of the tenant was asked for under this id.",
            cure="Use the id that the answer to the request has.",
        )
    return await _shown(connection, tenant_id, rows[0])


async def find_latest_request(connection: Connection, tenant_id: UUID) -> FitRequest | None:
    """Return the latest request of the transaction's tenant."""
    rows = await queries.select_fit_requests(
        connection, tenant_id=tenant_id, id=None, only_waiting=False
    )
    return await _shown(connection, tenant_id, rows[0]) if rows else None


async def find_waiting_fit(connection: Connection, tenant_id: UUID) -> FitRequest | None:
    """Return the request of the transaction's tenant whose fit a job will make or makes."""
    rows = await queries.select_fit_requests(
        connection, tenant_id=tenant_id, id=None, only_waiting=True
    )
    found = await _shown(connection, tenant_id, rows[0]) if rows else None
    return found if found is not None and found.refusal is None else None


async def refuse_fit(
    connection: Connection, tenant_id: UUID, request_id: UUID, fault: SkeldirError
) -> None:
    """End a request that waits with the reason why its fit is not made."""
    await queries.refuse_fit_request(
        connection,
        tenant_id=tenant_id,
        id=request_id,
        code=fault.code,
        detail=fault.detail,
        cure=fault.cure,
    )


async def _insert(
    connection: Connection, tenant_id: UUID, asked: FitAsked, asked_by: str
) -> UUID | None:
    return await queries.insert_fit_request(
        connection,
        tenant_id=tenant_id,
        id=new_id(),
        model=asked.model,
        first_day=asked.first_day,
        last_day=asked.last_day,
        lookback_days=asked.lookback_days,
        chain_order=asked.chain_order,
        collapse_repeats=asked.collapse_repeats,
        level_percent=asked.level_percent,
        draws=asked.draws,
        seed=asked.seed,
        asked_by=asked_by,
    )


async def _end_abandoned(connection: Connection, tenant_id: UUID) -> None:
    rows = await queries.select_fit_requests(
        connection, tenant_id=tenant_id, id=None, only_waiting=True
    )
    for row in rows:
        await refuse_fit(connection, tenant_id, row["id"], _ABANDONED)


async def _shown(connection: Connection, tenant_id: UUID, row: SelectFitRequestsRow) -> FitRequest:
    state: Literal["waiting", "running", "done", "refused"] = row["state"]
    fault: tuple[str | None, ...] = (row["code"], row["detail"], row["cure"])
    if state == "waiting" and await is_running(
        connection, tenant_id, MAKE_FIT, arguments_of(row["id"])
    ):
        state = "running"
    elif state == "waiting" and not await is_enqueued(connection, tenant_id, MAKE_FIT):
        state, fault = "refused", (_ABANDONED.code, _ABANDONED.detail, _ABANDONED.cure)
    code, detail, cure = fault
    return FitRequest(
        row["id"],
        state,
        FitAsked(
            row["model"],
            row["first_day"],
            row["last_day"],
            row["lookback_days"],
            row["chain_order"],
            row["collapse_repeats"],
            row["level_percent"],
            row["draws"],
            row["seed"],
        ),
        row["asked_by"],
        row["asked_at"],
        row["ended_at"],
        row["version"],
        None if code is None else FitRefusal(code, detail or "", cure or ""),
    )
