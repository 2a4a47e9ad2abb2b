"""What each channel earned, as a pandas table and as CSV: a row for a channel and currency, a column for a model.

    SKELDIR_URL=https://skeldir.example SKELDIR_KEY=… python pandas_channels.py

Money stays whole cents; divide only what is shown, and never add different currencies.
"""

from __future__ import annotations

import pandas as pd

from skeldir_client import Skeldir, connect, rows
from skeldir_client.api.attribution import get_channels


def channels(client: Skeldir) -> pd.DataFrame:
    """Return credited cents by currency and channel, a column for each model; each currency's total last."""
    credit = [
        {
            "currency": row.currency,
            "channel": row.channel,
            "model": model,
            "credited_cents": of_model.credited_cents,
        }
        for row in rows(get_channels.sync, client=client)
        for model, of_model in row.models.additional_properties.items()
    ]
    table = pd.DataFrame(credit, columns=["currency", "channel", "model", "credited_cents"])
    table = table.astype({"credited_cents": "int64"})
    wide = table.pivot_table(
        index=["currency", "channel"],
        columns="model",
        values="credited_cents",
        aggfunc="sum",
        fill_value=0,
    )
    totals = wide.groupby(level="currency").sum()
    totals.index = pd.MultiIndex.from_product([totals.index, ["total"]], names=wide.index.names)
    return pd.concat([wide, totals]).sort_index(
        level="currency", sort_remaining=False, kind="stable"
    )


if __name__ == "__main__":
    with connect() as connected:
        print(channels(connected).to_csv(), end="")
