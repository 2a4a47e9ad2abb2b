"""Items of `POST /v1/spend` and `/v1/claims`: what they may hold, and the day of a campaign that each describes."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from skeldir.clock import utc_now
from skeldir.errors import SkeldirError
from skeldir.ingest import COMMON_CHANNELS, RESERVED_CHANNELS
from skeldir.money import CURRENCIES, LARGEST_MINOR_UNITS, CurrencyCode
from skeldir.spend.classifying import PLATFORM_CODE, place_campaign
from skeldir.spend.days import (
    GIVEN,
    LONGEST_ACCOUNT,
    LONGEST_CAMPAIGN,
    MILLION,
    AdDay,
    AdKey,
    Figure,
    campaign_key,
    is_spoiled_id,
    plain_id,
)

LONGEST_LABEL: Final = 300
UNREADABLE: Final = object()
"""Stands for a line that is not JSON."""
FIRST_DAY: Final = date(2000, 1, 1)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,6})?", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")

CURES: Final[Mapping[str, str]] = {
    "json_invalid": "Send one valid JSON object for each item.",
    "item_not_an_object": "Send a JSON object with named fields.",
    "field_unknown": "Send only the fields that the API's reference names, with figures of costs and of claims apart.",
    "platform_invalid": "Use up to 40 small letters, digits and underscores, such as google_ads or meta.",
    "account_missing": "Name the ad account by its id, always in the same way.",
    "campaign_missing": "Name the campaign by campaign_id or, if the platform has none, by campaign_name.",
    "id_spoiled": "Send the id as the platform has it, as a text; a spreadsheet made a number of this one.",
    "day_invalid": "Write the day of the account's own time zone as 2026-09-01; tomorrow is the last.",
    "currency_unknown": "Use an active ISO 4217 code in capital letters.",
    "figure_missing": "Send cost_cents, or null if it is not known.",
    "figure_invalid": "Send whole numbers; a number that is not known is null, never 0.",
    "conversions_invalid": 'Send conversions as a number of at most six decimals, as a text: "12.5".',
    "claim_type_missing": "Name the one kind of conversions that these are, such as purchases.",
    "text_invalid": "Send the field as text without control characters, or leave it out.",
    "channel_missing": "Send channel; only campaigns of known platforms have one by themselves.",
    "channel_unknown": "Use a code of the common taxonomy or add your own with `skeldir channels add`.",
    "day_repeated": "Send each campaign and day once in a request, with the sums of its rows.",
    "day_stored_otherwise": "Send the campaign, account and currency as they were sent before.",
}
"""Code to cure, for every code that an item can be rejected with."""

Text = Annotated[str, Field(min_length=1, max_length=LONGEST_LABEL)]


class AdItem(BaseModel):
    """What an item of either kind is about."""

    platform: Annotated[
        str, Field(pattern=f"^{PLATFORM_CODE.pattern}$", description="such as `google_ads`")
    ]
    account: Annotated[
        str, Field(min_length=1, max_length=LONGEST_ACCOUNT, description="the ad account's id")
    ]
    campaign_id: Text | None = None
    campaign_name: Text | None = None
    campaign_type: Text | None = None
    day: Annotated[date, Field(description="a day of the ad account's own time zone")]
    currency: CurrencyCode
    channel: Annotated[
        str | None,
        Field(description="a channel code, which overrides the rules and stays for the campaign"),
    ] = None


class SpendItem(AdItem):
    """What a campaign cost on a day. Sent again with other figures, it restates the day."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "platform": "google_ads",
                    "account": "8779536058",
                    "campaign_id": "1042",
                    "campaign_name": "Brand",
                    "day": "2026-09-01",
                    "currency": "EUR",
                    "cost_cents": 12050,
                    "impressions": 4100,
                    "clicks": 210,
                }
            ]
        }
    )

    cost_cents: Annotated[
        int | None,
        Field(
            ge=-LARGEST_MINOR_UNITS,
            le=LARGEST_MINOR_UNITS,
            description="the currency's smallest unit; null if it is not known",
        ),
    ]
    impressions: Annotated[int | None, Field(ge=0, le=LARGEST_MINOR_UNITS)] = None
    clicks: Annotated[int | None, Field(ge=0, le=LARGEST_MINOR_UNITS)] = None


