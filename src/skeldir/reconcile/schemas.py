"""What goes over the wire: what to compare, a comparison with its sums, and its lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, PlainSerializer, TypeAdapter, ValidationError

from skeldir.attribution import MODEL_NAMES, ModelName
from skeldir.errors import InputInvalid
from skeldir.money import Cents, CurrencyCode
from skeldir.reconcile.comparing import Reason

WORDS: Final = (
    (
        "Verified money is what the ledger captured of orders whose first capture is on the day, as far as the model "
        "credits it to touches that name the campaign; refunds and disputes are shown beside it, and not subtracted."
    ),
    (
        "A claim is what the platform reports by its own attribution setting, which may count views, other windows, "
        "and orders that other platforms claim too. It is not wrong because it is larger."
    ),
    (
        "Days of claims are those of the ad account's time zone, days of orders those of the tenant's; what a "
        "neighbouring day compensates is shown as timing."
    ),
    "A day of which the platform says no value is unknown, and is in no sum of claims.",
)
"""What the figures mean, for everybody who reads them."""

Points = Annotated[Decimal, PlainSerializer(lambda value: f"{value:f}", return_type=str)]


@dataclass(frozen=True, slots=True)
class ReconciliationAsked:
    """What to compare: days from `first_day` to `last_day`, both included, of one platform or all, by a model."""

    __pydantic_config__ = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"first_day": "2026-09-01", "last_day": "2026-09-30", "model": "last_touch"}
            ]
        },
    )

    first_day: date
    last_day: date
    platform: Annotated[
        str | None, Field(pattern="^[a-z][a-z0-9_]{0,39}$", description="null: all")
    ] = None
    model: Annotated[
        ModelName | None,
        Field(description="null: the model in force, if there is only one"),
    ] = None


@dataclass(frozen=True, slots=True)
class PlatformReport:
    """The sums of a platform's lines in a currency: `claimed_cents - verified_cents = ghost_cents - missed_cents`."""

    platform: str
    currency: CurrencyCode
    state: Literal["matched", "differs", "unknown"]
    lines: Annotated[int, Field(ge=0, description="campaigns' days whose claim is known")]
    claimed_cents: Annotated[
        Cents | None, Field(description="null: nothing that the platform claims is known")
    ]
    verified_cents: Annotated[Cents, Field(description="on the days whose claim is known")]
    reversed_cents: Annotated[
        Cents, Field(description="what refunds and disputes took from the verified money")
    ]
    ghost_cents: Annotated[Cents | None, Field(description="claimed and not verified")]
    missed_cents: Annotated[Cents | None, Field(description="verified and not claimed")]
    difference_bp: Annotated[
        Points | None, Field(description="in basis points of the verified money")
    ]
    timing_cents: Annotated[
        Cents, Field(description="in ghost and missed together: compensated by a neighbour day")
    ]
    unknown_lines: Annotated[int, Field(ge=0, description="campaigns' days whose claim is unknown")]
    unknown_verified_cents: Annotated[Cents, Field(description="verified on these")]
    attribution_settings: Annotated[
        list[str], Field(description="the settings that the claims were made by, as far as known")
    ]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Orders whose journeys have touches of both platforms: each may claim all of their money."""

    platform: str
    other_platform: str
    currency: CurrencyCode
    orders: int
    captured_cents: Cents


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A comparison as it was asked for, and how it ended."""

    id: UUID
    state: Literal["waiting", "done", "failed"]
    first_day: date
    last_day: date
    platform: str | None
    model_version: str
    time_zone: Annotated[str | None, Field(description="the zone of the days of orders")]
    orders: int | None
    left_out_orders: Annotated[
        int | None,
        Field(
            description="orders whose journeys could not be read, so that nothing of them is verified"
        ),
    ]
    unplaced: Annotated[
        dict[CurrencyCode, Cents],
        Field(
            description="credit of paid touches that could be of several platforms, or whose campaign was forgotten"
        ),
    ]
    error: Annotated[str | None, Field(description="the latest fault")]
    requested_by: str
    requested_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReconciliationReport:
    """A comparison with its sums, the overlaps of platforms, and what the figures mean."""

    reconciliation: Reconciliation
    platforms: list[PlatformReport]
    overlaps: list[Overlap]
    words: list[str]


@dataclass(frozen=True, slots=True)
class ReconciliationsPage:
    """A page of comparisons, the newest first."""

    data: list[Reconciliation]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class LineReport:
    """What a platform claims of a campaign's day, and what the ledger confirms; null for what is unknown."""

    platform: str
    account: Annotated[
        str, Field(description="empty, as the campaign, if touches could mean several campaigns")
    ]
    campaign: Annotated[
        str, Field(description="the id; of a campaign without one, `name:` and its name")
    ]
    campaign_name: Annotated[
        str | None,
        Field(
            description="the latest that was known of the campaign; the same on all of its lines"
        ),
    ]
    day: date
    currency: CurrencyCode
    claim_type: str | None
    attribution_setting: str | None
    claimed_cents: Cents | None
    verified_cents: Cents
    reversed_cents: Cents
    ghost_cents: Cents | None
    missed_cents: Cents | None
    difference_bp: Points | None
    timing_cents: Cents
    reason: Reason


@dataclass(frozen=True, slots=True)
class LinesPage:
    """A page of a comparison's lines, by platform, account, campaign, day and currency."""

    data: list[LineReport]
    next_cursor: str | None


_ASKED: Final = TypeAdapter(ReconciliationAsked)


def read_asked(body: bytes) -> ReconciliationAsked:
    """Return what a request's body asks for.

    Raises:
        InputInvalid: it is not such a document.
    """
    try:
        return _ASKED.validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in ("body", *first["loc"]))
        raise InputInvalid(
            f"{place}: {first['msg']}.",
            cure=f"Send first_day and last_day and, if you like, platform and a model: {', '.join(MODEL_NAMES)}.",
        ) from error


def asked_request_body() -> dict[str, Any]:
    """Return the OpenAPI description of the body that `read_asked` reads."""
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _ASKED.json_schema()}},
        }
    }
