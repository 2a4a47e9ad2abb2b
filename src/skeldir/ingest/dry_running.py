"""Which recorded touches other rules of channels would move, and whose credit. Nothing is written."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.attribution import (
    CreditMoves,
    Placing,
    TouchFields,
    find_moves_of_credit,
    find_orders_reached,
)
from skeldir.errors import ReportTooLarge
from skeldir.ingest.restating import (
    Standards,
    find_moves,
    follows_rules,
    read_page_to_derive,
    read_standards,
)
from skeldir.ingest.store import queries
from skeldir.revenue import Span

if TYPE_CHECKING:
    from datetime import datetime

    from skeldir.db import Connection
    from skeldir.ingest.channels import OwnRules

_AT_ONCE: Final = 10_000
# If more touches than this move, their orders are not searched for, but all orders are read.
_MOST_SEARCHED: Final = 50_000
_REMEMBERED: Final = 10_000
_NIL: Final = UUID(int=0)


@dataclass(slots=True)
class TouchMoves:
    """The standing touches by their channel now, how many of them have a derived one, and the moves (now, then)."""

    now: Counter[str] = field(default_factory=Counter)
    derived: int = 0
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)

    def then(self) -> Counter[str]:
        """Return the touches by their channel after the moves."""
        found = Counter(self.now)
        for (before, after), touches in self.moves.items():
            found[before] -= touches
            found[after] += touches
        return found


async def try_rules(
    connection: Connection,
    tenant_id: UUID,
    rules: OwnRules | None,
    *,
    most_touches: int,
    most_orders: int,
    most_shown: int,
) -> tuple[TouchMoves, CreditMoves]:
    """Return what restating moves if these rules are in force, or none of the tenant's own with None.

    The transaction must be repeatable read. The touches are read once in order of id; then their orders are credited,
    or all if more than some 50,000 touches move. Memory does not grow with their number.

    Raises:
        ReportTooLarge: there are more touches than `most_touches`, or more orders to read than `most_orders`.
    """
    by = replace(await read_standards(connection, tenant_id), rules=rules)
    found, moved = await _find_touches(connection, tenant_id, by, most_touches)
    if not found.moves or moved == []:
        return found, CreditMoves()
    orders = None if moved is None else await find_orders_reached(connection, tenant_id, moved)
    credit = await find_moves_of_credit(
        connection,
        tenant_id,
        _placing(by),
        order_ids=orders,
        most_orders=most_orders,
        most_shown=most_shown,
    )
    return found, credit


def _placing(by: Standards) -> Placing:
    """Return the channel of a touch as a function, which remembers what it has chosen lately."""
    reads_paths = by.rules is not None and by.rules.reads_paths

    @lru_cache(maxsize=_REMEMBERED)
    def choose(touch: TouchFields) -> str:
        choice = by.choose(
            source=touch.source,
            medium=touch.medium,
            campaign=touch.campaign,
            referrer_host=touch.referrer_host,
            click_id_kinds=touch.click_id_kinds,
            landing_path=touch.landing_path,
        )
        return choice.code

    def place(touch: TouchFields) -> str:
        if not touch.is_derived:
            return touch.channel
        return choose(touch if reads_paths else touch._replace(landing_path=None))

    return place


async def _find_touches(
    connection: Connection, tenant_id: UUID, by: Standards, most_touches: int
) -> tuple[TouchMoves, list[tuple[bytes, datetime]] | None]:
    """Return the moves, and the (journey key, moment) of the touches that move; None if there are many."""
    found = TouchMoves()
    moved: list[tuple[bytes, datetime]] | None = []
    read = 0
    span = Span(_NIL, await queries.select_last_touch(connection, tenant_id=tenant_id), _AT_ONCE)
    while page := await read_page_to_derive(connection, tenant_id, span):
        read += len(page)
        if read > most_touches:
            raise ReportTooLarge(
                f"More than {most_touches:,} touches would have to be read.",
                cure="Ask with the command, which reads any number: `skeldir rules dry-run`.",
            )
        found.now.update(row["channel_code"] for row in page if row["is_standing"])
        found.derived += sum(map(follows_rules, page))
        moves = find_moves(page, by)
        found.moves.update((row["channel_code"], choice.code) for row, choice in moves)
        if moved is not None:
            moved += [
                (row["journey_key"], row["occurred_at"])
                for row, _ in moves
                if row["journey_key"] is not None
            ]
            if len(moved) > _MOST_SEARCHED:
                moved = None
        span = Span(page[-1]["id"], span.until, _AT_ONCE)
    return found, moved
