"""How long a tenant's touches are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg

from skeldir.errors import SkeldirError
from skeldir.tenants.registry import tenant_unknown
from skeldir.tenants.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection

LONGEST_RETENTION_DAYS = 36_500


class RetentionInvalid(SkeldirError):
    """Touches cannot be kept for this number of days; the rule stays as it was."""

    code = "retention_invalid"
    status = 422
    title = "The retention is not valid"


@dataclass(frozen=True, slots=True)
class Retention:
    """A tenant's rule, and how far it has been applied.

    `touch_days` are whole UTC days; None means for ever. Touches before `touches_forgotten_before` (aware, UTC) are
    deleted or about to be; it never moves back, even when the rule changes. None means that none was deleted.
    """

    touch_days: int | None = None
    touches_forgotten_before: datetime | None = None


async def load_retention(connection: Connection, tenant_id: UUID) -> Retention:
    """Return the rule of the transaction's tenant; one without a rule keeps its touches for ever."""
    row = await queries.select_retention(connection, tenant_id=tenant_id)
    return Retention() if row is None else Retention(**row)


async def set_retention(connection: Connection, tenant_id: UUID, days: int | None) -> None:
    """Keep the touches of the transaction's tenant for `days`, or for ever; deleted touches stay deleted.

    This sets only the rule; `attribution.retain_touches` also makes sure that no active lookback is longer.

    Raises:
        RetentionInvalid: days below 1 or above LONGEST_RETENTION_DAYS.
        TenantUnknown: the tenant does not exist.
    """
    if days is not None and not 1 <= days <= LONGEST_RETENTION_DAYS:
        raise RetentionInvalid(
            f"{days} is not a possible number of days to keep touches.",
            cure=f"Give whole days from 1 to {LONGEST_RETENTION_DAYS}, or keep them for ever.",
        )
    try:
        await queries.set_retention(connection, tenant_id=tenant_id, touch_days=days)
    except asyncpg.ForeignKeyViolationError as error:
        raise tenant_unknown(tenant_id) from error
