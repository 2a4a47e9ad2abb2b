"""Claim: where other packages are exact, they agree with ours; where they simulate, they are off, as is explained.

The same counted paths go through our models and through ChannelAttribution, marketing_attribution_models and
do-attribution, each in an environment of its own, which is made when it is first needed. The paths are those of the
field's standard set, pathdata.csv, where it is at hand (`--data`), and generated ones otherwise. An exact peer must
have the same removal effects to 1e-12, and the same conversions by rules to 1e-12 of all; the exit status is 1 if one
has not. One that simulates is run with its default number of walks, and with more.
"""

from __future__ import annotations

import csv
import re
import sys
import tempfile
from argparse import Namespace
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from bench.peers.environments import (
    CHANNEL_ATTRIBUTION,
    DO_ATTRIBUTION,
    HOME,
    MARKETING_MODELS,
    Environment,
    install,
)
from bench.support import console, make_parser, show_table
from bench.touches import NAMES, group_touches, make_touches, orders_of
from skeldir.attribution import (
    SHARDS,
    JourneyColumns,
    count_sets,
    count_transitions,
    removal_effects,
    shapley_values,
)
from skeldir.attribution.engine import Engine
from skeldir.attribution.models import ModelName, ModelVersion
from skeldir.attribution.splits import PARTS_OF_A_CONVERSION

STANDARD: Final = Path(__file__).parents[2] / "shared" / "data" / "pathdata.csv"
MOST_DIFFERENCE: Final = 1e-12
COMMON: Final = 0.01
MORE_WALKS: Final = 10_000_000
_WALKS: Final = re.compile(r"Number of simulations: *([0-9.e+]+)")

ByChannel = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class CountedPath:
    """A path, how many journeys with it converted, what they are worth in thousandths, and how many did not."""

    channels: tuple[str, ...]
    conversions: int
    thousandths: int
    nulls: int


def read_paths(file: Path) -> list[CountedPath]:
    """Read the standard set."""
    with file.open(encoding="utf-8", newline="") as opened:
        return [
            CountedPath(
                tuple(row["path"].split(" > ")),
                int(row["total_conversions"]),
                round(float(row["total_conversion_value"]) * 1_000),
                int(row["total_null"]),
            )
            for row in csv.DictReader(opened)
        ]


def make_paths(journeys: int) -> list[CountedPath]:
    """Count the paths of generated journeys."""
    made = group_touches(make_touches(journeys)).journeys
    names = np.array(NAMES)[made.touches].tolist()
    conversions: Counter[tuple[str, ...]] = Counter()
    values: Counter[tuple[str, ...]] = Counter()
    nulls: Counter[tuple[str, ...]] = Counter()
    for (begin, end), converted, value in zip(
        pairwise(made.starts.tolist()),
        made.converted.tolist(),
        made.values["EUR"].tolist(),
        strict=True,
    ):
        path = tuple(names[begin:end])
        (conversions if converted else nulls)[path] += 1
        values[path] += value
    return [
        CountedPath(path, conversions[path], values[path], nulls[path])
        for path in sorted(conversions.keys() | nulls.keys())
    ]


def write_paths(paths: Sequence[CountedPath], file: Path) -> None:
    """Write them as the peers read them."""
    with file.open("w", encoding="utf-8", newline="") as opened:
        rows = csv.writer(opened)
        rows.writerow(["path", "conversions", "value", "nulls"])
        for path in paths:
            rows.writerow(
                [" > ".join(path.channels), path.conversions, path.thousandths / 1_000, path.nulls]
            )


def columns_of(paths: Sequence[CountedPath]) -> JourneyColumns:
    """Return the journeys; the value of a path is that of its first order."""
    names = sorted({channel for path in paths for channel in path.channels})
    number = {name: place for place, name in enumerate(names)}
    counts = [path.conversions + path.nulls for path in paths]
    touches = [
        [number[channel] for channel in path.channels] * n
        for path, n in zip(paths, counts, strict=True)
    ]
    lengths = np.repeat([len(path.channels) for path in paths], counts)
    converted, values = [], []
    for path in paths:
        converted += [True] * path.conversions + [False] * path.nulls
        first = [path.thousandths] if path.conversions else []
        values += first + [0] * (path.conversions + path.nulls - len(first))
    return JourneyColumns(
        names,
        np.concatenate(touches).astype(np.int16),
        np.concatenate(([0], np.cumsum(lengths))),
        np.array(converted),
        (np.arange(len(converted)) % SHARDS).astype(np.int16),
        {"EUR": np.array(values, np.int64)},
    )


