"""The paths that libraries of other analytics send to, one protocol after another."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from math import ceil
from time import monotonic
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from skeldir.clock import utc_now
from skeldir.collect.cors import OriginRefused, answer_preflight, require_origin, with_cors
from skeldir.collect.mapped import (
    DRY_RUN_HEADER,
    HEADERS_READ,
    Answer,
    Asked,
    Document,
    Mapped,
    OrderMap,
    Path,
    Wire,
)
from skeldir.collect.order_maps import read_order_maps
from skeldir.collect.receiving import (
    Collected,
    Counts,
    Orders,
    delivery_of,
    make_line,
    prepare_collected,
    sort_orders,
)
from skeldir.collect.trials import describe
from skeldir.collect.wires import DOCUMENTS, WIRES
from skeldir.errors import SkeldirError
from skeldir.http import (
    BodyTooLarge,
    Buckets,
    Caller,
    DirectRoute,
    KeyInvalid,
    KeyMissing,
    RateLimited,
    ScopeMissing,
    SharedCommits,
    answer_error,
    client_host_of,
    database_of,
    find_caller,
    held_bytes_of,
    network_of,
    offload_of,
    read_body,
    reading_transaction,
)
from skeldir.ingest import BatchBounds, PreparedTouches, is_heavy
from skeldir.observability import COLLECT_MESSAGES, COLLECT_REFUSED
from skeldir.tenants import COLLECT, KEY_SHAPE

if TYPE_CHECKING:
    from skeldir.tenants import TenantProfile

_NOBODY: Final = UUID(int=0)
_BURST_S: Final = 5.0
_MOST_REMEMBERED: Final = 10_000
MOST_MESSAGES: Final = 10_000
# Names of headers as they arrive, in bytes.
_DRY_RUN_HEADER: Final = DRY_RUN_HEADER.encode()
_HEADERS_READ: Final = tuple((name.encode(), name) for name in HEADERS_READ)
_REFUSALS: Final[Mapping[type[SkeldirError], str]] = {
    KeyMissing: "key",
    KeyInvalid: "key",
    ScopeMissing: "key",
    OriginRefused: "origin",
}


class WireRoute(DirectRoute):
    """A route of another analytics' protocol. Its path and answers are that protocol's, not this API's."""


class DocumentRoute(APIRoute):
    """A route of a document that a protocol's library fetches."""


