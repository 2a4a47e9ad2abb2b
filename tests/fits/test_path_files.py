"""Fits of files that count paths: what the counts say, and what others computed for the field's file."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from uuid import UUID

import pytest

from skeldir.attribution import (
    count_sets,
    count_transitions,
    define_models,
    removal_effects,
    shapley_values,
)
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.fits import MARKOV, SHAPLEY, Fit, FitAsked, activate_fit, find_fit, fit_model
from skeldir.matviews import refresh_view
from skeldir.rollups import roll_up_dirty_days
from tests.support.credit import credit_until_complete
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


@pytest.mark.slow
@pytest.mark.skipif(not PATH_DATA.exists(), reason="the public file is not here")
async def test_the_published_view_has_the_credit_that_golden_effects_give_to_the_cent(
    db: Database, tenant: UUID
) -> None:
    await take(db, tenant, PATH_DATA, at_once=10_000, rounds=True)
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant)
    golden = {}
    for asked, file, key in (
        (MARKOV_ASKED, "pathdata_markov_order1.json", "channels"),
        (SHAPLEY_ASKED, "pathdata_shapley.json", "conversions"),
    ):
        version = await fit_model(db, tenant, asked, made_by="test")
        async with db.tenant(tenant) as connection:
            await activate_fit(connection, tenant, version, changed_by="test")
        found = json.loads((DATA / "golden" / file).read_text())[key]
        golden[version] = {
            channel: Fraction(of["removal_effect"] if key == "channels" else of)
            for channel, of in found.items()
        }
    await credit_until_complete(db, tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)
    refreshed = await refresh_view(db, "mv_channel_performance", requested_at=utc_now())
    assert refreshed.outcome == "success"
    async with db.tenant(tenant, is_read_only=True) as connection:
        orders = await connection.fetch(
            """SELECT l.amount_cents AS cents, t.path
               FROM revenue_ledger l
               JOIN (SELECT journey_key, array_agg(DISTINCT channel_code COLLATE "C") AS path
                     FROM attribution_events GROUP BY 1) t USING (journey_key)"""
        )
        shown = await connection.fetch(
            """SELECT model_version, channel_code, sum(credited_cents)::bigint AS cents,
                      sum(credited_conversions) AS conversions
               FROM channel_performance WHERE model_version = ANY($1) GROUP BY 1, 2""",
            list(golden),
        )
    assert len(orders) == 19_785
    for version, effects in golden.items():
        wanted = dict.fromkeys(effects, 0)
        parts = dict.fromkeys(effects, 0)
        for order in orders:
            weights = {channel: effects[channel] for channel in order["path"]}
            for channel, cents in divide(order["cents"], weights).items():
                wanted[channel] += cents
            for channel, part in divide(10**12, weights).items():
                parts[channel] += part
        of_version = [row for row in shown if row["model_version"] == version]
        assert {row["channel_code"]: row["cents"] for row in of_version} == wanted
        assert sum(wanted.values()) == 7_480_297
        for row in of_version:
            # A golden effect and the fit's differ by 10^-12 at most, and so do the parts of each conversion.
            assert abs(int(row["conversions"] * 10**12) - parts[row["channel_code"]]) < 19_785 * 10


def divide(total: int, weights: dict[str, Fraction]) -> dict[str, int]:
    """Divide by largest remainder, the first channel by its code among equals."""
    whole = sum(weights.values())
    exact = {channel: total * weight / whole for channel, weight in weights.items()}
    parts = {channel: int(share) for channel, share in exact.items()}
    left = total - sum(parts.values())
    for channel in sorted(exact, key=lambda each: (parts[each] - exact[each], each))[:left]:
        parts[channel] += 1
    return parts
