"""The options of `skeldir report`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import typer

from skeldir.attribution import MOST_VALUES, Basis

By = Literal["channel", "source", "campaign", "kind"]
Model = Literal[
    "first_touch",
    "last_touch",
    "last_non_direct",
    "linear",
    "position_based",
    "time_decay",
    "markov",
    "shapley",
]

JsonOption = Annotated[
    bool,
    typer.Option("--json", help="Print JSON, with credited_cents and conversions of each model."),
]
ByOption = Annotated[
    By,
    typer.Option(
        help="Divide each channel by the source or the campaign of its touches, or by captures, refunds and disputes."
    ),
]
BasisOption = Annotated[
    Basis | None,
    typer.Option(
        help="By kind: whose day counts, the entry's, the order's, or that of the touch that earned the credit."
    ),
]
FirstDayOption = Annotated[
    datetime | None,
    typer.Option(
        "--from",
        formats=["%Y-%m-%d"],
        help="The first day, in the tenant's zone. By channel only with --ratios, --convert, --known-at or --compare.",
    ),
]
EndDayOption = Annotated[
    datetime | None,
    typer.Option("--to", formats=["%Y-%m-%d"], help="The day after the last one; as --from."),
]
TopOption = Annotated[
    int,
    typer.Option(min=1, max=MOST_VALUES, help="Not by channel: values shown of each channel."),
]
WithoutRenewalsOption = Annotated[
    bool,
    typer.Option(
        "--without-renewals",
        help="Leave out later payments of subscriptions, as webhooks report them.",
    ),
]
RatiosOption = Annotated[
    Model | None,
    typer.Option(help="Show what this model credits beside the spend: share, ROAS and CPA."),
]
ConvertOption = Annotated[
    str | None,
    typer.Option(help="By channel: show all money in this currency, by each day's stored rate."),
]
RateSourceOption = Annotated[
    str | None,
    typer.Option(help="With --convert: whose rates; needed if there are several sources."),
]
