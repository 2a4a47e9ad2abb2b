"""Claim: data-driven models cost little more than reading the touches, and a fraction of what other packages take.

A generated 1,000,000 journeys with 4.3 million touches of 12 channels, and 10 million touches; 5 % convert. Raw touches
are in time order, as they were recorded, with a journey number and a channel each: putting those of a journey together
is part of what is measured. The same is measured for touches in the order of journeys, as an index returns them. Each
figure is the median of five runs, in a process of its own that reads the data from a file, with its largest memory
above that. A thousand draws of the posterior of 12 channels must take at most 50 ms.

With `--peers`, ChannelAttribution gets the same touches as a Polars frame, with Polars making its paths; it must take
50 times as long for Markov chains, and 10 times for all models, although it has only three of the six rules and no
Shapley values. marketing_attribution_models and do-attribution get the first journeys only. With `--postgres`, a fit
is made from a database: at first from the facts, and then, in a new process, from the journeys that the first one kept;
a peer that reads the same touches by COPY must take 5 times as long as this. After one more day of facts, which the
job has added to the kept journeys, the effects must be found within 100 ms.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from argparse import Namespace
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from bench.fitted_database import (
    DAYS,
    add_a_day,
    let_time_pass,
    load_journeys,
    measure_effects,
    measure_fits,
    measure_keeping,
)
from bench.peers.environments import (
    CHANNEL_ATTRIBUTION,
    DO_ATTRIBUTION,
    HOME,
    MARKETING_MODELS,
    install,
)
from bench.peers.measured import Measured
from bench.support import durable_place, make_parser, show_ratio, show_table
from bench.touches import (
    NAMES,
    RawTouches,
    divide_touches,
    group_touches,
    make_touches,
)
from skeldir.attribution import (
    JourneyColumns,
    bootstrap_effects,
    bootstrap_shapley,
    count_sets,
    count_transitions,
    posterior_effects,
    removal_effects,
    shapley_values,
)
from skeldir.attribution.engine import Engine
from skeldir.attribution.models import RULE_MODELS, ModelVersion
from skeldir.clock import utc_now
from skeldir.fits import MARKOV, FitAsked, make_fit

JOURNEYS = 1_000_000
MORE_JOURNEYS = 2_330_000
"""Of 10 million touches."""

JOURNEYS_OF_SLOW_PEERS = 100_000
DRAWS = 1_000
MOST_MS_OF_DRAWS = 50
LEAST_MARKOV = 50
LEAST_ALL = 10
LEAST_COLD = 5
MOST_MS_WARM = 100
REPEATS = 5
_DAY = date(2026, 1, 1)


def fit_markov(journeys: JourneyColumns) -> None:
    """Find the removal effects for conversions and value."""
    removal_effects(count_transitions(journeys, parts=1))


def fit_all(touches: RawTouches) -> None:
    """From raw touches to the credit of all six rule models, removal effects, and Shapley values, each with value."""
    grouped = group_touches(touches)
    journeys = grouped.journeys
    fit_markov(journeys)
    sets = count_sets(journeys, parts=1)
    shapley_values(sets.conversions[0])
    shapley_values(sets.values["EUR"][0])
    engine = Engine(grouped.orders())
    for name in RULE_MODELS:
        engine.evaluate(ModelVersion(f"{name}@1", name))


def _asked(order: int | None, draws: int) -> FitAsked:
    return FitAsked(
        MARKOV, _DAY, _DAY, chain_order=order, collapse_repeats=False, draws=draws, seed=1
    )


Prepared = Callable[[], object]
"""What is measured, with everything before it done."""

TIME_ORDER = "touches in time order to Markov, conversions and value"
JOURNEY_ORDER = "touches in the order of journeys to Markov, conversions and value"
ALL_MODELS = "touches in time order to six rules, Markov and Shapley"
POSTERIOR = "1,000 draws of the posterior"
MEASURED: Mapping[str, Callable[[RawTouches], Prepared]] = {
    TIME_ORDER: lambda raw: lambda: fit_markov(group_touches(raw).journeys),
    JOURNEY_ORDER: lambda raw: (
        lambda sorted_touches: lambda: fit_markov(divide_touches(sorted_touches))
    )(raw.by_journey()),
    ALL_MODELS: lambda raw: lambda: fit_all(raw),
    "journeys to Markov, conversions and value": lambda raw: (
        lambda journeys: lambda: fit_markov(journeys)
    )(group_touches(raw).journeys),
    "journeys to counts of order 4 by shard": lambda raw: (
        lambda journeys: lambda: count_transitions(journeys, 4)
    )(group_touches(raw).journeys),
}
OF_COUNTS: Mapping[str, Callable[[RawTouches], Prepared]] = {
    "journeys to a fit of order 1, with all intervals": lambda raw: (
        lambda journeys: lambda: make_fit(journeys, _asked(1, DRAWS))
    )(group_touches(raw).journeys),
    POSTERIOR: lambda raw: (lambda counts: lambda: posterior_effects(counts, DRAWS, 1))(
        count_transitions(group_touches(raw).journeys)
    ),
    "1,000 draws of the bootstrap, conversions and value": lambda raw: (
        lambda counts: lambda: bootstrap_effects(counts, DRAWS, 1)
    )(count_transitions(group_touches(raw).journeys)),
    "1,000 draws of the bootstrap of Shapley values": lambda raw: (
        lambda sets: lambda: bootstrap_shapley(sets, DRAWS, 1)
    )(count_sets(group_touches(raw).journeys)),
}


def _fit_of(order: int | None, draws: int) -> Callable[[RawTouches], Prepared]:
    def prepare(raw: RawTouches) -> Prepared:
        journeys = group_touches(raw).journeys
        return lambda: make_fit(journeys, _asked(order, draws))

    return prepare


LARGE: Mapping[str, Callable[[RawTouches], Prepared]] = {
    "journeys to a fit of order 1, 1,000 draws": _fit_of(1, DRAWS),
    "journeys to a fit of the order that is chosen, 20 draws": _fit_of(None, 20),
    "journeys to a fit of order 4, 2 draws": _fit_of(4, 2),
}
"""Fits whose memory is of interest, which does not depend on the number of draws."""


COLUMNS = ("", "elapsed, ms", "processor, ms", "memory peak above the data, MiB")


def write_touches(journeys: int, file: Path) -> None:
    """Generate touches into a file, for us and for peers."""
    raw = make_touches(journeys)
    arrays = {field.name: getattr(raw, field.name) for field in fields(RawTouches)}
    np.savez(file, names=np.array(NAMES), **arrays)


def measure_one(name: str, file: Path, repeats: int) -> Measured:
    """Measure in this process, which does nothing else."""
    with np.load(file) as arrays:
        raw = RawTouches(**{field.name: arrays[field.name] for field in fields(RawTouches)})
    prepared = (MEASURED | OF_COUNTS | LARGE)[name](raw)
    return Measured.of(prepared, repeats)


def alone(task: Callable[..., Any], *arguments: object) -> Any:
    """Run in a process of its own, and return the result."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as process:
        return process.submit(task, *arguments).result()


