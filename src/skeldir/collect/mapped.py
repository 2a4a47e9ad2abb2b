"""What a body of a collecting endpoint says, in one form for all protocols. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from skeldir.ingest import UnreadableItem

Protocol = Literal[
    "collector", "segment", "ga4", "plausible", "posthog", "snowplow", "matomo", "umami"
]
PROTOCOLS: Final[tuple[Protocol, ...]] = (
    "collector",
    "segment",
    "ga4",
    "plausible",
    "posthog",
    "snowplow",
    "matomo",
    "umami",
)
DropReason = Literal[
    "no_evidence", "of_a_person", "not_a_visit", "no_journey", "no_consent", "is_internal"
]
DROP_REASONS: Final[tuple[DropReason, ...]] = (
    "no_evidence",
    "of_a_person",
    "not_a_visit",
    "no_journey",
    "no_consent",
    "is_internal",
)
"""Why nothing is made of a message.

`no_evidence`: it shows no campaign, click id or referrer. `of_a_person`: it describes a person, as identify does.
`not_a_visit`: an event that is neither a visit nor an order. `no_journey`: a visit of nobody in particular.
`no_consent`: the visitor has not agreed. `is_internal`: a page that was reached from another one of the site.
"""

OrderKind = Literal["completed", "updated", "refunded", "cancelled"]
ORDER_KINDS: Final[tuple[OrderKind, ...]] = ("completed", "updated", "refunded", "cancelled")

Touch: TypeAlias = Mapping[str, object]
"""A touch as `POST /v1/touches` takes it, from `visits.make_touch`."""


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """What a message says of an order. Sums, their currency and the order's id are as sent: the inbox reads them.

    `message_id` is the sender's id of the message, or one that a repeated message has again. `at` is aware.
    `journey` is the token of the buyer's journey: it is hashed, never stored.
    """

    kind: OrderKind
    message_id: str
    order_id: object
    at: datetime
    journey: str | None = None
    currency: object = None
    total: object = None
    revenue: object = None
    tax: object = None
    shipping: object = None
    discount: object = None


@dataclass(frozen=True, slots=True)
class OrderMap:
    """How a tenant's own event names an order: its kind, and the names of the properties that hold its fields."""

    kind: OrderKind
    fields: Mapping[str, str]
    """Names of fields of OrderEvent, such as `order_id` and `total`, each with the name of the event's property."""


DRY_RUN_HEADER: Final = "skeldir-dry-run"
"""A request with this header is not recorded: the answer says what it would become."""
HEADERS_READ: Final = ("sp-anonymous", "posthog-request-timestamp")
"""The headers that change what a protocol's messages say, in lower case."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How a sender is answered once what it sent is committed."""

    status: int = 200
    body: bytes = b""
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a request besides its body.

    `now` is when it came, aware. `verb` is what the path names, such as `track` or `batch`. `query` has the query's
    parameters, each once. `order_events` has the tenant's own events that are orders, by name. `headers` has those of
    HEADERS_READ, by their names there.
    """

    now: datetime
    verb: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    order_events: Mapping[str, OrderMap] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mapped:
    """What the messages of a body say. Touches and orders have the place of their message, from 0.

    A message that cannot be read at all is an `UnreadableItem` among the touches: it becomes a dead event. `answer` is
    how the sender is answered, if that depends on what it sent; else the protocol's own answer holds.
    """

    touches: tuple[tuple[int, Touch | UnreadableItem], ...] = ()
    orders: tuple[tuple[int, OrderEvent], ...] = ()
    dropped: Mapping[DropReason, int] = field(default_factory=dict)
    answer: Answer | None = None

    @property
    def size(self) -> int:
        """What the messages become, and how many become nothing."""
        return len(self.touches) + len(self.orders) + sum(self.dropped.values())


def is_never_long(_value: object) -> bool:
    """Return that reading a value takes no longer than the length of its body shows."""
    return False


@dataclass(frozen=True, slots=True)
class Wire:
    """A protocol: how its bodies are parsed, where the key is, what they say, and how they are answered.

    `parse` gets the body, the query and the content type, and returns any value, or an `UnreadableItem`. `key_of` gets
    that value and the query, and returns the write key if it is there. `read` gets the value. None of them raises. Of a
    request whose verb is in `dry_verbs` nothing is recorded: it only asks what would be. `is_long` gets the value too,
    and returns whether reading it takes long although the body is short, since that was packed.
    `busy_status` is what a sender of too many requests gets: a status after which the libraries try again.
    """

    name: Protocol
    parse: Callable[[bytes, Mapping[str, str], str], object]
    key_of: Callable[[object, Mapping[str, str]], str | None]
    read: Callable[[object, Asked], Mapped]
    answer: Callable[[Asked], Answer]
    dry_verbs: frozenset[str] = frozenset()
    busy_status: int = 429
    is_long: Callable[[object], bool] = is_never_long


@dataclass(frozen=True, slots=True)
class Path:
    """A path that messages of a protocol come to. `verb` is what it names, if that matters."""

    path: str
    verb: str = ""
    methods: tuple[str, ...] = ("POST",)


@dataclass(frozen=True, slots=True)
class Document:
    """A document that a protocol's browser library fetches before it sends; the same for all, with no key checked.

    `path` may have parameters such as `{key}`. `make` gets them, those of the query, and this service's `address`.
    """

    path: str
    make: Callable[[Mapping[str, str]], Answer]
    methods: tuple[str, ...] = ("GET",)
