"""Fits of files that count paths: what the counts say, and what others computed for the field's file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from skeldir.attribution import (
    count_sets,
    count_transitions,
    removal_effects,
    shapley_values,
)
from skeldir.db.pool import Database
from skeldir.fits import MARKOV, SHAPLEY, Fit, FitAsked, find_fit, fit_model
from tests.support.path_files import DAY, take, write_paths
from tests.support.walks import DATA, PATH_DATA, Walk, columns

MARKOV_ASKED = FitAsked(MARKOV, DAY, DAY, chain_order=1, collapse_repeats=False, draws=100)
SHAPLEY_ASKED = replace(MARKOV_ASKED, model=SHAPLEY, chain_order=None, collapse_repeats=None)
CHANNELS = ("channel_0", "channel_1", "channel_2", "channel_3")
# Channels of a path, its conversions, their value in cents, and its nulls.
COUNTS = (
    ((0, 1), 40, 12_345, 90),
    ((1,), 30, 999, 150),
    ((0, 1, 0, 2), 25, 50_000, 10),
    ((2, 2), 15, 7, 200),
    ((3, 0), 5, 0, 70),
)


async def fit(db: Database, tenant: UUID, asked: FitAsked) -> Fit:
    version = await fit_model(db, tenant, asked, made_by="test")
    async with db.tenant(tenant, is_read_only=True) as connection:
        return await find_fit(connection, tenant, version)


async def test_a_fit_of_an_imported_file_is_that_of_its_counts(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    rows = (
        f"{' > '.join(CHANNELS[c] for c in path)},{orders},{cents // 100}.{cents % 100:02},{nulls}"
        for path, orders, cents, nulls in COUNTS
    )
    await take(db, tenant, write_paths(tmp_path / "paths.csv", rows))
    walked = [
        Walk(path, cents if number == 0 else 0)
        for path, orders, cents, _ in COUNTS
        for number in range(orders)
    ] + [Walk(path, None) for path, _, _, nulls in COUNTS for _ in range(nulls)]
    journeys = columns(walked)
    chain = removal_effects(count_transitions(journeys, 1, collapse_repeats=False))
    fitted = (await fit(db, tenant, MARKOV_ASKED)).result
    assert [c.channel for c in fitted.channels] == list(CHANNELS)
    effects = [c.removal_effect.value for c in fitted.channels if c.removal_effect is not None]
    assert effects == pytest.approx(chain.conversions[0].tolist(), abs=1e-12)
    assert sum(c.earnings[0].cents for c in fitted.channels) == sum(one[2] for one in COUNTS)
    shares = (await fit(db, tenant, SHAPLEY_ASKED)).result.channels
    exact = shapley_values(count_sets(journeys).conversions.sum(axis=0))
    assert [c.conversions.value for c in shares] == pytest.approx(exact.tolist(), abs=1e-9)


@pytest.mark.slow
@pytest.mark.skipif(not PATH_DATA.exists(), reason="the public file is not here")
async def test_the_fields_file_gives_the_numbers_that_others_computed(
    db: Database, tenant: UUID
) -> None:
    report = await take(db, tenant, PATH_DATA, at_once=10_000, rounds=True)
    assert (report.done.rows_done, report.done.rejected) == (88_387, 0)
    assert report.done.touches_accepted == 378_209
    markov = await fit(db, tenant, MARKOV_ASKED)
    assert (markov.fit.journeys, markov.fit.conversions) == (88_387, 19_785)
    golden = json.loads((DATA / "golden" / "pathdata_markov_order1.json").read_text())
    assert len(markov.result.channels) == len(golden["channels"])
    for channel in markov.result.channels:
        expected = golden["channels"][channel.channel]
        assert channel.removal_effect is not None
        assert abs(channel.removal_effect.value - expected["removal_effect"]) < 1e-12
        assert abs(channel.conversions.value - expected["conversions"]) < 1e-8
    assert sum(c.earnings[0].cents for c in markov.result.channels) == 7_480_297
    shapley = await fit(db, tenant, SHAPLEY_ASKED)
    golden = json.loads((DATA / "golden" / "pathdata_shapley.json").read_text())
    for channel in shapley.result.channels:
        assert abs(channel.conversions.value - golden["conversions"][channel.channel]) < 1e-9
    assert sum(c.earnings[0].cents for c in shapley.result.channels) == 7_480_297
