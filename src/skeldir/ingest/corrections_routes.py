"""`/v1/corrections`: the channel of one touch, given by a person."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from pydantic import TypeAdapter

from skeldir.http import (
    READ_PROBLEMS,
    Caller,
    ManageKey,
    NoQuery,
    Problem,
    ReadTransaction,
    database_of,
    held_bytes_of,
    read_body,
    tenant_transaction,
)
from skeldir.ingest.corrections import correct_touch, list_corrections, revoke_correction
from skeldir.ingest.corrections_schemas import (
    CORRECTED,
    CORRECTIONS,
    REVOKED,
    CorrectionAnswer,
    CorrectionsPage,
    CorrectionsQuery,
)
from skeldir.ingest.rules_bodies import MOST_BYTES_OF_RULES, SentT, read_sent, request_body
from skeldir.ingest.trying_corrections import try_correction, try_revocation
from skeldir.tenants import describe_key

router = APIRouter(prefix="/v1/corrections", tags=["rules"])
NoQueryHere = Annotated[NoQuery, Query()]

MOST_ORDERS: Final = 10_000
"""More would take a request too long."""

_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = READ_PROBLEMS | {
    status: {"model": Problem} for status in (404, 408, 409, 413, 415)
}


@router.get("", responses=READ_PROBLEMS, summary="Corrections of touches")
async def get_corrections(
    query: Annotated[CorrectionsQuery, Query()], transaction: ReadTransaction
) -> CorrectionsPage:
    """List who gave which touch a channel, or revoked that, when and why, the latest first."""
    after = CORRECTIONS.after(query)
    found = await list_corrections(
        transaction.connection,
        transaction.profile.tenant_id,
        touch=query.touch,
        before=None if after is None else after[0],
        most=query.limit + 1,
    )
    data, next_cursor = CORRECTIONS.cut(query, found, lambda one: (one.id,))
    return CorrectionsPage(data, next_cursor)


@router.post(
    "", responses=_PROBLEMS, openapi_extra=request_body(CORRECTED), summary="Correct a touch"
)
async def post_correction(
    query: NoQueryHere,  # noqa: ARG001 - it refuses what it does not know
    request: Request,
    caller: ManageKey,
) -> CorrectionAnswer:
    """Give one touch a channel, which outranks all rules until it is revoked. Credit follows, as for new touches.

    With `dry_run` nothing is recorded: the answer shows what would move.
    """
    sent = await _read(request, caller, CORRECTED)
    async with tenant_transaction(database_of(request), caller) as transaction:
        connection, tenant_id = transaction.connection, caller.tenant_id
        if not sent.dry_run:
            done = await correct_touch(
                connection,
                tenant_id,
                sent.touch,
                sent.channel,
                reason=sent.reason,
                requested_by=await describe_key(connection, tenant_id, caller.holder.key_id),
            )
            return CorrectionAnswer(done, None)
    async with database_of(request).tenant(caller.tenant_id, is_read_only=True) as connection:
        moves = await try_correction(
            connection, caller.tenant_id, sent.touch, sent.channel, most_orders=MOST_ORDERS
        )
    return CorrectionAnswer(None, moves)


@router.post(
    "/{correction_id}/revoke",
    responses=_PROBLEMS,
    openapi_extra=request_body(REVOKED),
    summary="Revoke a correction",
)
async def revoke(
    correction_id: Annotated[UUID, Path(description="the id of the correction")],
    query: NoQueryHere,  # noqa: ARG001 - it refuses what it does not know
    request: Request,
    caller: ManageKey,
) -> CorrectionAnswer:
    """End a correction: the touch gets the channel that was sent with it, or that rules give it now.

    With `dry_run` nothing is recorded: the answer shows what would move.
    """
    sent = await _read(request, caller, REVOKED)
    async with tenant_transaction(database_of(request), caller) as transaction:
        connection, tenant_id = transaction.connection, caller.tenant_id
        if not sent.dry_run:
            done = await revoke_correction(
                connection,
                tenant_id,
                correction_id,
                reason=sent.reason,
                requested_by=await describe_key(connection, tenant_id, caller.holder.key_id),
            )
            return CorrectionAnswer(done, None)
    async with database_of(request).tenant(caller.tenant_id, is_read_only=True) as connection:
        moves = await try_revocation(
            connection, caller.tenant_id, correction_id, most_orders=MOST_ORDERS
        )
    return CorrectionAnswer(None, moves)


async def _read(request: Request, caller: Caller, adapter: TypeAdapter[SentT]) -> SentT:
    with held_bytes_of(request).of(caller.tenant_id) as holding:
        return read_sent(adapter, await read_body(request, holding, most=MOST_BYTES_OF_RULES))
