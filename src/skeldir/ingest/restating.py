"""Channels of recorded touches, derived again by the rules and the hosts of now. Nothing that was recorded is changed.

A touch that gets another channel is withdrawn, and recorded again under its key with the next generation.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

from skeldir.attribution import mark_orders_reached_by_touches
from skeldir.db import new_ids, plan_for_each_list
from skeldir.ingest.channels import (
    ChannelChoice,
    OwnRules,
    choose_by_rules,
    compiled_rules,
    drop_own_hosts,
)
from skeldir.ingest.store import queries
from skeldir.revenue import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skeldir.db import Connection
    from skeldir.ingest.store import SelectTouchesToDeriveRow

EXPLICIT: Final = "explicit"
_CORRECTION: Final = "correction@"
_NIL = UUID(int=0)


@dataclass(slots=True)
class ChannelPreview:
    """How many recorded touches have a derived channel, and how many would move, by channel now and then.

    Unless it `is_complete`, only the latest touches were looked at.
    """

    is_complete: bool = True
    touches: int = 0
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Standards:
    """What a channel depends on besides the touch: the tenant's hosts and its rules."""

    own_hosts: frozenset[str]
    rules: OwnRules | None

    def choose(
        self,
        *,
        source: str | None,
        medium: str | None,
        campaign: str | None,
        referrer_host: str | None,
        click_id_kinds: tuple[str, ...],
        landing_path: str | None,
    ) -> ChannelChoice:
        """Return the channel that a touch with this stored origin gets if it arrives now."""
        source, medium, referrer_host = drop_own_hosts(
            source, medium, referrer_host, self.own_hosts
        )
        return choose_by_rules(
            self.rules,
            source=source,
            medium=medium,
            campaign=campaign,
            referrer_host=referrer_host,
            click_id_kinds=click_id_kinds,
            landing_path=landing_path,
        )


def follows_rules(row: SelectTouchesToDeriveRow) -> bool:
    """Return whether a touch stands and its channel was derived, or was corrected by what is not in force any more."""
    return row["is_standing"] and row["channel_rule"] != EXPLICIT and not row["is_corrected"]


def derive_again(row: SelectTouchesToDeriveRow, by: Standards) -> ChannelChoice:
    """Return the channel that a recorded touch gets if it arrives now, and nobody corrects it."""
    given = given_channel(row)
    if given is not None:
        return ChannelChoice(given, EXPLICIT)
    return by.choose(
        source=row["source"],
        medium=row["medium"],
        campaign=row["campaign"],
        referrer_host=row["referrer_host"],
        click_id_kinds=tuple(row["click_id_kinds"] or ()),
        landing_path=row["landing_path"],
    )


async def preview_channels(
    connection: Connection,
    tenant_id: UUID,
    *,
    most: int = 10_000,
    latest: int | None = None,
    rules: OwnRules | Literal["none", "in force"] = "in force",
) -> ChannelPreview:
    """Return what `restate_page` would move now: of all touches of the transaction's tenant, or of the `latest` ones.

    With `rules`, what it would move if these were in force, or none of the tenant's own.
    Reads `most` touches at once, and takes about 10 s for a million.
    """
    preview = ChannelPreview()
    by = await read_standards(connection, tenant_id)
    if rules != "in force":
        by = replace(by, rules=None if rules == "none" else rules)
    after = _NIL
    if latest is not None:
        after = await queries.find_beginning_of_touches(
            connection, tenant_id=tenant_id, most=latest
        )
        preview.is_complete = after == _NIL
    span = Span(after, await queries.select_last_touch(connection, tenant_id=tenant_id), most)
    while page := await read_page_to_derive(connection, tenant_id, span):
        preview.touches += sum(map(follows_rules, page))
        preview.moves.update(
            (row["channel_code"], choice.code) for row, choice in find_moves(page, by)
        )
        span = Span(page[-1]["id"], span.until, most)
    return preview


