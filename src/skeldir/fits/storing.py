"""Fits as versions: made once, numbered, and never changed."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson
from pydantic import TypeAdapter

from skeldir.db import wait_for_lock
from skeldir.fits.fitting import make_fit
from skeldir.fits.keeping import read_journeys
from skeldir.fits.refusals import FitUnknown
from skeldir.fits.schemas import Fit, FitResult, FitSummary
from skeldir.fits.store import queries

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from skeldir.db import Connection, Database
    from skeldir.fits.asking import FitAsked

MOST_LISTED: Final = 200
_VERSION: Final = re.compile(r"(markov|shapley)@([1-9][0-9]{0,8})")
_RESULT: Final = TypeAdapter(FitResult)


async def fit_model(
    database: Database,
    tenant_id: UUID,
    asked: FitAsked,
    *,
    made_by: str,
    most_steps: int | None = None,
    with_it: Callable[[Connection, int], Awaitable[None]] | None = None,
) -> str:
    """Read the journeys, make a fit of them, store it as the next version of its model, and return that version.

    Ingestion goes on: facts are read in one snapshot, and nothing is locked until the version is numbered. Their
    journeys are kept for the next fit (see `keeping`). `with_it` gets the number, and belongs to the same transaction:
    what it refuses is not stored. `make_fit` gets `most_steps`.

    Raises:
        FitInvalid: there is no such fit.
        FitTooSmall: there are too few journeys; there is no new version.
        FitTooLong: it would take more than `most_steps`.
        TouchesForgotten: the tenant does not keep touches for that long.
        ChannelsTooMany: there are too many channels.
    """
    asked.require_valid()
    read = await read_journeys(
        database, tenant_id, asked.first_day, asked.last_day, asked.lookback_days
    )
    fitted = await asyncio.to_thread(make_fit, read.journeys, asked, most_steps=most_steps)
    result = replace(
        fitted.result,
        without_touch=read.without_touch,
        without_key=read.without_key,
        over_refunded=read.over_refunded,
    )
    async with database.tenant(tenant_id) as connection:
        await wait_for_lock(connection, f"fits {tenant_id}")
        last = await queries.select_last_version(connection, tenant_id=tenant_id, model=asked.model)
        version = 1 + last
        await queries.insert_fit(
            connection,
            tenant_id=tenant_id,
            model=asked.model,
            version=version,
            made_by=made_by,
            first_day=asked.first_day,
            last_day=asked.last_day,
            lookback_days=asked.lookback_days,
            chain_order=fitted.chain_order,
            collapse_repeats=asked.collapse_repeats,
            level_percent=asked.level_percent,
            draws=asked.draws,
            seed=asked.seed,
            journeys=fitted.journeys,
            conversions=fitted.conversions,
            touches=fitted.touches,
            data_sha256=fitted.data_sha256,
            result=orjson.dumps(result).decode(),
        )
        if with_it is not None:
            await with_it(connection, version)
    return f"{asked.model}@{version}"


async def list_fits(connection: Connection, tenant_id: UUID) -> list[FitSummary]:
    """Return the fits of the transaction's tenant, the newest first, MOST_LISTED at most."""
    rows = await queries.select_fits(connection, tenant_id=tenant_id, most=MOST_LISTED)
    return [FitSummary(**row) for row in rows]


async def find_fit(connection: Connection, tenant_id: UUID, version: str) -> Fit:
    """Return a fit of the transaction's tenant by its version, such as markov@3.

    Raises:
        FitUnknown: there is none.
    """
    found = await find_fits(connection, tenant_id, [version])
    if version not in found:
        raise FitUnknown(
            f'The tenant has no fit "{version}".',
            cure="`skeldir models fits` and GET /v1/fits list them.",
        )
    return found[version]


async def find_fits(
    connection: Connection, tenant_id: UUID, versions: Iterable[str]
) -> dict[str, Fit]:
    """Return the fits of the transaction's tenant that have these versions, by version."""
    named = [match for version in versions if (match := _VERSION.fullmatch(version))]
    models, numbers = [match[1] for match in named], [int(match[2]) for match in named]
    rows = await queries.select_named_fits(
        connection, tenant_id=tenant_id, models=models, numbers=numbers
    )
    results = await queries.select_results(
        connection, tenant_id=tenant_id, models=models, numbers=numbers
    )
    found = {row["version"]: _RESULT.validate_json(row["result"]) for row in results}
    return {row["version"]: Fit(FitSummary(**row), found[row["version"]]) for row in rows}
