"""What a delivery of a payment provider says, in one form for all providers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias, get_args

EndpointProvider: TypeAlias = Literal["stripe", "shopify", "woocommerce", "paypal", "standard"]
"""Providers that deliver signed webhooks to endpoints."""
SdkProvider: TypeAlias = Literal["segment", "ga4", "posthog", "snowplow", "matomo"]
"""Protocols of analytics SDKs, in which a site reports its orders under an API key."""
Provider: TypeAlias = Literal[EndpointProvider, SdkProvider]
ENDPOINT_PROVIDERS: Final[tuple[EndpointProvider, ...]] = get_args(EndpointProvider)
SDK_PROVIDERS: Final[tuple[SdkProvider, ...]] = get_args(SdkProvider)
PROVIDERS: Final[tuple[Provider, ...]] = (*ENDPOINT_PROVIDERS, *SDK_PROVIDERS)

SDK_SHOPS: Final[frozenset[Provider]] = frozenset(SDK_PROVIDERS)
SHOPS: Final[frozenset[Provider]] = SDK_SHOPS | {"shopify", "woocommerce"}
"""Providers that report what a gateway moved; all others moved the money themselves."""

LONGEST_ID: Final = 120
"""Characters of a provider's id, and of an order's reference: with provider and account they form business keys."""

CLOCK_ERROR: Final = timedelta(days=1)
"""How far ahead the clock of a merchant's own server may be."""

MovementKind = Literal["capture", "refund", "refund_reversal", "dispute", "dispute_reversal"]
NoticeKind = Literal[
    "authorized",
    "voided",
    "capture_pending",
    "capture_failed",
    "refund_pending",
    "refund_failed",
    "dispute_opened",
    "dispute_won",
    "dispute_lost",
    "inquiry_opened",
    "inquiry_closed",
    "cancelled",
]
PartName = Literal["gross", "net", "fee", "tax", "shipping", "discount"]

TroubleCode = Literal[
    "body_unreadable",
    "kind_missing",
    "amount_missing",
    "amount_invalid",
    "currency_missing",
    "currency_unknown",
    "time_missing",
    "id_missing",
    "thin_event",
    "wrapped_event",
    "error_body",
    "rights_lost",
    "uninstalled",
    "wrong_mode",
    "wrong_shop",
    "time_in_the_future",
    "order_too_busy",
]
BROKEN_SET_UPS: Final = frozenset(
    {
        "thin_event",
        "wrapped_event",
        "error_body",
        "rights_lost",
        "uninstalled",
        "wrong_mode",
        "wrong_shop",
    }
)
"""Troubles that come back with every delivery until somebody changes a setting: they raise an alert."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a translator knows besides the body: settings of the endpoint, and the current moment.

    `account` names the shop whose ids the bodies have (Shopify's domain); "" for providers whose ids are unique.
    `order_prefix` goes before the merchant's references of orders, so that two shops of a tenant do not share them.
    `journey_name` and `order_name` are the names of the fields of metadata with the journey's token and the order's
    reference. With `books_totals`, refunds come as totals only: an endpoint whose version sends no single ones.
    """

    is_live: bool
    now: datetime
    account: str = ""
    order_prefix: str = ""
    journey_name: str = "skeldir_journey"
    order_name: str = "order_id"
    books_totals: bool = False


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement of money, complete. Reports with the same (kind, id) are the same movement.

    `minor` > 0 in minor units of `currency` (ISO 4217). `noun` is what the id is an id of, such as `charge`. A reversal
    has the noun and the id of what it reverses. `via`: the provider that moved the money, where a shop names it.
    `moved_at` is the provider's time of the movement. `turn`: money may move again under its id after it was reversed;
    this counts from 1 where `moved_at` does not show which time it is, and is None where it does.
    """

    kind: MovementKind
    noun: str
    id: str
    minor: int
    currency: str
    moved_at: datetime
    via: Provider | None = None
    turn: int | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """How much was captured or refunded so far under an id. `minor` ≥ 0.

    Totals of captures are booked as their increases; totals of refunds too where the endpoint has no single refunds
    (`is_booked`), and otherwise only compared with them.
    """

    kind: Literal["capture", "refund"]
    noun: str
    id: str
    minor: int
    currency: str
    moved_at: datetime
    is_booked: bool
    via: Provider | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """All refunds that an order has at a moment, by id, in minor units > 0. One that disappears was taken back.

    `changed_at` is the moment of the order's last change, which orders the lists.
    """

    noun: str
    refunds: tuple[tuple[str, int], ...]
    currency: str
    changed_at: datetime
    via: Provider | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that changes the state of an order and moves no money. `id` is that of what it is about."""

    kind: NoticeKind
    id: str
    noticed_at: datetime


