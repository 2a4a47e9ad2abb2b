"""Request and response shapes of exchange rates, and of what a converted report says of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from skeldir.errors import InputInvalid
from skeldir.money import CurrencyCode

MOST_RATES: Final = 1_000
MOST_BYTES: Final = 1024 * 1024

SourceCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", examples=["ecb"])]
RateText = Annotated[
    str,
    Field(
        pattern=r"^[0-9]+(\.[0-9]+)?$",
        description="a decimal as text: how many units of the quote one unit of the base is",
        examples=["1.0850"],
    ),
]


@dataclass(frozen=True, slots=True)
class RateRevision:
    """A rate as it was recorded: one unit of `base` is `rate` units of `quote`."""

    source: str
    base: CurrencyCode
    quote: CurrencyCode
    day: date
    revision: Annotated[int, Field(ge=1)]
    rate: RateText
    reason: Annotated[
        str, Field(description="the file or route that it came by, or why it was set")
    ]
    recorded_by: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class RatesPage:
    """A page of rates, by source, quote, day and revision."""

    data: list[RateRevision]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class RatesReceipt:
    """`new + restated + unchanged` is the number of different rates that were sent."""

    new: int
    restated: Annotated[
        int, Field(description="rates that a day had otherwise; these stay readable")
    ]
    unchanged: int


@checked_dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class RateItem:
    """A rate of a day."""

    day: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$", examples=["2026-09-01"])]
    quote: CurrencyCode
    rate: RateText


@checked_dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class RatesSent:
    """What `POST /v1/rates` takes; one wrong rate refuses all of them."""

    source: SourceCode
    base: Annotated[CurrencyCode, Field(description="each rate is for one unit of it")]
    rates: Annotated[list[RateItem], Field(min_length=1, max_length=MOST_RATES)]
    accept_jumps: Annotated[
        bool, Field(description="record rates that are twice or half those of the days before")
    ] = False


_SENT = TypeAdapter(RatesSent)


def read_rates_sent(body: bytes) -> RatesSent:
    """Return what a request's body states. Raises InputInvalid, which names what is wrong."""
    try:
        return _SENT.validate_json(body, strict=True)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, ('body', *fault['loc'])))}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)[:5]
        )
        raise InputInvalid(faults, cure="Correct the named fields and send it again.") from error


def rates_request_body() -> dict[str, Any]:
    """Return the OpenAPI description of the body that `read_rates_sent` reads."""
    schema = _SENT.json_schema(ref_template="#/components/schemas/{model}")
    parts = schema.pop("$defs")
    schema["properties"]["rates"]["items"] = parts["RateItem"]
    example = {
        "source": "treasury",
        "base": "EUR",
        "rates": [{"day": "2026-09-01", "quote": "USD", "rate": "1.0850"}],
    }
    return {
        "requestBody": {
            "required": True,
            "description": f"At most {MOST_RATES} rates and 1 MiB; Content-Encoding: gzip is accepted.",
            "content": {"application/json": {"schema": schema | {"examples": [example]}}},
        }
    }
