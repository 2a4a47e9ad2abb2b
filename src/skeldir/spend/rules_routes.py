"""`POST /v1/rules/dry-run`: what rules of channels would move, of touches, credit and spend."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request

from skeldir.http import (
    READ_PROBLEMS,
    NoQuery,
    Problem,
    ReadOrManageKey,
    database_of,
    held_bytes_of,
    read_body,
    tenant_transaction,
)
from skeldir.ingest import (
    MOST_BYTES_OF_RULES,
    document_request_body,
    draft_rules,
    read_document,
)
from skeldir.spend.dry_run_schemas import RulesDryRun
from skeldir.spend.dry_running import (
    MOST_ORDERS_TRIED,
    MOST_TOUCHES_TRIED,
    dry_run_rules,
)

router = APIRouter(prefix="/v1/rules", tags=["rules"])
NoQueryHere = Annotated[NoQuery, Query()]

_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = READ_PROBLEMS | {
    status: {"model": Problem} for status in (408, 413, 415)
}


@router.post(
    "/dry-run",
    responses=_PROBLEMS,
    openapi_extra=document_request_body(),
    summary="Try rules",
)
async def dry_run(
    query: NoQueryHere,  # noqa: ARG001 - it refuses what it does not know
    request: Request,
    caller: ReadOrManageKey,
) -> RulesDryRun:
    """Show which touches, orders, credit and spend the rules would move. An empty document has no rules of your own.

    Nothing is stored. A tenant with more than 200,000 touches, or 10,000 orders to compute, asks with the command.
    """
    with held_bytes_of(request).of(caller.tenant_id) as holding:
        document = read_document(await read_body(request, holding, most=MOST_BYTES_OF_RULES))
    database = database_of(request)
    # This records the use of the key, and checks that the key is still valid.
    async with tenant_transaction(database, caller):
        pass
    async with database.tenant(caller.tenant_id, is_read_only=True) as connection:
        rules = await draft_rules(connection, caller.tenant_id, document)
        return await dry_run_rules(
            connection,
            caller.tenant_id,
            rules,
            most_touches=MOST_TOUCHES_TRIED,
            most_orders=MOST_ORDERS_TRIED,
        )
