"""Endpoints: an unguessable address of one tenant for one provider, live or test, and its sealed secrets."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.clock import utc_now
from skeldir.db import new_id, read_id
from skeldir.errors import InputInvalid, SkeldirError
from skeldir.inbox.saying import Context, EndpointProvider
from skeldir.inbox.sealing import Sealed, Sealer, SealingKeyInvalid, SealingKeyUnknown
from skeldir.inbox.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.inbox.store import SelectEndpointsRow, SelectTrafficRow

TOKEN_START_LENGTH: Final = 12
LONGEST_NAME: Final = 60
_SHOP: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,80}\.myshopify\.com", re.ASCII)
_PREFIX: Final = re.compile(r"(?:[A-Za-z0-9_.-]{0,39}[_.-])?", re.ASCII)
_NAME: Final = re.compile(rf"[A-Za-z0-9_.-]{{1,{LONGEST_NAME}}}", re.ASCII)
MOST_SECRETS: Final = 2
"""How many secrets of an endpoint are in force at most: the old and the new one, while they roll."""


FIRST_MOMENT: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""No delivery came in before."""


class EndpointUnknown(SkeldirError):
    """The tenant has no such endpoint."""

    code = "endpoint_unknown"
    status = 404
    title = "The endpoint is not known"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint that a delivery came to, with the secrets in force, newest first."""

    tenant_id: UUID
    id: UUID
    provider: EndpointProvider
    is_live: bool
    account: str
    order_prefix: str
    journey_name: str
    order_name: str
    books_totals: bool
    secrets: tuple[Sealed, ...]

    def context(self, now: datetime) -> Context:
        """Return what a translator needs of the endpoint."""
        return Context(
            is_live=self.is_live,
            now=now,
            account=self.account,
            order_prefix=self.order_prefix,
            journey_name=self.journey_name,
            order_name=self.order_name,
            books_totals=self.books_totals,
        )


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    """What an endpoint is made with; see `saying.Context`."""

    provider: EndpointProvider
    is_live: bool
    account: str = ""
    order_prefix: str = ""
    journey_name: str = "skeldir_journey"
    order_name: str = "order_id"
    books_totals: bool = False


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """A new endpoint with the token of its address, which exists only now."""

    id: UUID
    token: str


@dataclass(frozen=True, slots=True)
class RefusalCount:
    """How often deliveries to an endpoint were refused for a reason, and when the last time."""

    outcome: str
    refusals: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class EndpointReport:
    """What may be shown of an endpoint: never its token or a secret."""

    id: UUID
    provider: EndpointProvider
    is_live: bool
    token_start: str
    account: str
    order_prefix: str
    journey_name: str
    order_name: str
    books_totals: bool
    created_at: datetime
    ended_at: datetime | None
    has_secret: bool
    deliveries: int
    troubles: int
    last_at: datetime | None
    refusals: tuple[RefusalCount, ...]


def digest_token(token: str) -> bytes:
    """Return the SHA-256 by which a token is looked up."""
    return hashlib.sha256(token.encode()).digest()


async def create_endpoint(
    connection: Connection, tenant_id: UUID, options: EndpointOptions
) -> NewEndpoint:
    """Make an endpoint of the transaction's tenant; it refuses every delivery until it has a secret.

    Raises:
        InputInvalid: an option cannot be used, or a second shop would share its orders' numbers with the first.
    """
    _require_usable(options)
    if not await queries.may_be_kept(connection, name=options.order_name):
        raise InputInvalid(
            f"The field {options.order_name!r} would hold personal data, which is never stored.",
            cure="Hand over the order's reference under another name, such as `order_id`.",
        )
    await _require_own_orders(connection, tenant_id, options)
    token = _new_token()
    endpoint_id = new_id()
    await queries.insert_endpoint(
        connection,
        tenant_id=tenant_id,
        id=endpoint_id,
        provider=options.provider,
        is_live=options.is_live,
        token_start=token[:TOKEN_START_LENGTH],
        token_sha256=digest_token(token),
        account=options.account,
        order_prefix=options.order_prefix,
        journey_name=options.journey_name,
        order_name=options.order_name,
        books_totals=options.books_totals,
    )
    return NewEndpoint(endpoint_id, token)


def _new_token() -> str:
    """Return a token that does not begin with a hyphen: its beginning is an argument of commands."""
    while (token := secrets.token_urlsafe(32)).startswith("-"):
        pass
    return token


def _require_usable(options: EndpointOptions) -> None:
    """Raise InputInvalid for an option that is malformed, or that the provider's endpoints do not have."""
    if options.provider == "shopify":
        if not _SHOP.fullmatch(options.account):
            raise InputInvalid(
                "An endpoint of Shopify needs the domain of its shop.",
                cure="Give the shop's own domain at Shopify, such as sample.myshopify.com.",
            )
    elif options.account:
        raise InputInvalid(
            f"Endpoints of {options.provider} have no shop.", cure="Only those of Shopify do."
        )
    if options.books_totals and options.provider != "stripe":
        raise InputInvalid(
            f"Refunds of {options.provider} are never booked as totals.",
            cure="Only Stripe's older API versions need that.",
        )
    if not _PREFIX.fullmatch(options.order_prefix):
        raise InputInvalid(
            "The prefix of orders cannot be used.",
            cure="Use at most 40 letters, digits and `_ . -`, of which the last is no letter or digit, such as `de-`: "
            "otherwise `shop` with order 21 and `shop2` with order 1 would be one.",
        )
    for name in (options.journey_name, options.order_name):
        if not _NAME.fullmatch(name):
            raise InputInvalid(
                f"{name[:LONGEST_NAME]!r} cannot be the name of a field.",
                cure=f"Use at most {LONGEST_NAME} letters, digits and `_ . -`.",
            )
    if options.journey_name == options.order_name:
        raise InputInvalid(
            "The journey's token and the order's reference cannot be in one field.",
            cure="Give each a name of its own.",
        )