@dataclass(frozen=True, slots=True)
class Ours:
    """What our models say of each channel; and how probable it is that a journey converts."""

    probability: float
    effects: ByChannel
    conversions: Mapping[str, ByChannel]


RULES: Final[tuple[ModelName, ...]] = ("first_touch", "last_touch", "linear", "position_based")


def fit(journeys: JourneyColumns) -> Ours:
    """Estimate the removal effects, and the conversions by Markov, Shapley and the rules that need no times."""
    chain = removal_effects(count_transitions(journeys, parts=1))
    effects = chain.conversions[0]
    orders = int(np.count_nonzero(journeys.converted))
    own = journeys.only(journeys.converted)
    columns = orders_of(own, np.zeros(len(own.touches), np.int64))
    engine = Engine(columns)
    conversions = {
        "markov": effects / effects.sum() * orders,
        "shapley": shapley_values(count_sets(journeys, parts=1).conversions[0]),
    }
    for name in RULES:
        credit = engine.evaluate(ModelVersion(f"{name}@1", name))
        parts = np.zeros(len(columns.channels), np.int64)
        np.add.at(parts, credit.channels, credit.parts)
        places = [columns.channels.index(channel) for channel in journeys.channels]
        conversions[name] = parts[places] / PARTS_OF_A_CONVERSION
    return Ours(
        float(chain.probabilities[0]),
        dict(zip(journeys.channels, effects.tolist(), strict=True)),
        {
            name: dict(zip(journeys.channels, found.tolist(), strict=True))
            for name, found in conversions.items()
        },
    )


@dataclass(frozen=True, slots=True)
class Compared:
    """A peer's result beside ours; `most` is how far an exact one may be off, in parts of `whole`."""

    peer: str
    model: str
    theirs: ByChannel
    ours: ByChannel
    why: str
    whole: float = 1.0
    most: float | None = None

    def difference(self, channel: str) -> float:
        """Return theirs less ours, as a part of ours; or of the whole, if they should be exact."""
        theirs, ours = self.theirs.get(channel, 0.0), self.ours[channel]
        if self.most is not None:
            return (theirs - ours) / self.whole
        return theirs / ours - 1 if ours else theirs

    @property
    def largest(self) -> float:
        return max(abs(self.difference(channel)) for channel in self.ours)

    @property
    def largest_of_common(self) -> float:
        """Return the largest of the channels that have 1 % of all at least."""
        least = sum(self.ours.values()) * COMMON
        return max(abs(self.difference(name)) for name, own in self.ours.items() if own >= least)

    @property
    def is_exact(self) -> bool:
        return self.most is not None and self.largest <= self.most


def compare(
    ours: Ours, file: Path, environments: Mapping[str, Environment], more: int
) -> list[Compared]:
    """Ask each peer, and put its results beside ours."""
    orders = sum(ours.conversions["first_touch"].values())
    found: list[Compared] = []
    models = environments[MARKETING_MODELS.name].ask("agree", file=str(file)).result
    names = {"first_touch": "first_click", "last_touch": "last_click"}
    name = MARKETING_MODELS.name
    found.append(exact(name, "Markov, removal effect", models["effects"], ours.effects, 1.0))
    for rule in RULES:
        theirs = models[names.get(rule, rule)]
        found.append(exact(name, rule, theirs, ours.conversions[rule], orders))
    name = DO_ATTRIBUTION.name
    other = environments[name].ask("agree", file=str(file)).result
    found.append(
        exact(name, "Markov, removal effect", other["redirect_to_null"], ours.effects, 1.0)
    )
    name = CHANNEL_ATTRIBUTION.name
    answers = {
        walks: environments[name].ask("agree", file=str(file), walks=walks)
        for walks in (None, more)
    }
    found += [
        exact(name, rule, answers[None].result[rule], ours.conversions[rule], orders)
        for rule in RULES[:3]
    ]
    for answer in answers.values():
        counted = _WALKS.search(answer.printed)
        assert counted is not None, answer.printed
        count = float(counted[1])
        rare = count * ours.probability * min(ours.effects.values())
        why = f"simulates {count:,.0f} walks; about {rare:,.0f} convert with the rarest channel"
        found.append(
            Compared(
                name,
                "Markov, conversions",
                answer.result["conversions"],
                ours.conversions["markov"],
                why,
            )
        )
    return [*found, *differing(ours, models, other)]


