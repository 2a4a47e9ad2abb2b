"""Changes the terms of keys: pages move, and events get other names, while the keys stay."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.tenants.key_terms import KeyTerms, require_terms, set_terms
from skeldir.tenants.keys import no_such_key
from skeldir.tenants.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection


async def change_terms_of_key(
    connection: Connection, tenant_id: UUID, key_id: UUID, terms: KeyTerms
) -> None:
    """Change the terms of a key of the transaction's tenant.

    Raises:
        KeyUnknown: the tenant has no such key.
        InputInvalid: the terms are not those of a key with its scopes.
    """
    key = await queries.hold_key(connection, tenant_id=tenant_id, key_id=key_id)
    if key is None:
        raise no_such_key(key_id)
    require_terms(key["scopes"], terms)
    await set_terms(connection, tenant_id, key_id, terms)
