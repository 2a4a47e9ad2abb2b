"""People for tests: users who are signed in, as an operator's link lets them in."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from skeldir.db.pool import Database
from skeldir.users import (
    NewSession,
    Role,
    Session,
    SignedInBy,
    SignInLink,
    begin_session,
    find_session,
    make_sign_in_link,
    new_token,
    use_link,
)
from tests.conftest import Clone


async def make_link(
    clone: Clone, email: str, tenant: UUID | None = None, role: Role | None = None
) -> SignInLink:
    """Make a link as an operator does."""
    operator = await asyncpg.connect(clone.superuser_url)
    try:
        return await make_sign_in_link(operator, email, tenant_id=tenant, role=role)
    finally:
        await operator.close()


async def begin(
    db: Database, user_id: UUID, tenant: UUID | None = None, *, device_token: str | None = None
) -> NewSession | None:
    """Begin a session of a user."""
    async with db.unbound() as connection:
        return await begin_session(
            connection,
            user_id,
            signed_in_by=SignedInBy.LINK,
            device_token=device_token or new_token(),
            device="Firefox, Linux",
            tenant_id=tenant,
        )


async def sign_in(
    clone: Clone,
    db: Database,
    email: str,
    tenant: UUID | None = None,
    role: Role | None = None,
) -> dict[str, str]:
    """Make a user, a member if a tenant is given; return the header of a session in it, as a browser on the machine."""
    link = await make_link(clone, email, tenant, role)
    async with db.unbound() as connection:
        user_id, in_tenant = await use_link(connection, link.token)
    begun = await begin(db, user_id, in_tenant)
    assert begun is not None
    return cookie_of(begun.token)


def cookie_of(token: str) -> dict[str, str]:
    """Return the header with the token of a session."""
    return {"Cookie": f"skeldir={token}"}


async def look_up(db: Database, token: str) -> Session | None:
    """Find a session as a request does."""
    async with db.statement() as connection:
        return await find_session(connection, token)


async def let_in(
    clone: Clone,
    db: Database,
    email: str,
    tenant: UUID | None = None,
    role: Role | None = None,
) -> Session:
    """Make a user, a member if a tenant is given, who signs in by a link."""
    link = await make_link(clone, email, tenant, role)
    async with db.unbound() as connection:
        user_id, in_tenant = await use_link(connection, link.token)
    begun = await begin(db, user_id, in_tenant)
    assert begun is not None
    session = await look_up(db, begun.token)
    assert session is not None
    return session
