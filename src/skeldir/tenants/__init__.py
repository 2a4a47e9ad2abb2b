"""Tenants, their API keys, and how long their touches are kept. The door of the room."""

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
from skeldir.tenants.retention import (
    Retention,
    RetentionInvalid,
    load_retention,
    set_retention,
)

__all__ = [
    "SCOPES",
    "ApiKey",
    "IssuedKey",
    "KeyHolder",
    "KeyUnknown",
    "Retention",
    "RetentionInvalid",
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
    "load_retention",
    "note_use",
    "revoke_key",
    "rotate_key",
    "set_retention",
]
