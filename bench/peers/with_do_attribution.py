"""What do-attribution is asked to do, in its own environment."""

from __future__ import annotations

import csv
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from do_attribution import MarkovAttribution, ShapleyAttribution
from measured import Measured


def measure(data: str, repeats: int, journeys: int) -> dict[str, Any]:
    """Time from touches of the first journeys in memory to its exact Markov model; for conversions only."""
    arrays = np.load(data)
    own = arrays["journeys"] < journeys
    owners, channels = arrays["journeys"][own], arrays["names"][arrays["channels"][own]].tolist()
    converted = arrays["converted"][:journeys].astype(int)

    def run() -> None:
        paths: list[list[str]] = [[] for _ in range(journeys)]
        for owner, channel in zip(owners.tolist(), channels, strict=True):
            paths[owner].append(channel)
        MarkovAttribution(removal_strategy="redirect_to_null").fit(
            [" > ".join(path) for path in paths], converted
        )

    return {"touches": len(channels), "markov": Measured.of(run, repeats).as_answer()}


def agree(file: str) -> dict[str, Any]:
    """Return the effects of each channel by two of its strategies, and its Shapley values, for the paths of a file."""
    with Path(file).open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    counted = [
        (row["path"], is_order, int(row[column]))
        for row in rows
        for column, is_order in (("conversions", 1), ("nulls", 0))
        if int(row[column])
    ]
    paths, converted, weights = zip(*counted, strict=True)
    found: dict[str, Any] = {}
    for strategy in ("redirect_to_null", "fail_refit"):
        fitted = MarkovAttribution(removal_strategy=strategy).fit(paths, converted, weights)
        found[strategy] = {name: float(one) for name, one in fitted["removal_effects"].items()}
    each = [(path, is_order) for path, is_order, count in counted for _ in range(count)]
    warnings.simplefilter("ignore")
    shapley = ShapleyAttribution().fit(*zip(*each, strict=True))
    found["shapley"] = {name: float(one) for name, one in shapley["shapley_values"].items()}
    return found


if __name__ == "__main__":
    tasks = {"measure": measure, "agree": agree}
    print("\n" + json.dumps(tasks[sys.argv[1]](**json.loads(sys.argv[2]))))
