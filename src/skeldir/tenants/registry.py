"""The list of tenants, and what a request needs to know of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.errors import SkeldirError
from skeldir.tenants.names import fold_name, read_name
from skeldir.tenants.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.tenants.store import SelectProfileRow, SelectTenantsNamedRow, SelectTenantsRow


class TenantUnknown(SkeldirError):
    """There is no such tenant, or this role may not see it."""

    code = "tenant_unknown"
    status = 404
    title = "The tenant is not known"


@dataclass(frozen=True, slots=True)
class Tenant:
    """A business whose money is attributed here."""

    tenant_id: UUID
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TenantProfile:
    """What receiving facts needs to know of a tenant; `journey_secret` never leaves the program.

    `rules_document` are the rules of channels in force, of that version; None if the tenant has none of its own.
    """

    tenant_id: UUID
    name: str
    journey_secret: bytes
    own_channels: frozenset[str]
    own_hosts: frozenset[str] = frozenset()
    rules_version: int | None = None
    rules_document: str | None = None


async def create_tenant(connection: Connection, tenant_id: UUID, name: str) -> None:
    """Add the tenant that `connection`'s transaction is bound to; its name is stored folded (`fold_name`).

    Raises:
        TenantNameInvalid: the name is blank, or looks like an id or a key.
    """
    await queries.insert_tenant(connection, tenant_id=tenant_id, name=read_name(name))
    await queries.register_tenant(connection, tenant_id=tenant_id)


async def list_tenants(connection: Connection) -> list[Tenant]:
    """Return all tenants, oldest first; `connection` must be an operator's, a member of skeldir_owner.

    A tenant whose deletion was requested is not among them, even if its name is kept with its ledger.
    """
    return await _present(connection, await queries.select_tenants(connection))


async def find_tenant(connection: Connection, name: str) -> Tenant:
    """Return the one tenant called `name`, over an operator's connection; white space makes no difference.

    A tenant whose name was stored before names were folded is found by the stored name.

    Raises:
        TenantUnknown: there is none, or more than one.
    """
    named = await _present(connection, await queries.select_tenants_named(connection, name=name))
    if not named and (folded := fold_name(name)) != name:
        rows = await queries.select_tenants_named(connection, name=folded)
        named = await _present(connection, rows)
    if len(named) != 1:
        found = "no tenant is" if not named else f"{len(named)} tenants are"
        raise TenantUnknown(
            f"{found.capitalize()} called {name!r}.",
            cure="Give the tenant's id or the prefix of one of its keys; `skeldir tenants list` shows the ids.",
        )
    return named[0]


async def _present(
    connection: Connection, rows: Sequence[SelectTenantsRow | SelectTenantsNamedRow]
) -> list[Tenant]:
    """Return the tenants in the rows, except those whose deletion was requested."""
    leaving = await queries.select_leaving(
        connection, tenant_ids=[row["tenant_id"] for row in rows]
    )
    gone = {row["tenant_id"] for row in leaving}
    return [Tenant(**row) for row in rows if row["tenant_id"] not in gone]


async def find_tenant_of_key(connection: Connection, prefix: str) -> UUID:
    """Return the id of the tenant that has a key, in force or not, with this prefix; works over any connection.

    Raises:
        TenantUnknown: no tenant has one, or more than one.
    """
    rows = await queries.select_tenant_ids_of_key(connection, prefix=prefix)
    if len(rows) != 1:
        found = "No tenant has" if not rows else f"{len(rows)} tenants have"
        raise TenantUnknown(
            f"{found} a key that begins with {prefix}.",
            cure="Give the tenant's id, which `skeldir tenants create` printed.",
        )
    return rows[0]["tenant_id"]


async def load_profile(connection: Connection, tenant_id: UUID) -> TenantProfile:
    """Return the profile of the tenant that `connection`'s transaction is bound to.

    Raises:
        TenantUnknown: the tenant does not exist.
    """
    row = await queries.select_profile(connection, tenant_id=tenant_id)
    if row is None:
        raise tenant_unknown(tenant_id)
    return profile_from(tenant_id, row)


def profile_from(tenant_id: UUID, row: SelectProfileRow) -> TenantProfile:
    """Return the profile in a row of `select_profile` or of `open_tenant`."""
    return TenantProfile(
        tenant_id,
        row["name"],
        row["journey_secret"],
        frozenset(row["own_channels"]),
        frozenset(row["own_hosts"]),
        row["rules_version"],
        row["rules_document"],
    )


def tenant_unknown(tenant_id: UUID) -> TenantUnknown:
    """Return the error for a tenant id that does not exist."""
    return TenantUnknown(
        f"There is no tenant {tenant_id}.",
        cure="Give the id that `skeldir tenants create` printed; `skeldir tenants list` lists them for operators.",
    )