router = APIRouter(route_class=WireRoute, include_in_schema=False)
documents_router = APIRouter(route_class=DocumentRoute, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it came. Another process may read it."""

    caller: Caller
    wire: Wire
    body: bytes
    asked: Asked
    content_type: str

    def read(self) -> Mapped:
        """Return what its body says. Raises BodyTooLarge."""
        value = self.wire.parse(self.body, self.asked.query, self.content_type)
        return _with_few_messages(self.wire.read(value, self.asked))


def _with_few_messages(mapped: Mapped) -> Mapped:
    if mapped.size > MOST_MESSAGES:
        raise BodyTooLarge(
            f"The request has more than {MOST_MESSAGES} messages.",
            cure=f"Send at most {MOST_MESSAGES} in a request.",
        )
    return mapped


@dataclass(frozen=True, slots=True)
class Intake:
    """What a process needs to take messages: the line of each tenant, and how much each address may send with a key.

    `origin` is where browsers reach the service, if that is known.
    """

    origin: str | None
    line: SharedCommits[Collected, Counts]
    addresses: Buckets[tuple[UUID, str]]

    def take_one(self, key_id: UUID, host: str | None) -> None:
        """Take a request of an address with a write key.

        Raises:
            RateLimited: the address sends too many.
        """
        owner, now_s = (key_id, network_of(host)), monotonic()
        wait_s = self.addresses.wait_s(owner, now_s)
        if wait_s:
            raise RateLimited(
                f"The address sends more than {self.addresses.per_second} requests per second with this key.",
                cure="Wait as long as Retry-After states.",
                retry_after_s=max(1, ceil(wait_s)),
            )
        self.addresses.add(owner, -1, now_s)


def make_intake(per_address: float, origin: str | None) -> Intake:
    """Return an intake that takes `per_address` requests a second from each address with each write key."""
    addresses: Buckets[tuple[UUID, str]] = Buckets(
        per_address, _BURST_S * per_address, most=_MOST_REMEMBERED
    )
    return Intake(origin, make_line(), addresses)


async def take(request: Request, wire: Wire, path: Path) -> Response:
    """Record what a library sends, and answer as it expects.

    It takes any other answer as a reason to throw messages away: those that cannot be used are kept as dead events.
    """
    if request.method == "OPTIONS":
        return answer_preflight(request)
    try:
        answer = await _record(request, wire, path)
    except SkeldirError as error:
        reason = "limit" if error.status == 429 else _REFUSALS.get(type(error), "other")
        COLLECT_REFUSED.labels(wire.name, reason).inc()
        refused = await answer_error(request, error)
        if error.status == 429:
            refused.status_code = wire.busy_status
        return refused if error.status == 403 else with_cors(request, refused)
    return with_cors(request, _response_of(answer))


async def _record(request: Request, wire: Wire, path: Path) -> Answer:
    query: dict[str, str] = request.path_params
    if request.scope["query_string"]:
        query = {**request.query_params, **query}
    given: dict[bytes, bytes] = dict(request.scope["headers"])
    content_type = given.get(b"content-type", b"").decode("latin-1")
    authorization = given.get(b"authorization", b"").decode("latin-1")
    caller = await _caller_by_header(request, authorization)
    with held_bytes_of(request).of(_NOBODY if caller is None else caller.tenant_id) as holding:
        body = await read_body(request, holding, BatchBounds("").inspect)
        is_long = is_heavy(body)
        parsed: object = None
        if caller is None or not is_long:
            parsed = wire.parse(body, query, content_type)
            is_long = is_long or wire.is_long(parsed)
        if caller is None:
            caller = await _caller_by_body(request, wire.key_of(parsed, query))
        _require_allowed(request, caller)
        maps = _maps_of(caller.holder.terms.order_events)
        headers = {
            name: given[sent_as].decode("latin-1")
            for sent_as, name in _HEADERS_READ
            if sent_as in given
        }
        asked = Asked(utc_now(), path.verb, query, maps, headers)
        prepared = None
        if is_long or _DRY_RUN_HEADER in given:
            sent = Sent(caller, wire, body, asked, content_type)
            if _DRY_RUN_HEADER in given:
                return await _try(request, sent, is_long=is_long)
            mapped, orders, prepared = await _read_in_turn(request, sent)
        else:
            mapped = _with_few_messages(wire.read(parsed, asked))
            orders = sort_orders(caller, wire.name, mapped, asked.now)
        if asked.verb not in wire.dry_verbs:
            collected = Collected(
                caller,
                wire.name,
                delivery_of(wire.name, body or request.scope["query_string"], mapped),
                orders,
                mapped.dropped,
                prepared,
            )
            intake: Intake = request.app.state.collect
            _count(wire, await intake.line.deliver(database_of(request), collected))
    return mapped.answer or wire.answer(asked)


async def _try(request: Request, sent: Sent, *, is_long: bool) -> Answer:
    """Answer what a request would become."""
    work = partial(_describe_aside, sent, await _read_profile(request, sent.caller))
    if is_long:
        return Answer(200, await offload_of(request).run(sent.caller.tenant_id, work))
    return Answer(200, work())


def _describe_aside(sent: Sent, profile: TenantProfile) -> bytes:
    mapped = sent.read()
    orders = sort_orders(sent.caller, sent.wire.name, mapped, sent.asked.now)
    return orjson.dumps(describe(profile, mapped, orders, sent.asked.now, sent.caller.holder))


async def _read_profile(request: Request, caller: Caller) -> TenantProfile:
    async with reading_transaction(database_of(request), caller) as transaction:
        return transaction.profile


async def _read_in_turn(
    request: Request, sent: Sent
) -> tuple[Mapped, Orders, tuple[TenantProfile, PreparedTouches] | None]:
    """Return what takes long to read; another process reads it, so that other requests need not wait."""
    profile = await _read_profile(request, sent.caller)
    mapped, orders, prepared = await offload_of(request).run(
        sent.caller.tenant_id, partial(_read_aside, sent, profile)
    )
    return mapped, orders, None if prepared is None else (profile, prepared)


def _read_aside(
    sent: Sent, profile: TenantProfile
) -> tuple[Mapped, Orders, PreparedTouches | None]:
    mapped = sent.read()
    orders = sort_orders(sent.caller, sent.wire.name, mapped, sent.asked.now)
    prepared = None
    if mapped.touches:
        delivery = delivery_of(sent.wire.name, sent.body, mapped)
        prepared = prepare_collected(profile, [(sent.wire.name, delivery)])
    # What goes back to the process of the requests takes its time there; it needs the orders only as they are sorted.
    return replace(mapped, orders=()), orders, prepared


async def _caller_by_header(request: Request, authorization: str) -> Caller | None:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        # Umami's library for Python sends "Bearer None"; the key is elsewhere then.
        is_key = KEY_SHAPE.fullmatch(value.strip())
        return await find_caller(request, value.strip()) if is_key else None
    if scheme.lower() != "basic":
        return None
    try:
        # A write key is the user's name; there is no password.
        name = base64.b64decode(value.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        name = ""
    # A site that is behind a password has the browser send its visitors' names too; the key is elsewhere then.
    return await find_caller(request, name) if KEY_SHAPE.fullmatch(name) else None


async def _caller_by_body(request: Request, key: str | None) -> Caller:
    if not key:
        raise KeyMissing(
            "The request carries no key.",
            cure="Set the library's write key, token or secret to a key from `skeldir keys create --scope collect`.",
        )
    return await find_caller(request, key)


@lru_cache(maxsize=1_000)
def _maps_of(order_events: tuple[str, ...]) -> Mapping[str, OrderMap]:
    return read_order_maps(order_events)


def _require_allowed(request: Request, caller: Caller) -> None:
    """Check the key's scope, the page's origin, and how much its address sends."""
    holder = caller.holder
    if holder.scopes.isdisjoint({COLLECT, "ingest"}):
        raise ScopeMissing(
            "The key has no scope `collect` or `ingest`.",
            cure="Make one with `skeldir keys create TENANT`: --scope collect --origin … for pages, --scope ingest for"
            " servers.",
        )
    require_origin(request, holder)
    if COLLECT in holder.scopes:
        intake: Intake = request.app.state.collect
        intake.take_one(holder.key_id, client_host_of(request))


def _response_of(answer: Answer) -> Response:
    return Response(
        answer.body,
        status_code=answer.status,
        media_type=answer.media_type or None,
        headers=answer.headers or None,
    )


def _count(wire: Wire, counts: Counts) -> None:
    for name, count in (
        ("touch", counts.touches),
        ("order", counts.orders - counts.dead_orders),
        ("claimed", counts.claimed),
        ("duplicate", counts.duplicates),
        ("rejected", counts.rejected + counts.dead_orders),
        *counts.dropped.items(),
    ):
        if count:
            COLLECT_MESSAGES.labels(wire.name, name).inc(count)


def _taking(wire: Wire, path: Path) -> Callable[[Request], Awaitable[Response]]:
    async def receive(request: Request) -> Response:
        return await take(request, wire, path)

    return receive


def _showing(document: Document) -> Callable[[Request], Awaitable[Response]]:
    async def show(request: Request) -> Response:
        if request.method == "OPTIONS":
            return answer_preflight(request)
        intake: Intake = request.app.state.collect
        address = intake.origin or f"{request.url.scheme}://{request.url.netloc}"
        parameters = {**request.query_params, **request.path_params, "address": address}
        return with_cors(request, _response_of(document.make(parameters)))

    return show


for _wire, _paths in WIRES:
    for _path in _paths:
        router.add_api_route(_path.path, _taking(_wire, _path), methods=[*_path.methods, "OPTIONS"])
for _document in DOCUMENTS:
    documents_router.add_api_route(
        _document.path, _showing(_document), methods=[*_document.methods, "OPTIONS"]
    )
