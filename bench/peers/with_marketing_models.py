"""What marketing_attribution_models is asked to do, in its own environment."""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import polars as pl
from mam import MAM
from measured import Measured

RULES = ("first_click", "last_click", "linear", "position_based", "time_decay")


def measure(data: str, repeats: int, journeys: int) -> dict[str, Any]:
    """Time from touches of the first journeys in memory to results: its five rules, Markov, and Shapley."""
    arrays = np.load(data)
    own = arrays["journeys"] < journeys
    owners = arrays["journeys"][own]
    converted, values = arrays["converted"][:journeys], arrays["values"][:journeys]
    last_of = np.zeros(journeys, np.int64)
    last_of[owners] = np.arange(len(owners))
    ends = np.zeros(len(owners), np.bool_)
    ends[last_of] = converted
    touches = pl.DataFrame(
        {
            "journey": pl.Series(owners).cast(pl.String),
            "at": pl.Series(arrays["moments"][own] * 1_000_000).cast(pl.Datetime("us")),
            "channel": pl.Series(arrays["channels"][own].astype(np.uint32)).replace_strict(
                dict(enumerate(arrays["names"].tolist())), return_dtype=pl.Categorical
            ),
            "converted": ends,
            "value": np.where(ends, values[owners], 0).astype(np.float64),
        }
    )

    def run(*, has_rules: bool) -> None:
        models = MAM(
            touches,
            "session",
            "channel",
            "converted",
            datetime_colname="at",
            user_id_colname="journey",
            conversion_value_colname="value",
        )
        models.run_markov()
        if has_rules:
            for name in RULES:
                getattr(models, f"run_{name}")()
            models.run_shapley(max_size=None)

    return {"touches": len(owners)} | {
        name: Measured.of(lambda has_rules=has_rules: run(has_rules=has_rules), repeats).as_answer()
        for name, has_rules in (("markov", False), ("all", True))
    }


def agree(file: str) -> dict[str, Any]:
    """Return what each channel has by every model that needs no times, for the paths of a file."""
    data = pl.read_csv(file)
    parts = [
        data.select(
            "path", pl.col(column).alias("occurrences"), pl.lit(is_order).alias("converted")
        )
        for column, is_order in (("conversions", True), ("nulls", False))
    ]
    models = MAM(
        pl.concat(parts).filter(pl.col("occurrences") > 0),
        "grouped_journey",
        "path",
        "converted",
        occurrences_colname="occurrences",
    )
    effects = models.run_markov().metadata["removal_effect"]["removal_effect"]
    found: dict[str, Any] = {"effects": effects.to_dict()}
    for name in RULES[:4]:
        rows = getattr(models, f"run_{name}")().to_polars()
        found[name] = dict(zip(rows["channels"].cast(pl.String), rows["attribution"], strict=True))
    rows = models.run_shapley(max_size=None).to_polars()
    found["shapley"] = dict(zip(rows["channels"], rows["attribution"], strict=True))
    return found


if __name__ == "__main__":
    tasks = {"measure": measure, "agree": agree}
    print("\n" + json.dumps(tasks[sys.argv[1]](**json.loads(sys.argv[2]))))
