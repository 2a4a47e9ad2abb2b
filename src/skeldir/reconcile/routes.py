"""`/v1/reconciliations`: comparisons of claims with the ledger, asked for and read."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request

from skeldir.http import (
    READ_PROBLEMS,
    ManageKey,
    NoQuery,
    PageQuery,
    Problem,
    ReadTransaction,
    database_of,
    held_bytes_of,
    read_body,
    tenant_transaction,
)
from skeldir.reconcile.reading import read_reconciliation
from skeldir.reconcile.reports import page_lines, page_reconciliations
from skeldir.reconcile.requests import request_reconciliation
from skeldir.reconcile.schemas import (
    LinesPage,
    ReconciliationReport,
    ReconciliationsPage,
    asked_request_body,
    read_asked,
)
from skeldir.tenants import describe_key

router = APIRouter(prefix="/v1/reconciliations", tags=["reconciliations"])
IdPath = Annotated[UUID, Path(description="the id of a comparison")]

_POST_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = READ_PROBLEMS | {
    status: {"model": Problem} for status in (409, 413, 415)
}
_ONE_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = READ_PROBLEMS | {404: {"model": Problem}}


@router.post(
    "",
    responses=_POST_PROBLEMS,
    openapi_extra=asked_request_body(),
    summary="Compare claims with the ledger",
)
async def post_reconciliation(
    query: Annotated[NoQuery, Query()],  # noqa: ARG001 - it refuses what it does not know
    request: Request,
    caller: ManageKey,
) -> ReconciliationReport:
    """Ask for a comparison of what platforms claim with the money that the ledger confirms, at most 400 days.

    A worker makes it; ask for it by its id until its state is not `waiting` any more. A tenant has one at a time.
    """
    with held_bytes_of(request).of(caller.tenant_id) as holding:
        asked = read_asked(await read_body(request, holding))
    async with tenant_transaction(database_of(request), caller) as transaction:
        connection, tenant_id = transaction.connection, caller.tenant_id
        made = await request_reconciliation(
            connection,
            tenant_id,
            first=asked.first_day,
            last=asked.last_day,
            platform=asked.platform,
            model=asked.model,
            requested_by=await describe_key(connection, tenant_id, caller.holder.key_id),
        )
        return await read_reconciliation(connection, tenant_id, made)


@router.get("", responses=READ_PROBLEMS, summary="Comparisons of claims with the ledger")
async def get_reconciliations(
    query: Annotated[PageQuery, Query()], transaction: ReadTransaction
) -> ReconciliationsPage:
    """List the comparisons, the newest first."""
    return await page_reconciliations(transaction.connection, transaction.profile.tenant_id, query)


@router.get("/{reconciliation_id}", responses=_ONE_PROBLEMS, summary="A comparison")
async def get_reconciliation(
    reconciliation_id: IdPath,
    query: Annotated[NoQuery, Query()],  # noqa: ARG001 - it refuses what it does not know
    transaction: ReadTransaction,
) -> ReconciliationReport:
    """Show a comparison with its sums by platform and currency, and the orders that several platforms may claim."""
    return await read_reconciliation(
        transaction.connection, transaction.profile.tenant_id, reconciliation_id
    )


@router.get("/{reconciliation_id}/lines", responses=_ONE_PROBLEMS, summary="A comparison's lines")
async def get_lines(
    reconciliation_id: IdPath,
    query: Annotated[PageQuery, Query()],
    transaction: ReadTransaction,
) -> LinesPage:
    """List a comparison's lines: each campaign, day and currency, as they were found."""
    return await page_lines(
        transaction.connection, transaction.profile.tenant_id, reconciliation_id, query
    )
