"""What the statements of the room take and give. `make stubs` writes this."""

import datetime as dt
from collections.abc import Collection
from typing import Literal, TypedDict
from uuid import UUID

from skeldir.db import Connection

class DeletePasskeysRow(TypedDict):
    name: str

class FindInvitationRow(TypedDict):
    tenant_id: UUID
    invitation_id: UUID
    email: str
    role: str
    expires_at: dt.datetime

class FindPasskeyRow(TypedDict):
    passkey_id: UUID
    user_id: UUID
    public_key: bytes
    sign_count: int

class FindPasswordRow(TypedDict):
    user_id: UUID
    password_hash: str | None
    is_known_device: bool

class FindUserSessionRow(TypedDict):
    session_id: UUID
    user_id: UUID
    email: str
    has_password: bool
    in_tenant: UUID | None
    signed_in_by: str
    signed_in_at: dt.datetime
    ends_at: dt.datetime

class IdentitiesOfUserRow(TypedDict):
    issuer: str
    subject: str
    connected_at: dt.datetime

class MembershipsOfUserRow(TypedDict):
    tenant_id: UUID
    role: str

class PasskeysOfUserRow(TypedDict):
    passkey_id: UUID
    credential_id: bytes
    name: str
    added_at: dt.datetime
    used_at: dt.datetime | None

class RevokeInvitationsToRow(TypedDict):
    id: UUID

class SelectActionsRow(TypedDict):
    action_id: UUID
    at: dt.datetime
    actor: str
    action: str
    subject: str

class SelectActorsRow(TypedDict):
    subject: str
    actor: str

class SelectInvitationsRow(TypedDict):
    invitation_id: UUID
    email: str
    role: Literal["viewer", "manager", "admin"]
    invited_by: str
    invited_at: dt.datetime
    expires_at: dt.datetime

class SelectMembersRow(TypedDict):
    user_id: UUID
    email: str
    role: Literal["viewer", "manager", "admin"]
    added_by: str
    added_at: dt.datetime

class SelectPasskeysRow(TypedDict):
    passkey_id: UUID
    credential_id: bytes
    name: str
    added_at: dt.datetime
    used_at: dt.datetime | None

class SelectSavedReportsRow(TypedDict):
    report_id: UUID
    name: str
    path: str
    query: str
    saved_at: dt.datetime

class SelectTenantsInvitingRow(TypedDict):
    tenant_id: UUID

class SelectTenantsOfUserRow(TypedDict):
    tenant_id: UUID
    role: Literal["viewer", "manager", "admin"]
    is_only_admin: bool

class SelectUserToDeleteRow(TypedDict):
    user_id: UUID
    email: str
    sessions: int

class SelectUsersRow(TypedDict):
    user_id: UUID
    email: str
    has_password: bool
    created_at: dt.datetime
    disabled_at: dt.datetime | None
    seen_at: dt.datetime | None

class SessionsOfUserRow(TypedDict):
    session_id: UUID
    device: str
    signed_in_by: str
    signed_in_at: dt.datetime
    seen_at: dt.datetime
    ends_at: dt.datetime
    is_own: bool

class UseSignInLinkRow(TypedDict):
    user_id: UUID
    in_tenant: UUID | None

