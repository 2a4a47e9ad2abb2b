"""Members: admitted by invitations, changed by admins of their tenant, and never the last admin."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest

from skeldir.db.pool import Database
from skeldir.errors import InputInvalid
from skeldir.users import (
    EmailInvalid,
    InvitationInvalid,
    LastAdmin,
    MemberUnknown,
    Role,
    UserTaken,
    accept_invitation,
    find_invitation,
    find_role,
    invite,
    list_actions,
    list_invitations,
    list_members,
    read_email,
    read_role,
    register_user,
    remove_member,
    revoke_invitation,
    set_role,
)
from tests.conftest import Clone
from tests.support.people import let_in


async def test_an_invitation_is_accepted_once_and_says_who_did(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    async with db.tenant(tenant) as connection:
        token = await invite(connection, tenant, "Ben@Shop.example", Role.MANAGER, by="anna")
        assert [each.email for each in await list_invitations(connection, tenant)] == [
            "ben@shop.example"
        ]
    async with db.unbound() as connection:
        invitation = await find_invitation(connection, token)
        assert invitation.tenant_id == tenant
        user_id = await register_user(connection, "ben@private.example", "hash")
    async with db.tenant(tenant) as connection:
        role = await accept_invitation(connection, invitation, user_id, "ben@private.example")
        assert role is Role.MANAGER
        assert await find_role(connection, tenant, user_id) is Role.MANAGER
        assert await list_invitations(connection, tenant) == []
        with pytest.raises(InvitationInvalid):
            await accept_invitation(connection, invitation, user_id, "ben@private.example")
        actions = await list_actions(connection, tenant)
    assert [(each.actor, each.action, each.subject) for each in actions] == [
        ("ben@private.example", "invitation.accept", "ben@private.example as manager"),
        ("anna", "member.invite", "ben@shop.example as manager"),
    ]
    async with db.tenant(other_tenant) as connection:
        assert await find_role(connection, other_tenant, user_id) is None
        assert await list_actions(connection, other_tenant) == []
    with pytest.raises(InvitationInvalid):
        async with db.unbound() as connection:
            await find_invitation(connection, token)


async def test_a_revoked_invitation_is_worth_nothing(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    async with db.tenant(tenant) as connection:
        token = await invite(connection, tenant, "ben@shop.example", Role.VIEWER, by="anna")
        (listed,) = await list_invitations(connection, tenant)
    with pytest.raises(InvitationInvalid):
        async with db.tenant(other_tenant) as connection:
            await revoke_invitation(connection, other_tenant, listed.invitation_id, by="eve")
    async with db.tenant(tenant) as connection:
        await revoke_invitation(connection, tenant, listed.invitation_id, by="anna")
        with pytest.raises(InvitationInvalid):
            await revoke_invitation(connection, tenant, listed.invitation_id, by="anna")
    with pytest.raises(InvitationInvalid):
        async with db.unbound() as connection:
            await find_invitation(connection, token)


async def test_an_invitation_takes_no_rights_from_a_member(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    anna = await let_in(clone, db, "anna@shop.example", tenant, Role.ADMIN)
    async with db.tenant(tenant) as connection:
        token = await invite(connection, tenant, "anna@shop.example", Role.VIEWER, by="ben")
        invitation = await find_invitation(connection, token)
        assert (
            await accept_invitation(connection, invitation, anna.user_id, anna.email) is Role.ADMIN
        )
        assert await find_role(connection, tenant, anna.user_id) is Role.ADMIN


async def test_an_address_is_of_one_user(db: Database) -> None:
    async with db.unbound() as connection:
        await register_user(connection, "ben@shop.example", "hash")
        with pytest.raises(UserTaken):
            await register_user(connection, "BEN@shop.example", "other")


async def test_a_tenant_keeps_an_admin(clone: Clone, db: Database, tenant: UUID) -> None:
    anna = await let_in(clone, db, "anna@shop.example", tenant, Role.ADMIN)
    ben = await let_in(clone, db, "ben@shop.example", tenant, Role.VIEWER)
    async with db.tenant(tenant) as connection:
        with pytest.raises(LastAdmin):
            await set_role(connection, tenant, anna.user_id, Role.MANAGER, by="anna")
        with pytest.raises(LastAdmin):
            await remove_member(connection, tenant, anna.user_id, by="anna")
        await set_role(connection, tenant, ben.user_id, Role.ADMIN, by="anna")
        await remove_member(connection, tenant, anna.user_id, by="ben")
        assert [each.email for each in await list_members(connection, tenant)] == [ben.email]


async def test_two_admins_who_remove_each_other_at_once_leave_one(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    people = [
        await let_in(clone, db, f"{name}@shop.example", tenant, Role.ADMIN)
        for name in ("anna", "ben")
    ]

    async def remove(user_id: UUID) -> str:
        try:
            async with db.tenant(tenant) as connection:
                await remove_member(connection, tenant, user_id, by="test")
        except LastAdmin as error:
            return error.code
        return "removed"

    outcomes = await asyncio.gather(*(remove(each.user_id) for each in people))
    assert sorted(outcomes) == ["last_admin", "removed"]


async def test_a_member_is_of_the_own_tenant_only(
    clone: Clone, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await let_in(clone, db, "eve@other.example", other_tenant, Role.ADMIN)
    ben = await let_in(clone, db, "ben@shop.example", tenant, Role.VIEWER)
    async with db.tenant(other_tenant) as connection:
        with pytest.raises(MemberUnknown):
            await set_role(connection, other_tenant, ben.user_id, Role.ADMIN, by="eve")
        with pytest.raises(MemberUnknown):
            await remove_member(connection, other_tenant, ben.user_id, by="eve")
        with pytest.raises(MemberUnknown):
            await remove_member(connection, other_tenant, uuid4(), by="eve")
    async with db.tenant(tenant) as connection:
        assert await find_role(connection, tenant, ben.user_id) is Role.VIEWER


def test_a_role_covers_the_ones_before_it() -> None:
    assert [[a.covers(b) for b in Role] for a in Role] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]
    assert read_role("manager") is Role.MANAGER
    with pytest.raises(InputInvalid):
        read_role("owner")


@pytest.mark.parametrize(
    ("text", "email"),
    [(" Ada@Example.COM ", "ada@example.com"), ("a+b.c@x-y.example", "a+b.c@x-y.example")],
)
def test_an_address_is_kept_in_lower_case(text: str, email: str) -> None:
    assert read_email(text) == email


@pytest.mark.parametrize(
    "text",
    ["", "ada", "@example.com", "ada@", "a b@example.com", "a@b@c", "a\x00@b.c", "a@" + "b" * 254],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(EmailInvalid):
        read_email(text)
