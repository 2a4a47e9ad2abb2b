"""What a dry run of rules says, as tables: touches, credit by currency and model, spend, and campaigns."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from skeldir.web.frames import Link
from skeldir.web.moved import Moved, lay_out_moved, sum_moved
from skeldir.web.order_addresses import address_of_order
from skeldir.web.tables import Cell, Column, Table

if TYPE_CHECKING:
    from skeldir.spend import RulesDryRun
    from skeldir.web.naming import ChannelNames
    from skeldir.web.phrases import Phrases


@dataclass(frozen=True, slots=True)
class MovesOfCurrency:
    """What moves of one currency: by model in short, by model and channel, and spend and campaigns if any."""

    currency: str
    is_equal: bool
    """Whether the credit of each model has the same total then as now."""
    models: Table | None
    credit: tuple[Table, ...]
    spend: Table | None
    campaigns: Table | None


@dataclass(frozen=True, slots=True)
class Moves:
    """A dry run as tables; `orders` are the first that change."""

    found: RulesDryRun
    touches: Table
    touches_by_channel: Table
    currencies: tuple[MovesOfCurrency, ...]
    orders: tuple[Link, ...]

    def tables(self) -> list[Table]:
        """Return all tables."""
        tables = [self.touches, self.touches_by_channel]
        for one in self.currencies:
            whole = (one.models, *one.credit, one.spend, one.campaigns)
            tables += [table for table in whole if table is not None]
        return tables


def lay_out_moves(say: Phrases, names: ChannelNames, found: RulesDryRun) -> Moves:
    """Return a dry run as tables: each currency for itself."""
    currencies = sorted(
        {row.currency for row in found.credit}
        | {row.currency for row in found.spend}
        | {row.currency for row in found.campaigns}
    )
    by_channel = [
        Moved(row.channel, row.touches_now, row.touches_then) for row in found.touches_by_channel
    ]
    return Moves(
        found,
        Table(
            "touches",
            say("rules.moves"),
            (
                Column(say("rules.channel_now")),
                Column(say("rules.channel_then")),
                Column(say("rules.touches"), "number"),
            ),
            tuple(
                (Cell(names(row.channel_now)), Cell(names(row.channel_then)), Cell(row.touches))
                for row in found.moves
            ),
            say("rules.no_moves"),
        ),
        lay_out_moved(
            say, names, by_channel, key="touches-by-channel", caption=say("rules.by_channel")
        ),
        tuple(_of_currency(say, names, found, currency) for currency in currencies),
        tuple(Link(order_id, address_of_order(order_id)) for order_id in found.first_orders_moved),
    )


def _of_currency(
    say: Phrases, names: ChannelNames, found: RulesDryRun, currency: str
) -> MovesOfCurrency:
    by_model: dict[str, list[Moved]] = {}
    for row in found.credit:
        if row.currency == currency:
            orders = Decimal(row.conversions_now), Decimal(row.conversions_then)
            moved = Moved(row.channel, row.credited_cents_now, row.credited_cents_then, orders)
            by_model.setdefault(row.model, []).append(moved)
    sums = {model: sum_moved(rows) for model, rows in by_model.items()}
    money = [Column(say(f"moved.{name}"), "money", currency) for name in ("moved", "now", "then")]
    models = Table(
        f"models-{currency}",
        say("rules.by_model", currency=currency),
        (Column(say("rules.model")), *money),
        tuple(
            (
                Cell(say(f"model.{model}")),
                Cell(one.moved, href=f"#credit-{currency}-{model}"),
                Cell(one.now),
                Cell(one.then),
            )
            for model, one in sums.items()
        ),
        say("table.empty"),
    )
    credit = tuple(
        lay_out_moved(
            say,
            names,
            rows,
            key=f"credit-{currency}-{model}",
            caption=say("rules.credit_of", model=say(f"model.{model}"), currency=currency),
            currency=currency,
        )
        for model, rows in by_model.items()
    )
    return MovesOfCurrency(
        currency,
        all(one.now == one.then for one in sums.values()),
        models if by_model else None,
        credit,
        _spend(say, names, found, currency),
        _campaigns(say, names, found, currency),
    )


def _spend(say: Phrases, names: ChannelNames, found: RulesDryRun, currency: str) -> Table | None:
    rows = [
        Moved(row.channel, row.spend_cents_now, row.spend_cents_then)
        for row in found.spend
        if row.currency == currency
    ]
    if not rows:
        return None
    caption = say("rules.spend", currency=currency)
    return lay_out_moved(
        say, names, rows, key=f"spend-{currency}", caption=caption, currency=currency
    )


def _campaigns(
    say: Phrases, names: ChannelNames, found: RulesDryRun, currency: str
) -> Table | None:
    rows = [row for row in found.campaigns if row.currency == currency]
    if not rows:
        return None
    return Table(
        f"campaigns-{currency}",
        say("rules.campaigns", currency=currency),
        (
            Column(say("rules.campaign")),
            Column(say("rules.platform")),
            Column(say("rules.account")),
            Column(say("rules.channel_now")),
            Column(say("rules.channel_then")),
            Column(say("rules.days"), "number"),
            Column(say("rules.cost"), "money", currency),
        ),
        tuple(
            (
                Cell(row.campaign),
                Cell(row.platform),
                Cell(row.account),
                Cell(names(row.channel_now)),
                Cell(names(row.channel_then)),
                Cell(row.days),
                Cell(row.cost_cents),
            )
            for row in rows
        ),
        say("rules.no_moves"),
    )
