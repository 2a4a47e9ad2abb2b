"""Deleting one's own account: whoever is signed in leaves all tenants, and what shows who he is goes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request, Response

from skeldir.clock import utc_now
from skeldir.http import database_of
from skeldir.tenants import TenantUnknown
from skeldir.users import (
    LastAdmin,
    Role,
    Session,
    delete_own_user,
    leave_tenant,
    list_members,
    list_own_memberships,
)
from skeldir.web.access import Fields, SignedInByForm
from skeldir.web.account import find_fault_of_old, list_tenants_of, send_account
from skeldir.web.answers import ACCOUNT, SIGN_IN, PageRoute, go_to
from skeldir.web.cookies import cookies_of

if TYPE_CHECKING:
    from skeldir.web.account import TenantListed

router = APIRouter(include_in_schema=False, route_class=PageRoute)

# Whoever has no password shows who he is by having signed in a moment ago.
_FRESH: Final = timedelta(minutes=15)


@router.post(f"{ACCOUNT}/deletion")
async def delete_account(request: Request, session: SignedInByForm, fields: Fields) -> Response:
    """Delete the account of whoever is signed in, unless a tenant would have no admin."""
    if fields.get("email", "").strip().lower() != session.email:
        return await send_account(request, session, error="account.email_differs", status=422)
    if not session.has_password and utc_now() - session.signed_in_at >= _FRESH:
        return await send_account(request, session, error="account.sign_in_again", status=422)
    if fault := await find_fault_of_old(request, session, fields.get("old", "")):
        return await send_account(request, session, error=fault, status=422)
    tenants = await list_tenants_of(request, session)
    # All are asked before the first is left.
    for tenant in tenants:
        await _require_other_admin(request, session, tenant)
    await _leave(request, session)
    async with database_of(request).unbound() as connection:
        if not await delete_own_user(connection, session):
            return go_to(ACCOUNT)
    response = go_to(SIGN_IN, after="deleted")
    cookies_of(request).forget_session(response)
    return response


async def _require_other_admin(request: Request, session: Session, tenant: TenantListed) -> None:
    async with database_of(request).tenant(tenant.tenant_id, is_read_only=True) as connection:
        members = await list_members(connection, tenant.tenant_id)
    admins = {member.user_id for member in members if member.role is Role.ADMIN}
    if admins == {session.user_id}:
        raise LastAdmin(
            f"You are the only admin of {tenant.name}.",
            cure="Make another member an admin there first, or ask the operator of this service.",
        )


async def _leave(request: Request, session: Session) -> None:
    """Leave each tenant in a transaction of its own; what was left stays so if a later one refuses."""
    database = database_of(request)
    async with database.statement() as connection:
        memberships = await list_own_memberships(connection, session)
    for membership in memberships:
        try:
            async with database.tenant(membership.tenant_id) as connection:
                await leave_tenant(connection, membership.tenant_id, session)
        except TenantUnknown:
            # It is being deleted, and memberships go with it.
            continue
