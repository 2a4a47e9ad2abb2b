"""Lift tests beside what models credit on the same days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.fits import Fit, find_fits, list_fits
from skeldir.lifts.comparing import compare
from skeldir.lifts.schemas import LiftTest, ModelFigure
from skeldir.lifts.stating import MILLION, LiftKey, Measured, in_words
from skeldir.lifts.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection

MOST_LISTED: Final = 200
_PPT: Final = 10**12
_MOST_KNOWN: Final = 1_000_000
_Figures = dict[int, list[ModelFigure]]


@dataclass(frozen=True, slots=True)
class StoredTest:
    """The latest revision of a lift test."""

    measured: Measured
    revision: int
    source: str
    recorded_at: datetime
    recorded_by: str


async def read_measured(
    connection: Connection,
    tenant_id: UUID,
    experiments: Sequence[str] | None = None,
    *,
    most: int = _MOST_KNOWN,
) -> list[StoredTest]:
    """Return the latest revisions of the transaction's tenant, those of the latest days first."""
    rows = await queries.select_lift_tests(
        connection,
        tenant_id=tenant_id,
        experiments=None if experiments is None else list(experiments),
        most=most,
    )
    return [
        StoredTest(
            Measured(
                LiftKey(
                    row["experiment"],
                    row["channel_code"],
                    row["measure"],
                    row["currency"],
                ),
                row["first_day"],
                row["last_day"],
                row["incremental"],
                row["lower_end"],
                row["upper_end"],
                row["level_percent"],
            ),
            row["revision"],
            row["source"],
            row["recorded_at"],
            row["recorded_by"],
        )
        for row in rows
    ]


async def list_lift_tests(
    connection: Connection, tenant_id: UUID, *, most: int = MOST_LISTED
) -> list[LiftTest]:
    """Return the tests of the transaction's tenant with what models credit, those of the latest days first.

    The models are those in force, and of fits of just the days of a test the latest of each model. Use a transaction
    that is one snapshot, such as a read-only one.
    """
    stored = await read_measured(connection, tenant_id, most=most)
    tests = [one.measured for one in stored]
    in_force = await _credit(connection, tenant_id, tests)
    by_fits = await _fitted(connection, tenant_id, tests)
    return [
        LiftTest(
            experiment=test.key.experiment,
            channel=test.key.channel,
            measure=test.key.measure,
            currency=test.key.currency or None,
            first_day=test.first_day,
            last_day=test.last_day,
            incremental=in_words(test.key, test.incremental),
            lower=in_words(test.key, test.lower),
            upper=in_words(test.key, test.upper),
            level_percent=test.level_percent,
            revision=one.revision,
            source=one.source,
            recorded_at=one.recorded_at,
            recorded_by=one.recorded_by,
            models=[*in_force[place], *by_fits[place]],
        )
        for place, (one, test) in enumerate(zip(stored, tests, strict=True))
    ]


async def _credit(connection: Connection, tenant_id: UUID, tests: Sequence[Measured]) -> _Figures:
    """Return what the models in force credit, by the place of the test."""
    found: _Figures = defaultdict(list)
    if not tests:
        return found
    rows = await queries.select_credit_of_channels(
        connection,
        tenant_id=tenant_id,
        channels=[test.key.channel for test in tests],
        first_days=[test.first_day for test in tests],
        last_days=[test.last_day for test in tests],
        currencies=[test.key.currency for test in tests],
    )
    for row in rows:
        test = tests[row["place"] - 1]
        # Sums of parts of 10 ** 12 are exact; millionths are shown.
        millionths = round(Decimal(row["conversion_ppt"]) * MILLION / _PPT)
        credited = millionths if test.key.measure == "conversions" else row["credited_cents"]
        found[row["place"] - 1].append(compare(test, row["model_version"], credited, is_fit=False))
    return found


async def _fitted(connection: Connection, tenant_id: UUID, tests: Sequence[Measured]) -> _Figures:
    """Return what the latest fits of just the days of a test credit, by the place of the test."""
    found: _Figures = defaultdict(list)
    days = {(test.first_day, test.last_day) for test in tests}
    latest: dict[tuple[date, date], dict[str, str]] = defaultdict(dict)
    for fit in await list_fits(connection, tenant_id) if tests else ():
        if (fit.first_day, fit.last_day) in days:
            latest[fit.first_day, fit.last_day].setdefault(fit.model, fit.version)
    wanted = [version for versions in latest.values() for version in versions.values()]
    fits = await find_fits(connection, tenant_id, wanted) if wanted else {}
    for place, test in enumerate(tests):
        for _, version in sorted(latest[test.first_day, test.last_day].items()):
            credited = _of_fit(fits[version], test.key)
            found[place].append(compare(test, version, credited, is_fit=True))
    return found


def _of_fit(fit: Fit, key: LiftKey) -> int:
    """Return what a fit says a channel earned: minor units, or millionths of conversions."""
    for channel in fit.result.channels:
        if channel.channel != key.channel:
            continue
        if key.measure == "conversions":
            return round(channel.conversions.value * MILLION)
        return sum(each.cents for each in channel.earnings if each.currency == key.currency)
    return 0
