"""What ChannelAttribution is asked to do, in its own environment; Polars makes the paths for it."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from typing import Any

import ChannelAttribution
import numpy as np
import polars as pl
import psycopg
from measured import Measured

MARKOV = {
    "var_path": "path",
    "var_conv": "conversions",
    "var_value": "value",
    "var_null": "nulls",
    "flg_pro": False,
}
_COPY = """COPY (
    SELECT encode(journey_key, 'hex'), channel_code FROM standing_touches
    WHERE tenant_id = '{tenant}' AND journey_key IS NOT NULL ORDER BY journey_key, occurred_at, idempotency_key
) TO STDOUT (FORMAT csv)"""
_COPY_ORDERS = """COPY (
    SELECT encode(journey_key, 'hex'), sum(amount_cents) FROM standing_entries
    WHERE tenant_id = '{tenant}' AND journey_key IS NOT NULL GROUP BY journey_key
) TO STDOUT (FORMAT csv)"""


def paths_of(touches: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """Return each path with how many journeys that have it convert, their value, and how many do not."""
    journeys = (
        touches.lazy()
        .group_by("journey")
        .agg(pl.col("channel").alias("path"))
        .with_columns(pl.col("path").cast(pl.List(pl.String)).list.join(">"))
    )
    return (
        journeys.join(ends.lazy(), on="journey", how="left")
        .group_by("path")
        .agg(
            pl.col("converted").sum().alias("conversions"),
            pl.col("value").sum(),
            (pl.len() - pl.col("converted").sum()).alias("nulls"),
        )
        .collect()
    )


def markov(paths: pl.DataFrame, cores: int) -> None:
    """Fit the Markov model to conversions and value."""
    ChannelAttribution.markov_model(paths.to_pandas(), ncore=cores, verbose=False, **MARKOV)


def rules_and_markov(paths: pl.DataFrame, cores: int) -> None:
    """The same, and the three rule models that there are."""
    data = paths.to_pandas()
    ChannelAttribution.heuristic_models(
        data, "path", "conversions", var_value="value", flg_pro=False
    )
    ChannelAttribution.markov_model(data, ncore=cores, verbose=False, **MARKOV)


def measure(data: str, repeats: int, cores: int) -> dict[str, Any]:
    """Time from touches in memory to results."""
    arrays = np.load(data)
    names = dict(enumerate(arrays["names"].tolist()))
    touches = pl.DataFrame(
        {
            "journey": arrays["journeys"].astype(np.uint32),
            "channel": pl.Series(arrays["channels"].astype(np.uint32)).replace_strict(
                names, return_dtype=pl.Categorical
            ),
        }
    )
    ends = pl.DataFrame(
        {
            "journey": np.arange(len(arrays["converted"]), dtype=np.uint32),
            "converted": arrays["converted"],
            "value": arrays["values"],
        }
    )
    tasks: dict[str, Callable[[pl.DataFrame, int], None]] = {
        "paths": lambda *_: None,
        "markov": markov,
        "rules and markov": rules_and_markov,
    }
    return {
        name: Measured.of(
            lambda task=task: task(paths_of(touches, ends), cores), repeats
        ).as_answer()
        for name, task in tasks.items()
    }


def measure_copy(url: str, tenant: str, repeats: int, cores: int) -> dict[str, Any]:
    """Time from a database, read by COPY, to results."""

    def read(connection: psycopg.Connection[Any], statement: str, names: list[str]) -> pl.DataFrame:
        with connection.cursor() as cursor, cursor.copy(statement.format(tenant=tenant)) as copy:  # type: ignore[arg-type]
            read = io.BytesIO()
            for part in copy:
                read.write(part)
        read.seek(0)
        return pl.read_csv(read, has_header=False, new_columns=names)

    def run() -> None:
        with psycopg.connect(url) as connection:
            touches = read(connection, _COPY, ["journey", "channel"])
            orders = read(connection, _COPY_ORDERS, ["journey", "value"])
        ends = orders.with_columns(pl.lit(value=True).alias("converted"))
        markov(paths_of(touches, ends), cores)

    return {"markov": Measured.of(run, repeats).as_answer()}


def agree(file: str, walks: int | None) -> dict[str, Any]:
    """Return the conversions of each channel by every model there is, for the paths of a file."""
    data = pl.read_csv(file).with_columns(pl.col("path").str.replace_all(" > ", ">", literal=True))
    frame = data.to_pandas()
    more = {} if walks is None else {"nsim_start": walks}
    fitted = ChannelAttribution.markov_model(frame, **MARKOV, **more)
    rules = ChannelAttribution.heuristic_models(
        frame, "path", "conversions", var_value="value", flg_pro=False
    )
    return {
        "conversions": dict(zip(fitted["channel_name"], fitted["total_conversions"], strict=True)),
        **{
            name: dict(zip(rules["channel_name"], rules[f"{column}_conversions"], strict=True))
            for name, column in (
                ("first_touch", "first_touch"),
                ("last_touch", "last_touch"),
                ("linear", "linear_touch"),
            )
        },
    }


if __name__ == "__main__":
    tasks = {"measure": measure, "measure_copy": measure_copy, "agree": agree}
    print("\n" + json.dumps(tasks[sys.argv[1]](**json.loads(sys.argv[2]))))