async def _require_own_orders(
    connection: Connection, tenant_id: UUID, options: EndpointOptions
) -> None:
    """Raise InputInvalid when another WooCommerce shop already has the prefix: both count their orders from 1."""
    if options.provider != "woocommerce":
        return
    for other in await queries.select_endpoints(connection, tenant_id=tenant_id):
        if other["ended_at"] is None and (
            other["provider"],
            other["is_live"],
            other["order_prefix"],
        ) == (options.provider, options.is_live, options.order_prefix):
            raise InputInvalid(
                "Another WooCommerce endpoint of the tenant has the same prefix of orders.",
                cure="End it with `skeldir webhooks end` if this replaces it; for a second shop, add --order-prefix, "
                "such as `de-`, so that order 723 of one shop is not taken for order 723 of the other.",
            )


async def require_mode(connection: Connection, tenant_id: UUID, *, is_live: bool) -> None:
    """Raise InputInvalid when the tenant has, or took in anything by, an endpoint of the other mode.

    A tenant has one ledger, and test money in it would look like real money.
    """
    for other in await list_endpoints(connection, tenant_id):
        if other.is_live is not is_live and (other.ended_at is None or other.deliveries):
            wanted, found = ("live", "test") if is_live else ("test", "live")
            raise InputInvalid(
                f"The tenant has a {found} endpoint, and test money never enters a live ledger.",
                cure=f"Make another tenant for the {wanted} endpoint with `skeldir tenants create`.",
            )


async def find_endpoint(connection: Connection, token: str) -> Endpoint | None:
    """Return the endpoint with a token, with its secrets in force; None: there is none, or it has ended."""
    row = await queries.find_webhook_endpoint(connection, token_digest=digest_token(token))
    if row is None:
        return None
    sealed = zip(row["sealing_keys"] or (), row["sealed"] or (), strict=True)
    return Endpoint(
        tenant_id=row["tenant_id"],
        id=row["endpoint_id"],
        provider=row["provider"],
        is_live=row["is_live"],
        account=row["account"],
        order_prefix=row["order_prefix"],
        journey_name=row["journey_name"],
        order_name=row["order_name"],
        books_totals=row["books_totals"],
        secrets=tuple(Sealed(*one) for one in sealed),
    )


async def list_endpoints(
    connection: Connection, tenant_id: UUID, *, since: datetime = FIRST_MOMENT
) -> list[EndpointReport]:
    """Return the endpoints of the transaction's tenant, oldest first, with what came in since a moment.

    What was refused is counted from the beginning.
    """
    traffic = {
        row["endpoint_id"]: row
        for row in await queries.select_traffic(connection, tenant_id=tenant_id, since=since)
    }
    refusals: dict[UUID, list[RefusalCount]] = {}
    for row in await queries.select_refusals(connection, tenant_id=tenant_id):
        count = RefusalCount(row["outcome"], row["refusals"], row["first_at"], row["last_at"])
        refusals.setdefault(row["endpoint_id"], []).append(count)
    return [
        _report_of(row, traffic.get(row["id"]), refusals.get(row["id"], []))
        for row in await queries.select_endpoints(connection, tenant_id=tenant_id)
    ]