async def restate_page(
    connection: Connection, tenant_id: UUID, undoing_id: UUID, span: Span
) -> tuple[UUID | None, int]:
    """Record the touches of a page again whose channel is another one now; mark the orders that they can change.

    Return the last id of the page, None if it is empty, and how many touches moved. Touches whose channel was given
    with them keep it.
    """
    rows = await read_page_to_derive(connection, tenant_id, span)
    if not rows:
        return None, 0
    moves = find_moves(rows, await read_standards(connection, tenant_id))
    if moves:
        await move_touches(connection, tenant_id, undoing_id, moves)
    return rows[-1]["id"], len(moves)


async def read_page_to_derive(
    connection: Connection, tenant_id: UUID, span: Span
) -> list[SelectTouchesToDeriveRow]:
    """Return the touches of a span, and of each whether it stands."""
    return await queries.select_touches_to_derive(
        connection, tenant_id=tenant_id, after=span.after, until=span.until, most=span.most
    )


async def read_standards(connection: Connection, tenant_id: UUID) -> Standards:
    """Return what the channels of the transaction's tenant follow now."""
    rows = await queries.select_hosts(connection, tenant_id=tenant_id)
    own = await queries.select_rules_in_force(connection, tenant_id=tenant_id)
    rules = None if own is None else compiled_rules(own["version"], own["document"])
    return Standards(frozenset(row["host"] for row in rows), rules)


def find_moves(
    rows: Sequence[SelectTouchesToDeriveRow], by: Standards
) -> list[tuple[SelectTouchesToDeriveRow, ChannelChoice]]:
    """Return the touches that get another channel, with it, or keep a correction that is not in force any more."""
    derived = [(row, derive_again(row, by)) for row in rows if follows_rules(row)]
    return [
        (row, choice)
        for row, choice in derived
        if choice.code != row["channel_code"] or was_corrected(row)
    ]


def was_corrected(row: SelectTouchesToDeriveRow) -> bool:
    """Return whether a touch has its channel by a correction, in force or not."""
    return row["channel_rule"].startswith(_CORRECTION)


def given_channel(row: SelectTouchesToDeriveRow) -> str | None:
    """Return the channel that was sent with a touch, which a correction keeps beside its own; None without any."""
    if row["channel_rule"] == EXPLICIT:
        return row["channel_code"]
    return row["channel_rule"].partition(":")[2] or None if was_corrected(row) else None


def rule_of_correction(correction_id: UUID, given: str | None) -> str:
    """Return what a corrected touch keeps as its rule: `insert_touches` and `restore_touches` write the same."""
    return f"{_CORRECTION}{correction_id}" + (f":{given}" if given else "")


async def move_touches(
    connection: Connection,
    tenant_id: UUID,
    undoing_id: UUID,
    moves: Sequence[tuple[SelectTouchesToDeriveRow, ChannelChoice]],
) -> None:
    """Record standing touches again with these channels, and mark the orders that they can change."""
    ids = [row["id"] for row, _ in moves]
    await plan_for_each_list(connection, len(ids), may_sort=True)
    await queries.withdraw_touches(
        connection,
        tenant_id=tenant_id,
        undoing_id=undoing_id,
        ids=ids,
        first_id=ids[0],
        last_id=ids[-1],
    )
    await plan_for_each_list(connection, len(ids), may_sort=True)
    await queries.record_touches_again(
        connection,
        tenant_id=tenant_id,
        ids=ids,
        first_id=ids[0],
        last_id=ids[-1],
        new_ids=new_ids(len(ids)),
        channel_codes=[choice.code for _, choice in moves],
        channel_rules=[choice.rule for _, choice in moves],
    )
    await mark_orders_reached_by_touches(
        connection,
        tenant_id,
        [
            (row["journey_key"], row["occurred_at"])
            for row, _ in moves
            if row["journey_key"] is not None
        ],
    )
