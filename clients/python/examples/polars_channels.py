"""What each channel earned a month, as a polars table and as CSV, from one download of Parquet.

    SKELDIR_URL=https://skeldir.example SKELDIR_KEY=… python polars_channels.py

Money stays whole cents; divide only what is shown, and never add different currencies or models.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from skeldir_client import Skeldir, connect, download


def channels(client: Skeldir, folder: Path) -> pl.DataFrame:
    """Return credit and spend in cents by month, model version, currency and channel."""
    file = download(client, "channel_days", folder / "channel_days.parquet")
    return (
        pl.scan_parquet(file)
        .with_columns(
            pl.col("day").dt.truncate("1mo").alias("month"),
            pl.col("model_version", "currency", "channel").cast(pl.String),
        )
        .group_by("month", "model_version", "currency", "channel")
        .agg(pl.col("credited_cents", "spend_cents").sum())
        .sort("month", "model_version", "currency", "channel")
        .collect()
    )


if __name__ == "__main__":
    with connect() as connected, TemporaryDirectory() as place:
        print(channels(connected, Path(place)).write_csv(), end="")