class ClaimItem(AdItem):
    """What a platform claims a campaign brought on a day, of one kind of conversions."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "platform": "meta",
                    "account": "5550001",
                    "campaign_id": "120211",
                    "day": "2026-09-01",
                    "currency": "EUR",
                    "claim_type": "purchases",
                    "conversions": "12.5",
                    "value_cents": 99900,
                    "attribution_setting": "7-day click or 1-day view",
                }
            ]
        }
    )

    claim_type: Text
    conversions: Annotated[
        str | None,
        Field(
            pattern=r"^[0-9]{1,15}(\.[0-9]{1,6})?$",
            description="may be a fraction; null: not known",
        ),
    ] = None
    value_cents: Annotated[int | None, Field(ge=-LARGEST_MINOR_UNITS, le=LARGEST_MINOR_UNITS)] = (
        None
    )
    attribution_setting: Text | None = None


class AdItemRejected(SkeldirError):
    """One item is not acceptable; the rest of the batch is recorded."""

    code = "spend_item_rejected"
    status = 422
    title = "The item is not acceptable"
    item_code = ""


def rejected(code: str, detail: str) -> AdItemRejected:
    """Return the error for an item, with the cure of its code."""
    error = AdItemRejected(detail, cure=CURES[code])
    error.item_code = code
    return error


def read_spend(item: object, own_channels: Collection[str]) -> AdDay:
    """Return the day that an item of `/v1/spend` describes. Raises AdItemRejected."""
    fields = _fields_of(item, SpendItem)
    if "cost_cents" not in fields:
        raise rejected("figure_missing", "The item has no cost_cents.")
    figures: dict[str, Figure] = {"cost_cents": _whole(fields, "cost_cents", is_signed=True)}
    for name in ("impressions", "clicks"):
        if name in fields:
            figures[name] = _whole(fields, name)
    return _day_of(fields, figures, own_channels)


def read_claim(item: object, own_channels: Collection[str]) -> AdDay:
    """Return the day that an item of `/v1/claims` describes. Raises AdItemRejected."""
    fields = _fields_of(item, ClaimItem)
    claim_type = _text(fields, "claim_type")
    if claim_type is None:
        raise rejected("claim_type_missing", "The item has no claim_type.")
    figures: dict[str, Figure] = {
        "claim_type": claim_type,
        "claims_millionths": _millionths(fields.get("conversions")),
        "claimed_cents": _whole(fields, "value_cents", is_signed=True),
        "attribution_setting": _text(fields, "attribution_setting"),
    }
    return _day_of(fields, figures, own_channels)


def _fields_of(item: object, kind: type[AdItem]) -> Mapping[str, object]:
    if item is UNREADABLE:
        raise rejected("json_invalid", "The line is not JSON.")
    if not isinstance(item, dict):
        raise rejected("item_not_an_object", "The item is not a JSON object.")
    # A figure under a misspelled name would be lost, and nobody would see it.
    if unknown := sorted(item.keys() - kind.model_fields.keys()):
        raise rejected("field_unknown", f"Such an item has no field {unknown[0][:40]!r}.")
    return item


def _day_of(
    fields: Mapping[str, object], figures: dict[str, Figure], own_channels: Collection[str]
) -> AdDay:
    platform = fields.get("platform")
    if not isinstance(platform, str) or not PLATFORM_CODE.fullmatch(platform):
        raise rejected("platform_invalid", "The platform is not a code.")
    account = _text(fields, "account", LONGEST_ACCOUNT)
    if account is None:
        raise rejected("account_missing", "The item names no account.")
    name = _text(fields, "campaign_name", LONGEST_CAMPAIGN)
    campaign_id = _text(fields, "campaign_id", LONGEST_CAMPAIGN)
    if is_spoiled_id(account) or (campaign_id is not None and is_spoiled_id(campaign_id)):
        raise rejected(
            "id_spoiled", "The account's or campaign's id was changed as if it were a number."
        )
    campaign = campaign_key(campaign_id, name)
    if campaign is None:
        raise rejected("campaign_missing", "The item names no campaign.")
    currency = fields.get("currency")
    if not isinstance(currency, str) or currency not in CURRENCIES:
        raise rejected("currency_unknown", "The currency is not the code of a currency.")
    key = AdKey(platform, plain_id(account), campaign, _day(fields.get("day")), currency)
    channel = _text(fields, "channel")
    if channel is not None:
        if channel in RESERVED_CHANNELS or not (
            channel in COMMON_CHANNELS or channel in own_channels
        ):
            raise rejected("channel_unknown", "The channel is none that spend can be in.")
        return AdDay(key, name, figures, channel, GIVEN)
    placement = place_campaign(platform, name, _text(fields, "campaign_type"))
    if placement is None:
        raise rejected("channel_missing", "The platform is not known, and no channel is given.")
    return AdDay(key, name, figures, placement.channel, placement.rule)


def _text(fields: Mapping[str, object], name: str, longest: int = LONGEST_LABEL) -> str | None:
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > longest or _CONTROL.search(value):
        raise rejected("text_invalid", f"{name} is not a text of at most {longest} characters.")
    return value.strip() or None


def _day(value: object) -> date:
    try:
        day = (
            date.fromisoformat(value) if isinstance(value, str) and _DAY.fullmatch(value) else None
        )
    except ValueError:
        day = None
    if day is None or not FIRST_DAY <= day <= utc_now().date() + timedelta(days=1):
        raise rejected("day_invalid", "The day is not one that can be.")
    return day


def _whole(fields: Mapping[str, object], name: str, *, is_signed: bool = False) -> int | None:
    value = fields.get(name)
    if value is None:
        return None
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if not isinstance(value, int) or not is_number or abs(value) > LARGEST_MINOR_UNITS:
        raise rejected("figure_invalid", f"{name} is not a whole number within the limits.")
    if value < 0 and not is_signed:
        raise rejected("figure_invalid", f"{name} is negative.")
    return value


def _millionths(value: object) -> int | None:
    if value is None:
        return None
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _NUMBER.fullmatch(text):
        raise rejected("conversions_invalid", "conversions is not a plain number.")
    millionths = int(Decimal(text) * MILLION)
    if millionths > LARGEST_MINOR_UNITS:
        raise rejected("conversions_invalid", "conversions is too large.")
    return millionths
