"""Where a tenant's notices are sent to: e-mail addresses and webhooks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from uuid import UUID

from skeldir.db import new_id
from skeldir.errors import InputInvalid
from skeldir.inbox import Sealed, Sealer, make_secret
from skeldir.notices.addresses import read_mail_address, read_webhook_url
from skeldir.notices.refusals import DestinationTaken, DestinationUnknown
from skeldir.notices.store import queries
from skeldir.users import note_action

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.notices.letters import Language

DestinationKind: TypeAlias = Literal["email", "webhook"]
_LONGEST_BY: Final = 300


@dataclass(frozen=True, slots=True)
class Destination:
    """Where notices of a tenant go. `sealed` is the secret of a webhook."""

    id: UUID
    kind: DestinationKind
    address: str
    language: Language
    gets_digest: bool
    gets_alerts: bool
    made_by: str
    created_at: datetime
    sealed: Sealed | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class NewDestination:
    """A new destination. The secret of a webhook exists only now."""

    id: UUID
    kind: DestinationKind
    address: str
    secret: str | None = field(repr=False)


async def add_destination(
    connection: Connection,
    tenant_id: UUID,
    *,
    kind: DestinationKind,
    address: str,
    language: Language,
    gets_digest: bool,
    gets_alerts: bool,
    made_by: str,
    sealer: Sealer | None = None,
) -> NewDestination:
    """Add a destination of the transaction's tenant; `sealer` seals the secret of a webhook.

    Raises:
        EmailInvalid, DestinationInvalid: the address cannot be used.
        DestinationTaken: the tenant has it already.
        InputInvalid: it would get nothing.
        SealingKeyMissing: a webhook needs a secret, and no key is configured.
    """
    if not (gets_digest or gets_alerts):
        raise InputInvalid(
            "The destination would get nothing.", cure="Let it get a digest or alerts."
        )
    secret = sealed = None
    if kind == "email":
        address = read_mail_address(address)
    else:
        address = read_webhook_url(address).text
        if sealer is None:
            raise InputInvalid("A webhook needs a secret.", cure="Give the keys that seal secrets.")
        secret = make_secret("standard")
        sealed = sealer.seal(secret)
    made = await queries.insert_destination(
        connection,
        tenant_id=tenant_id,
        id=new_id(),
        kind=kind,
        address=address,
        language=language,
        gets_digest=gets_digest,
        gets_alerts=gets_alerts,
        sealing_key=None if sealed is None else sealed.key_id,
        sealed=None if sealed is None else sealed.token,
        made_by=made_by[:_LONGEST_BY],
    )
    if made is None:
        raise DestinationTaken(
            "Notices of the tenant go there already.",
            cure="Remove it first, to choose again what it gets: `skeldir notices destinations list` shows its id.",
        )
    await note_action(connection, tenant_id, made_by, "notices.add", f"{kind} {made}")
    return NewDestination(made, kind, address, secret)


async def list_destinations(connection: Connection, tenant_id: UUID) -> list[Destination]:
    """Return the destinations of the transaction's tenant, the oldest first."""
    return [
        Destination(
            row["id"],
            row["kind"],
            row["address"],
            row["language"],
            row["gets_digest"],
            row["gets_alerts"],
            row["made_by"],
            row["created_at"],
            None
            if row["sealed"] is None or row["sealing_key"] is None
            else Sealed(row["sealing_key"], row["sealed"]),
        )
        for row in await queries.select_destinations(connection, tenant_id=tenant_id)
    ]


async def remove_destination(
    connection: Connection, tenant_id: UUID, destination_id: UUID, *, by: str
) -> None:
    """Send nothing more to a destination, and forget its address and secret; what was delivered stays recorded.

    Raises:
        DestinationUnknown: the tenant has no such destination.
    """
    kind = await queries.remove_destination(connection, tenant_id=tenant_id, id=destination_id)
    if kind is None:
        raise DestinationUnknown(
            "The tenant has no destination with this id.",
            cure="`skeldir notices destinations list` shows all of them.",
        )
    await note_action(connection, tenant_id, by, "notices.remove", f"{kind} {destination_id}")


async def reseal_destinations(connection: Connection, tenant_id: UUID, sealer: Sealer) -> int:
    """Seal the secrets of the transaction's tenant with the first key; return how many were changed."""
    changed = 0
    for one in await list_destinations(connection, tenant_id):
        if one.sealed is None:
            continue
        renewed = sealer.reseal(one.sealed)
        if renewed.key_id != one.sealed.key_id:
            await queries.reseal_destination(
                connection,
                tenant_id=tenant_id,
                id=one.id,
                sealing_key=renewed.key_id,
                sealed=renewed.token,
            )
            changed += 1
    return changed