@dataclass(frozen=True, slots=True)
class Release:
    """Authorized money that was never captured, and that the provider reports as a refund, too.

    `id` is that of the charge, `minor` > 0 in minor units. The earliest refund of that sum is this one: no money moved.
    """

    id: str
    minor: int
    currency: str
    noticed_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """What an order's sum is at a moment, whatever is refunded of it. A difference to the one before moved money.

    `total` and `revenue`, the total without tax and shipping, are in minor units ≥ 0 of `currency`. None: not given;
    one of them is. `id` is the order's. Of one moment, a standing that `is_update` is later than one that is not.
    """

    id: str
    total: int | None
    revenue: int | None
    currency: str
    stood_at: datetime
    is_update: bool = False


@dataclass(frozen=True, slots=True)
class OrderRefund:
    """A refund of an order that has standings; `order` is the id of those.

    `total` and `revenue` are in minor units ≥ 0 of `currency`. Without both, and without a currency, all that is left
    of the order at that moment is refunded. `id` is that of this refund; `noun` is what it is an id of.
    """

    noun: Literal["refund", "cancellation"]
    id: str
    order: str
    total: int | None
    revenue: int | None
    currency: str | None
    moved_at: datetime


Fact: TypeAlias = Movement | Total | Listed | Notice | Release | Standing | OrderRefund


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an order's sum, as the provider reports it. `minor` is signed as reported; a fee is positive."""

    name: PartName
    minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Visit:
    """Where the buyer came from, in the order's own fields; a touch is derived from it without a journey's token.

    All texts are as given; `landing` is an address of which only the path and the tags are kept, `referrer` one of
    which only the host is kept.
    """

    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    referrer: str | None = None
    landing: str | None = None
    click_ids: tuple[str, ...] = ()
    visited_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Erasure:
    """A request of a privacy law that came as a delivery. `order_refs` are names as in `Said.refs`."""

    kind: Literal["data_request", "redact_customer", "redact_shop"]
    order_refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a delivery could not be understood. `detail` repeats no value of the body."""

    code: TroubleCode
    detail: str


def moment_of(fact: Fact) -> datetime:
    """Return when a fact happened, by its provider."""
    if isinstance(fact, Notice | Release):
        return fact.noticed_at
    if isinstance(fact, Standing):
        return fact.stood_at
    return fact.changed_at if isinstance(fact, Listed) else fact.moved_at


@dataclass(frozen=True, slots=True)
class Said:
    """What one delivery says.

    `event_id`: the provider's id of the event, signed, or "" where only unsigned headers have one.
    `type`: the event's type as in the provider's documentation, at most 80 printable characters; not a closed set.
    `reported_at`: when the provider made the report; it orders reports about the same thing. None: not given.
    `account`: part of each business key, for providers whose ids are unique in an account only; Stripe's connected
    account, which not every report of a payment names.
    `refs`: names of all payments, charges, refunds and orders that belong together by this delivery, such as
    `stripe:charge:ch_1` or `order:1001`. Never a customer or a subscription: these have many orders.
    `order_ref`: the merchant's reference of the order with its prefix, if given; it is the order's id in the ledger.
    `own_ref`: the name among `refs` that becomes the order's id in the ledger while no `order_ref` is known.
    `journey`: the journey's token as given: it is hashed, never stored.
    `is_renewal`: whether this is a later payment of a subscription; None: no subscription, or not given.
    `is_ignored`: the type is not known, or says nothing that matters here.
    `kept`: the allow-listed fields of the body, without the journey's token.
    """

    type: str
    reported_at: datetime | None = None
    event_id: str = ""
    account: str = ""
    is_live: bool | None = None
    facts: tuple[Fact, ...] = ()
    refs: tuple[str, ...] = ()
    order_ref: str | None = None
    own_ref: str | None = None
    journey: str | None = None
    visit: Visit | None = None
    agreement: str | None = None
    is_renewal: bool | None = None
    parts: tuple[Part, ...] = ()
    erasure: Erasure | None = None
    trouble: Trouble | None = None
    is_ignored: bool = False
    kept: Mapping[str, object] = field(default_factory=dict)