def measure_ours(names: list[str], file: Path, repeats: int, title: str) -> dict[str, Measured]:
    """Measure everything, one after another, and print the figures."""
    found = {name: alone(measure_one, name, file, repeats) for name in names}
    show_table(
        f"Ours: {title}, medians of {repeats} {load()}",
        COLUMNS,
        [[name, *one.figures] for name, one in found.items()],
    )
    return found


def measure_peers(
    ours: Mapping[str, Measured], file: Path, repeats: int, title: str, options: Namespace
) -> None:
    """Let the fastest peer do the same, and print the ratios."""
    peer = install(CHANNEL_ATTRIBUTION, options.peers_home)
    answers = {
        cores: peer.ask("measure", data=str(file), repeats=repeats, cores=cores).result
        for cores in (1, 2)
    }
    tasks = {
        "paths by Polars": "paths",
        "Markov, conversions and value": "markov",
        "three rules and Markov": "rules and markov",
    }
    show_table(
        f"{CHANNEL_ATTRIBUTION.name} with Polars: {title}, medians of {repeats} {load()}",
        COLUMNS,
        [
            [f"{name}, {cores} of its threads", *Measured.of_peer(answer[task]).figures]
            for cores, answer in answers.items()
            for name, task in tasks.items()
        ],
    )
    for name, task, least in (
        (TIME_ORDER, "markov", LEAST_MARKOV),
        (JOURNEY_ORDER, "markov", LEAST_MARKOV),
        (ALL_MODELS, "rules and markov", LEAST_ALL),
    ):
        own = ours[name]
        ratio = min(answer[task]["elapsed_s"] for answer in answers.values()) / own.elapsed_s
        least_work = min(answer[task]["processor_s"] for answer in answers.values())
        what = (
            f"{title}, {name}: fastest peer against ours, "
            f"{least_work / own.processor_s:.1f} by processor time; elapsed"
        )
        show_ratio(what, ratio, f"≥ {least}", is_met=ratio >= least)