def exact(peer: str, model: str, theirs: ByChannel, ours: ByChannel, whole: float) -> Compared:
    """Compare what must agree."""
    return Compared(peer, model, theirs, ours, "exact", whole, MOST_DIFFERENCE)


def differing(
    ours: Ours, models: Mapping[str, ByChannel], other: Mapping[str, ByChannel]
) -> list[Compared]:
    """Return what peers work out exactly, of something else."""
    shapley = ours.conversions["shapley"]
    alone = "a set is worth the journeys with just its channels, and not those with fewer"
    return [
        Compared(
            DO_ATTRIBUTION.name,
            "Markov by fail_refit, removal effect",
            other["fail_refit"],
            ours.effects,
            "cuts the channel out of the paths and counts again, without those that are empty then",
        ),
        Compared(DO_ATTRIBUTION.name, "Shapley, conversions", other["shapley"], shapley, alone),
        Compared(
            MARKETING_MODELS.name,
            "Shapley, conversions",
            models["shapley"],
            shapley,
            "a set is worth the rate at which journeys with just its channels convert",
        ),
    ]


def show(compared: Sequence[Compared], paths: Sequence[CountedPath]) -> None:
    """Print every difference by channel, and a table of the largest."""
    for one in compared:
        unit = "" if one.most is None else f", in parts of {one.whole:,.0f}"
        show_table(
            f"{one.peer}: {one.model}{unit}",
            ("channel", "ours", "theirs", "difference"),
            [
                [
                    channel,
                    f"{own:,.6f}",
                    f"{one.theirs.get(channel, 0.0):,.6f}",
                    f"{one.difference(channel):.1e}"
                    if one.most is not None
                    else f"{one.difference(channel):+.1%}",
                ]
                for channel, own in one.ours.items()
            ],
        )
    journeys = sum(path.conversions + path.nulls for path in paths)
    console.print(f"{len(paths):,} paths of {journeys:,} journeys", highlight=False)
    console.print("| peer | model | largest difference | of channels with 1 % at least | |")
    console.print("|---|---|---|---|---|")
    for one in compared:
        figures = [
            f"{size:.0e}" if one.most is not None else f"{size:.1%}"
            for size in (one.largest, one.largest_of_common)
        ]
        verdict = one.why if one.most is None or one.is_exact else "NOT EXACT"
        line = f"| {' | '.join([one.peer, one.model, *figures, verdict])} |"
        console.print(line, highlight=False, soft_wrap=True)


def run(options: Namespace) -> bool:
    """Compare, print, and return whether all exact peers agree."""
    environments = {
        peer.name: install(peer, options.peers_home)
        for peer in (CHANNEL_ATTRIBUTION, MARKETING_MODELS, DO_ATTRIBUTION)
    }
    paths = (
        read_paths(options.data)
        if options.data.exists() and not options.quick
        else make_paths(5_000)
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "paths.csv"
        write_paths(paths, file)
        compared = compare(
            fit(columns_of(paths)), file, environments, 200_000 if options.quick else MORE_WALKS
        )
    show(compared, paths)
    return all(one.is_exact for one in compared if one.most is not None)


def main() -> None:
    """Read the options and compare."""
    parser = make_parser(__doc__)
    parser.add_argument(
        "--data", type=Path, default=STANDARD, help="counted paths, as pathdata.csv has them"
    )
    parser.add_argument(
        "--peers-home", type=Path, default=HOME, help="where their environments are kept"
    )
    sys.exit(0 if run(parser.parse_args()) else 1)


if __name__ == "__main__":
    main()