class _Queries:
    @staticmethod
    async def accept_invitation(
        connection: Connection, /, *, tenant_id: UUID, invitation_id: UUID
    ) -> Literal["viewer", "manager", "admin"] | None: ...
    @staticmethod
    async def add_passkey(
        connection: Connection,
        /,
        *,
        token_digest: bytes,
        passkey_id: UUID,
        credential_id: bytes,
        public_key: bytes,
        sign_count: int,
        name: str,
    ) -> str | None: ...
    @staticmethod
    async def begin_sign_in_turn(
        connection: Connection, /, *, state_digest: bytes, browser_digest: bytes, lasts_s: float
    ) -> dt.datetime: ...
    @staticmethod
    async def begin_user_session(
        connection: Connection,
        /,
        *,
        user_id: UUID,
        session_id: UUID,
        token_digest: bytes,
        in_tenant: UUID | None,
        signed_in_by: str,
        device_digest: bytes,
        device: str,
        lasts_s: float,
    ) -> bool: ...
    @staticmethod
    async def connect_identity(
        connection: Connection, /, *, token_digest: bytes, issuer: str, subject: str
    ) -> bool | None: ...
    @staticmethod
    async def count_other_admins(
        connection: Connection, /, *, tenant_id: UUID, user_id: UUID
    ) -> int: ...
    @staticmethod
    async def create_user(
        connection: Connection, /, *, user_id: UUID, email: str, password_hash: str
    ) -> bool: ...
    @staticmethod
    async def create_user_with_identity(
        connection: Connection, /, *, user_id: UUID, email: str, issuer: str, subject: str
    ) -> bool: ...
    @staticmethod
    async def delete_membership(
        connection: Connection, /, *, tenant_id: UUID, user_id: UUID
    ) -> str | None: ...
    @staticmethod
    async def delete_own_user(connection: Connection, /, *, token_digest: bytes) -> bool | None: ...
    @staticmethod
    async def delete_passkeys(
        connection: Connection, /, *, email: str, passkey_id: UUID | None
    ) -> list[DeletePasskeysRow]: ...
    @staticmethod
    async def delete_saved_report(
        connection: Connection, /, *, tenant_id: UUID, report_id: UUID
    ) -> str | None: ...
    @staticmethod
    async def delete_user(connection: Connection, /, *, user_id: UUID) -> str | None: ...
    @staticmethod
    async def disable_user(connection: Connection, /, *, email: str) -> UUID | None: ...
    @staticmethod
    async def disconnect_identity(
        connection: Connection, /, *, token_digest: bytes, issuer: str
    ) -> str | None: ...
    @staticmethod
    async def end_sign_in_turn(
        connection: Connection, /, *, state_digest: bytes, browser_digest: bytes
    ) -> bool: ...
    @staticmethod
    async def end_user_sessions(
        connection: Connection,
        /,
        *,
        token_digest: bytes,
        session_id: UUID | None,
        ends_others: bool,
    ) -> int: ...
    @staticmethod
    async def find_identity(
        connection: Connection, /, *, issuer: str, subject: str
    ) -> UUID | None: ...
    @staticmethod
    async def find_invitation(
        connection: Connection, /, *, token_digest: bytes
    ) -> FindInvitationRow | None: ...
    @staticmethod
    async def find_passkey(
        connection: Connection, /, *, credential_id: bytes
    ) -> FindPasskeyRow | None: ...
    @staticmethod
    async def find_password(
        connection: Connection, /, *, email: str, device_digest: bytes
    ) -> FindPasswordRow | None: ...
    @staticmethod
    async def find_user_session(
        connection: Connection, /, *, token_digest: bytes, idle_s: float
    ) -> FindUserSessionRow | None: ...
    @staticmethod
    async def identities_of_user(
        connection: Connection, /, *, token_digest: bytes
    ) -> list[IdentitiesOfUserRow]: ...
    @staticmethod
    async def insert_action(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        action_id: UUID,
        actor: str,
        action: str,
        subject: str,
    ) -> None: ...
    @staticmethod
    async def insert_invitation(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        invitation_id: UUID,
        token_digest: bytes,
        email: str,
        role: str,
        invited_by: str,
        expires_at: dt.datetime,
    ) -> None: ...
    @staticmethod
    async def make_sign_in_link(
        connection: Connection,
        /,
        *,
        email: str,
        user_id: UUID,
        token_digest: bytes,
        lasts_s: float,
        tenant_id: UUID | None,
        role: str | None,
        action_id: UUID,
    ) -> dt.datetime: ...
    @staticmethod
    async def memberships_of_user(
        connection: Connection, /, *, token_digest: bytes
    ) -> list[MembershipsOfUserRow]: ...
    @staticmethod
    async def passkeys_of_user(
        connection: Connection, /, *, token_digest: bytes
    ) -> list[PasskeysOfUserRow]: ...
    @staticmethod
    async def put_membership(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        user_id: UUID,
        email: str,
        role: str,
        added_by: str,
    ) -> None: ...
    @staticmethod
    async def put_saved_report(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        report_id: UUID,
        name: str,
        path: str,
        query: str,
    ) -> None: ...
    @staticmethod
    async def remove_passkey(
        connection: Connection, /, *, token_digest: bytes, passkey_id: UUID
    ) -> str | None: ...
    @staticmethod
    async def rename_saved_report(
        connection: Connection, /, *, name: str, tenant_id: UUID, report_id: UUID
    ) -> str | None: ...
    @staticmethod
    async def revoke_invitation(
        connection: Connection, /, *, tenant_id: UUID, invitation_id: UUID
    ) -> str | None: ...
    @staticmethod
    async def revoke_invitations_to(
        connection: Connection, /, *, tenant_id: UUID, email: str
    ) -> list[RevokeInvitationsToRow]: ...
    @staticmethod
    async def rotate_user_session(
        connection: Connection, /, *, token_digest: bytes, new_digest: bytes, in_tenant: UUID | None
    ) -> bool: ...
    @staticmethod
    async def select_actions(
        connection: Connection, /, *, tenant_id: UUID, before_id: UUID | None, most: int
    ) -> list[SelectActionsRow]: ...
    @staticmethod
    async def select_actors(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        actions: Collection[str],
        subjects: Collection[str],
    ) -> list[SelectActorsRow]: ...
    @staticmethod
    async def select_invitations(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectInvitationsRow]: ...
    @staticmethod
    async def select_members(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectMembersRow]: ...
    @staticmethod
    async def select_passkeys(
        connection: Connection, /, *, email: str
    ) -> list[SelectPasskeysRow]: ...
    @staticmethod
    async def select_role(
        connection: Connection, /, *, tenant_id: UUID, user_id: UUID
    ) -> Literal["viewer", "manager", "admin"] | None: ...
    @staticmethod
    async def select_saved_reports(
        connection: Connection, /, *, tenant_id: UUID, most: int
    ) -> list[SelectSavedReportsRow]: ...
    @staticmethod
    async def select_tenants_inviting(
        connection: Connection, /, *, email: str
    ) -> list[SelectTenantsInvitingRow]: ...
    @staticmethod
    async def select_tenants_of_user(
        connection: Connection, /, *, user_id: UUID
    ) -> list[SelectTenantsOfUserRow]: ...
    @staticmethod
    async def select_user(connection: Connection, /, *, email: str) -> UUID | None: ...
    @staticmethod
    async def select_user_to_delete(
        connection: Connection, /, *, email: str
    ) -> SelectUserToDeleteRow | None: ...
    @staticmethod
    async def select_users(connection: Connection, /) -> list[SelectUsersRow]: ...
    @staticmethod
    async def sessions_of_user(
        connection: Connection, /, *, token_digest: bytes, idle_s: float
    ) -> list[SessionsOfUserRow]: ...
    @staticmethod
    async def set_user_password(
        connection: Connection, /, *, token_digest: bytes, password_hash: str
    ) -> bool: ...
    @staticmethod
    async def update_role(
        connection: Connection, /, *, role: str, tenant_id: UUID, user_id: UUID
    ) -> str | None: ...
    @staticmethod
    async def use_passkey(
        connection: Connection, /, *, passkey_id: UUID, sign_count: int
    ) -> bool: ...
    @staticmethod
    async def use_sign_in_link(
        connection: Connection, /, *, token_digest: bytes
    ) -> UseSignInLinkRow | None: ...

queries: _Queries
