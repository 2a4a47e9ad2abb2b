"""The moments whose reports can still be made: how fine they are, and what the tenant's days were then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeAlias
from uuid import UUID

from pydantic import Field

from skeldir.days import UTC_RULES, ZoneRules
from skeldir.errors import SkeldirError
from skeldir.rollups.journal import last_end_before
from skeldir.rollups.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection


KnownAt: TypeAlias = Annotated[
    datetime | None,
    Field(
        description="the moment that the report is of: `known_at`, or the end of an hour or day before it if that is "
        "too long ago to tell more finely; null for now"
    ),
]
"""The moment that a report is of."""


class MomentNotKnown(SkeldirError):
    """No report can be made of the moment: it is still to come, or the tenant did not exist yet."""

    code = "moment_not_known"
    status = 422
    title = "Nothing is known of this moment"


class ConvertedNowOnly(SkeldirError):
    """Reports of earlier moments, and comparisons, are in the currencies of the facts."""

    code = "converted_now_only"
    status = 422
    title = "Only the report of now can be converted"


def require_of_now(*asked: object) -> None:
    """Raise `ConvertedNowOnly` if one of these, what a converted report asks for beside the conversion, is given."""
    if any(one is not None for one in asked):
        raise ConvertedNowOnly(
            "A report of an earlier moment, or a comparison, cannot be converted.",
            cure="Leave out `convert`, or `known_at` and `compare`.",
        )


@dataclass(frozen=True, slots=True)
class KnownMoment:
    """A moment of which reports can be made, aware, in UTC, and the rules of the time zone in force then."""

    moment: datetime
    rules: ZoneRules


async def find_known_moment(
    connection: Connection, tenant_id: UUID, wanted: datetime
) -> KnownMoment:
    """Return the latest moment, at or before `wanted`, whose sums of credit are still distinguishable from later ones.

    That is `wanted` itself for two days, and then the last end of an hour, or after ninety days of a day in UTC.

    Raises:
        MomentNotKnown: `wanted` is in the future, or before the tenant was created.
    """
    bounds = await queries.select_bounds_of_moments(connection, tenant_id=tenant_id)
    if wanted > bounds["read_at"]:
        raise MomentNotKnown(
            f"{_write(wanted)} is still to come.",
            cure="Give a moment in the past; what is known now needs no moment.",
        )
    moment = last_end_before(wanted, now=bounds["read_at"])
    if moment < bounds["created_at"]:
        raise MomentNotKnown(
            f"At {_write(moment)} the tenant did not exist yet.",
            cure=f"Give a moment after {_write(bounds['created_at'])}; one more than two days old counts as the full "
            "hour before it, and one more than ninety days old as the start of its day in UTC.",
        )
    zone = await queries.select_time_zone_at(connection, tenant_id=tenant_id, moment=moment)
    if zone is None:
        return KnownMoment(moment, UTC_RULES)
    rules = ZoneRules(zone["time_zone"], tuple(zone["changes"]), tuple(zone["offsets_s"]))
    return KnownMoment(moment, rules)


async def find_latest_moment(connection: Connection, tenant_id: UUID) -> datetime:
    """Return the moment up to which this server knows what is recorded."""
    bounds = await queries.select_bounds_of_moments(connection, tenant_id=tenant_id)
    return bounds["read_at"]


def _write(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