def measure_slow_peers(file: Path, journeys: int, options: Namespace) -> None:
    """Measure the peers that would take minutes, with fewer journeys."""
    rows = []
    for peer, count, tasks in (
        (MARKETING_MODELS, journeys, {"Markov": "markov", "five rules, Markov, Shapley": "all"}),
        (DO_ATTRIBUTION, journeys // 5, {"Markov of conversions": "markov"}),
    ):
        environment = install(peer, options.peers_home)
        answer = environment.ask("measure", data=str(file), repeats=3, journeys=count).result
        rows += [
            [
                f"{peer.name}, {name}, {answer['touches']:,} touches",
                *Measured.of_peer(answer[task]).figures,
            ]
            for name, task in tasks.items()
        ]
    show_table(f"Other peers, with fewer touches, medians of 3 {load()}", COLUMNS, rows)


def measure_database(journeys: int, options: Namespace) -> None:
    """Fit from facts in a database, from kept journeys, and after one more day; let the peer read the same by COPY."""
    repeats = 1 if options.quick else REPEATS
    with durable_place() as place:
        raw = make_touches(journeys)
        loaded = load_journeys(place, raw, date.fromordinal(utc_now().toordinal() - DAYS - 1))
        found = {"the first fit: all facts, journeys are kept": alone(measure_fits, loaded, 1)}
        cold = alone(measure_effects, loaded, 1)
        found["a new process, from kept journeys to effects"] = cold
        found["the same, to a stored fit with intervals"] = alone(measure_fits, loaded, repeats)
        copied = None
        if options.peers:
            peer = install(CHANNEL_ATTRIBUTION, options.peers_home)
            asked = {"url": place.superuser_url, "tenant": str(loaded.tenant_id)}
            answer = peer.ask("measure_copy", **asked, repeats=repeats, cores=2).result
            copied = Measured.of_peer(answer["markov"])
            found[f"{peer.peer.name}, COPY to effects"] = copied
        add_a_day(loaded)
        found["one more day is added to kept journeys, by the job"] = alone(measure_keeping, loaded)
        let_time_pass(loaded)
        warm = alone(measure_effects, loaded, repeats)
        found["then, from kept journeys to effects"] = warm
        found["then, to a stored fit with intervals"] = alone(measure_fits, loaded, repeats)
    title = f"From PostgreSQL: {len(raw.journeys):,} touches of {journeys:,} journeys"
    rows = [[name, *one.figures] for name, one in found.items()]
    show_table(f"{title}, medians of {repeats} {load()}", COLUMNS, rows)
    elapsed = warm.elapsed_s * 1e3
    asked_ms = f"at most {MOST_MS_WARM}"
    show_ratio("Effects after one more day, ms", elapsed, asked_ms, is_met=elapsed <= MOST_MS_WARM)
    if copied is not None:
        ratio = copied.elapsed_s / cold.elapsed_s
        what = "From PostgreSQL, cold, peer against ours"
        show_ratio(what, ratio, f"≥ {LEAST_COLD}", is_met=ratio >= LEAST_COLD)


def load() -> str:
    """Return how busy the machine is."""
    return f"(load {os.getloadavg()[0]:.1f})"


def measure(options: Namespace) -> None:
    """Measure what is asked for, and print it."""
    repeats = 1 if options.quick else REPEATS
    sizes = (5_000, 10_000) if options.quick else (options.journeys, options.more_journeys)
    with tempfile.TemporaryDirectory() as folder:
        for place, journeys in enumerate(sizes):
            file = Path(folder) / f"{journeys}.npz"
            alone(write_touches, journeys, file)
            with np.load(file) as arrays:
                title = f"{len(arrays['journeys']):,} touches of {journeys:,} journeys"
            is_first = place == 0
            ours = measure_ours([*MEASURED, *(OF_COUNTS if is_first else ())], file, repeats, title)
            if is_first:
                draws = ours[POSTERIOR].elapsed_s * 1e3
                asked = f"at most {MOST_MS_OF_DRAWS}"
                show_ratio(
                    "Draws of the posterior, ms", draws, asked, is_met=draws <= MOST_MS_OF_DRAWS
                )
            else:
                measure_ours(list(LARGE), file, 1, title)
            if options.peers:
                measure_peers(ours, file, repeats, title, options)
            if options.peers and is_first:
                measure_slow_peers(file, min(journeys // 2, JOURNEYS_OF_SLOW_PEERS), options)
    if options.postgres:
        measure_database(sizes[0], options)


def main() -> None:
    """Read the options and measure."""
    parser = make_parser(__doc__)
    parser.add_argument("--journeys", type=int, default=JOURNEYS)
    parser.add_argument(
        "--more-journeys", type=int, default=MORE_JOURNEYS, help="of 10 million touches"
    )
    parser.add_argument("--postgres", action="store_true", help="fit from a database too")
    parser.add_argument("--peers", action="store_true", help="measure other packages too")
    parser.add_argument(
        "--peers-home", type=Path, default=HOME, help="where their environments are kept"
    )
    measure(parser.parse_args())


if __name__ == "__main__":
    main()