def _report_of(
    row: SelectEndpointsRow, traffic: SelectTrafficRow | None, refusals: Sequence[RefusalCount]
) -> EndpointReport:
    return EndpointReport(
        **row,
        deliveries=0 if traffic is None else traffic["deliveries"],
        troubles=0 if traffic is None else traffic["troubles"],
        last_at=None if traffic is None else traffic["last_at"],
        refusals=tuple(refusals),
    )


async def resolve_endpoint(
    connection: Connection, tenant_id: UUID, id_or_start: str
) -> EndpointReport:
    """Return an endpoint of the transaction's tenant, given by its id or by the beginning of its token.

    Raises:
        EndpointUnknown: there is none.
    """
    wanted = read_id(id_or_start)
    start = id_or_start[:TOKEN_START_LENGTH]
    for report in await list_endpoints(connection, tenant_id):
        if report.id == wanted or (wanted is None and report.token_start == start):
            return report
    raise EndpointUnknown(
        f"The tenant has no endpoint {start!r}.",
        cure="`skeldir webhooks list` shows the endpoints; give the id, or the first "
        f"{TOKEN_START_LENGTH} characters of the token.",
    )


async def end_endpoint(connection: Connection, tenant_id: UUID, endpoint_id: UUID) -> datetime:
    """End an endpoint: from now on it answers like one that never was. Returns when it ended."""
    ended_at: datetime | None = await queries.end_endpoint(
        connection, tenant_id=tenant_id, endpoint_id=endpoint_id
    )
    if ended_at is None:
        raise EndpointUnknown(
            "The endpoint is not known.", cure="`skeldir webhooks list` shows the endpoints."
        )
    return ended_at


async def add_secret(
    connection: Connection,
    tenant_id: UUID,
    endpoint_id: UUID,
    secret: str,
    *,
    sealer: Sealer,
    old_end_at: datetime,
) -> datetime | None:
    """Add a secret of an endpoint. Of its older ones, the newest is in force until `old_end_at`; the others end now.

    The newest one, entered again, is not added again, and so does not take the older one's place. One that cannot be
    opened ends now as well: as long as it is in force, every delivery is refused because of it. Returns until when an
    older one stays in force; None: none does.
    """
    rows = await queries.select_secrets(connection, tenant_id=tenant_id)
    others = [
        (row, _open(sealer, Sealed(row["sealing_key"], row["sealed"])))
        for row in rows
        if row["endpoint_id"] == endpoint_id
    ]
    if others and others[-1][1] == secret:
        others.pop()
    else:
        sealed = sealer.seal(secret)
        await queries.insert_secret(
            connection,
            tenant_id=tenant_id,
            id=new_id(),
            endpoint_id=endpoint_id,
            sealing_key=sealed.key_id,
            sealed=sealed.token,
        )
    now = utc_now()
    stays = next((row for row, text in reversed(others) if text not in (None, secret)), None)
    for row, _ in others:
        ends_at = old_end_at if row is stays else now
        await queries.end_secret(connection, tenant_id=tenant_id, id=row["id"], ends_at=ends_at)
    if stays is None or old_end_at <= now:
        return None
    return min(old_end_at, stays["ends_at"] or old_end_at)


def _open(sealer: Sealer, sealed: Sealed) -> str | None:
    try:
        return sealer.open(sealed)
    except (SealingKeyInvalid, SealingKeyUnknown):
        return None


async def reseal_secrets(connection: Connection, tenant_id: UUID, sealer: Sealer) -> int:
    """Seal the secrets in force of the transaction's tenant with the first key; return how many were changed."""
    changed = 0
    for row in await queries.select_secrets(connection, tenant_id=tenant_id):
        sealed = Sealed(row["sealing_key"], row["sealed"])
        renewed = sealer.reseal(sealed)
        if renewed.key_id != sealed.key_id:
            await queries.reseal_secret(
                connection,
                tenant_id=tenant_id,
                id=row["id"],
                sealing_key=renewed.key_id,
                sealed=renewed.token,
            )
            changed += 1
    return changed
