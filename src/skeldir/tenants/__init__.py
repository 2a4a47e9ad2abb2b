"""Tenants and their API keys. The door of the room."""

from skeldir.tenants.keys import (
    SCOPES,
    ApiKey,
    IssuedKey,
    KeyHolder,
    KeyUnknown,
    authenticate,
    issue_key,
    list_keys,
    note_use,
    revoke_key,
    rotate_key,
)
from skeldir.tenants.registry import (
    Tenant,
    TenantProfile,
    TenantUnknown,
    create_tenant,
    find_tenant,
    list_tenants,
    load_profile,
)

__all__ = [
    "SCOPES",
    "ApiKey",
    "IssuedKey",
    "KeyHolder",
    "KeyUnknown",
    "Tenant",
    "TenantProfile",
    "TenantUnknown",
    "authenticate",
    "create_tenant",
    "find_tenant",
    "issue_key",
    "list_keys",
    "list_tenants",
    "load_profile",
    "note_use",
    "revoke_key",
    "rotate_key",
]
