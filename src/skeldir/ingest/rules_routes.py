"""`/v1/rules`: a tenant's rules of channels, their versions, and putting one in force."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from pydantic import TypeAdapter

from skeldir.http import (
    READ_PROBLEMS,
    Caller,
    ManageKey,
    NoQuery,
    Problem,
    ReadOrManageKey,
    ReadTransaction,
    database_of,
    held_bytes_of,
    read_body,
    tenant_transaction,
)
from skeldir.ingest.channels import check_rules
from skeldir.ingest.own_channels import list_channels
from skeldir.ingest.own_rules import (
    RulesText,
    RulesTurn,
    list_rules,
    list_turns,
    load_rules,
    request_rules,
    store_rules,
)
from skeldir.ingest.rules_bodies import (
    CHECKED,
    MOST_BYTES_OF_RULES,
    SentT,
    read_sent,
    request_body,
)
from skeldir.ingest.rules_schemas import (
    APPLIED,
    STORED,
    TURNS,
    VERSIONS,
    Number,
    RulesCheck,
    RulesPage,
    RulesQuery,
    RulesStored,
    TurnsPage,
)
from skeldir.tenants import describe_key

router = APIRouter(prefix="/v1/rules", tags=["rules"])
NoQueryHere = Annotated[NoQuery, Query()]

_BODY_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = READ_PROBLEMS | {
    status: {"model": Problem} for status in (408, 413, 415)
}
_APPLY_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = _BODY_PROBLEMS | {
    status: {"model": Problem} for status in (404, 409)
}
_FIND_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = READ_PROBLEMS | {404: {"model": Problem}}
_LATEST: Final = 2**31 - 1


@router.get("", responses=READ_PROBLEMS, summary="Versions of the rules")
async def get_rules(
    query: Annotated[RulesQuery, Query()], transaction: ReadTransaction
) -> RulesPage:
    """List the stored versions, the latest first, and say which is in force."""
    tenant_id = transaction.profile.tenant_id
    after = VERSIONS.after(query)
    before = _LATEST if after is None else after[0]
    found = await list_rules(transaction.connection, tenant_id, before=before, most=query.limit + 1)
    data, next_cursor = VERSIONS.cut(query, found, lambda one: (one.version,))
    return RulesPage(transaction.profile.rules_version, data, next_cursor)


@router.get("/turns", responses=READ_PROBLEMS, summary="When versions came into force")
async def get_turns(
    query: Annotated[RulesQuery, Query()], transaction: ReadTransaction
) -> TurnsPage:
    """List which version came into force when, by whom and why, and how far its restating has come."""
    tenant_id = transaction.profile.tenant_id
    after = TURNS.after(query)
    before = _LATEST if after is None else after[0]
    found = await list_turns(transaction.connection, tenant_id, before=before, most=query.limit + 1)
    data, next_cursor = TURNS.cut(query, found, lambda one: (one.turn,))
    return TurnsPage(data, next_cursor)


@router.get("/versions/{version}", responses=_FIND_PROBLEMS, summary="A version of the rules")
async def get_version(
    version: Annotated[Number, Path(description="the number of a version")],
    query: NoQueryHere,  # noqa: ARG001 - it refuses what it does not know
    transaction: ReadTransaction,
) -> RulesText:
    """Show a stored version: its rules, who wrote them, when and why."""
    return await load_rules(transaction.connection, transaction.profile.tenant_id, version)


@router.post(
    "", responses=_BODY_PROBLEMS, openapi_extra=request_body(STORED), summary="Store rules"
)
async def post_rules(
    query: NoQueryHere,  # noqa: ARG001 - it refuses what it does not know
    request: Request,
    caller: ManageKey,
) -> RulesStored:
    """Store rules as the next version. Nothing follows it until it is applied; it never changes."""
    sent = await _read(request, caller, STORED)
    async with tenant_transaction(database_of(request), caller) as transaction:
        connection, tenant_id = transaction.connection, caller.tenant_id
        version, covered = await store_rules(
            connection,
            tenant_id,
            sent.document,
            reason=sent.reason,
            written_by=await describe_key(connection, tenant_id, caller.holder.key_id),
        )
    return RulesStored(version, covered)


@router.post(
    "/check", responses=_BODY_PROBLEMS, openapi_extra=request_body(CHECKED), summary="Check rules"
)
async def check(
    query: NoQueryHere,  # noqa: ARG001 - it refuses what it does not know
    request: Request,
    caller: ReadOrManageKey,
) -> RulesCheck:
    """Name each fault of a document with rule and line, and rules that can never match. Nothing is stored."""
    sent = await _read(request, caller, CHECKED)
    async with tenant_transaction(database_of(request), caller) as transaction:
        own = await list_channels(transaction.connection, caller.tenant_id)
    return RulesCheck(*check_rules(sent.document, own))


@router.post(
    "/apply", responses=_APPLY_PROBLEMS, openapi_extra=request_body(APPLIED), summary="Apply rules"
)
async def apply(
    query: NoQueryHere,  # noqa: ARG001 - it refuses what it does not know
    request: Request,
    caller: ManageKey,
) -> RulesTurn:
    """Put a version in force, an earlier one too, or none; jobs restate what is recorded.

    Touches and spend that arrive from then on follow it at once.
    """
    sent = await _read(request, caller, APPLIED)
    async with tenant_transaction(database_of(request), caller) as transaction:
        connection, tenant_id = transaction.connection, caller.tenant_id
        return await request_rules(
            connection,
            tenant_id,
            sent.version,
            reason=sent.reason,
            requested_by=await describe_key(connection, tenant_id, caller.holder.key_id),
        )


async def _read(request: Request, caller: Caller, adapter: TypeAdapter[SentT]) -> SentT:
    with held_bytes_of(request).of(caller.tenant_id) as holding:
        return read_sent(adapter, await read_body(request, holding, most=MOST_BYTES_OF_RULES))
