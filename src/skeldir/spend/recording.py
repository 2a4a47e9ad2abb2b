"""Recording what ad platforms say: new revisions of campaign days, and the differences in what channels cost."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from uuid import UUID

import orjson

from skeldir.db import new_id, new_ids, share_lock, wait_for_lock
from skeldir.ingest import COMMON_CHANNELS, RESERVED_CHANNELS, rules_in_force
from skeldir.rollups import ingest_lock, mark_days
from skeldir.spend.classifying import place_by_rules
from skeldir.spend.days import (
    BY_NAME,
    FIGURES,
    GIVEN,
    AdDay,
    AdKey,
    Posting,
    Revision,
    next_revision,
    postings_of,
    totals_of,
)
from skeldir.spend.refusals import ChannelUnknown
from skeldir.spend.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection

_AT_ONCE: Final = 5_000
_Change: TypeAlias = tuple[Revision, list[Posting]]
"""A revision, and the money that it moves."""


@dataclass(frozen=True, slots=True)
class Load:
    """Where days come from: a file's name or a route, its digest, and who brings them."""

    kind: Literal["file", "api", "withdrawal", "rules"]
    source: str
    digest: str
    recorded_by: str
    rows: int
    time_zone: str | None = None
    is_incomplete: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded: how many days are new, restated or as they were; None for a load that said nothing new.

    `spent_before` and `spent_after` are the costs of all its keys by currency. `covered`: days of a withdrawn load that
    stay, because a later load restated them.
    """

    load_id: UUID | None
    new: int
    restated: int
    unchanged: int
    spent_before: Mapping[str, int]
    spent_after: Mapping[str, int]
    covered: int = 0


@dataclass(frozen=True, slots=True)
class Rival:
    """A stored key that would count the same money as a new one."""

    key: AdKey
    stored: AdKey
    stored_name: str | None

    def describe(self) -> str:
        """Return a sentence about both."""
        if self.key.currency != self.stored.currency:
            how = f"in {self.stored.currency}, not in {self.key.currency}"
        elif self.key.account != self.stored.account:
            how = f'under the account "{self.stored.account}", not "{self.key.account}"'
        elif self.stored.campaign.startswith(BY_NAME):
            how = "under its name, without an id"
        else:
            how = f"under its id, {self.stored.campaign}"
        name = self.stored_name or self.stored.campaign.removeprefix(BY_NAME)
        return f'{self.key.day} of the campaign "{name[:80]}" is recorded {how}.'


async def record_days(
    connection: Connection, tenant_id: UUID, load: Load, days: Sequence[AdDay]
) -> Recorded:
    """Record days of the transaction's tenant, each key once; what is recorded already in the same form stays.

    Each changed day becomes a new revision, and `spend` gets the difference, so that its sum is the latest cost.
    Channels that nobody chose follow the tenant's rules in force. The days are marked for the roll-up.
    """
    await take_locks(connection, tenant_id)
    rules = await rules_in_force(connection, tenant_id)
    load_id = new_id()
    new = restated = 0
    before: list[AdDay] = []
    after: list[AdDay] = []
    for some in _pieces(days):
        latest = await _read_latest(connection, tenant_id, [day.key for day in some])
        changes: list[_Change] = []
        for day in some:
            known = latest.get(day.key)
            name = day.name or (None if known is None else known.name)
            now = next_revision(known, place_by_rules(replace(day, name=name), rules))
            if known is not None:
                before.append(replace(day, figures=known.figures))
            if now is not None:
                changes.append((now, postings_of(known, now)))
                new, restated = new + (known is None), restated + (known is not None)
            if (current := now or known) is not None:
                after.append(replace(day, figures=current.figures))
        await _write(connection, tenant_id, load_id, changes)
    done = Recorded(
        load_id if new or restated else None,
        new,
        restated,
        len(days) - new - restated,
        totals_of(before),
        totals_of(after),
    )
    await _write_load(connection, tenant_id, load, done, days)
    return done


async def _write_load(
    connection: Connection, tenant_id: UUID, load: Load, done: Recorded, days: Sequence[AdDay]
) -> None:
    if done.load_id is None:
        return
    await queries.insert_load(
        connection,
        tenant_id=tenant_id,
        id=done.load_id,
        kind=load.kind,
        source=load.source,
        digest=load.digest,
        platforms=sorted({day.key.platform for day in days}),
        time_zone=load.time_zone,
        is_incomplete=load.is_incomplete,
        source_rows=load.rows,
        totals=orjson.dumps(totals_of(days)).decode(),
        new_days=done.new,
        restated_days=done.restated,
        unchanged_days=done.unchanged,
        recorded_by=load.recorded_by,
    )


async def find_rivals(
    connection: Connection, tenant_id: UUID, days: Sequence[AdDay]
) -> dict[AdKey, Rival]:
    """Return the keys whose money is under another one, by name, account or currency: a stored one, or one before it.

    Takes the tenant's locks first, so that nothing is recorded between this and `record_days`.
    """
    await take_locks(connection, tenant_id)
    stored = await queries.select_days_of_platforms(
        connection,
        tenant_id=tenant_id,
        platforms=sorted({day.key.platform for day in days}),
        days=sorted({day.key.day for day in days}),
    )
    by_campaign: dict[tuple[object, ...], list[tuple[AdKey, str | None]]] = {}
    by_name: dict[tuple[object, ...], list[tuple[AdKey, str | None]]] = {}
    for row in stored:
        key = AdKey(row["platform"], row["account"], row["campaign"], row["day"], row["currency"])
        name = row["campaign_name"]
        by_campaign.setdefault((key.platform, key.campaign, key.day), []).append((key, name))
        if name is not None:
            by_name.setdefault((key.platform, key.account, name, key.day), []).append((key, name))
    found: dict[AdKey, Rival] = {}
    for day in days:
        key = day.key
        same = by_campaign.get((key.platform, key.campaign, key.day), [])
        named = by_name.get((key.platform, key.account, day.name, key.day), [])
        for other, name in (*same, *named):
            if other != key and _are_one(key, other):
                found[key] = Rival(key, other, name)
        if key in found:
            continue
        by_campaign.setdefault((key.platform, key.campaign, key.day), []).append((key, day.name))
        if day.name is not None:
            by_name.setdefault((key.platform, key.account, day.name, key.day), []).append(
                (key, day.name)
            )
    return found


def _are_one(key: AdKey, other: AdKey) -> bool:
    """Return whether two keys that share a campaign or a name are of the same money."""
    if key.campaign != other.campaign:
        return key.campaign.startswith(BY_NAME) or other.campaign.startswith(BY_NAME)
    # A name may be given to campaigns of several accounts, an id is given once.
    return key.account == other.account or not key.campaign.startswith(BY_NAME)


async def read_given_channels(
    connection: Connection, tenant_id: UUID, platforms: Collection[str]
) -> dict[tuple[str, str, str], str]:
    """Return the channels chosen for campaigns before: (platform, account, campaign) to channel."""
    rows = await queries.select_given_channels(
        connection, tenant_id=tenant_id, platforms=sorted(platforms)
    )
    return {(row["platform"], row["account"], row["campaign"]): row["channel_code"] for row in rows}


def keep_given(days: Sequence[AdDay], chosen: Mapping[tuple[str, str, str], str]) -> list[AdDay]:
    """Return days with the channels that were chosen for their campaigns before, unless one is given now."""
    kept = []
    for day in days:
        key = day.key
        channel = chosen.get((key.platform, key.account, key.campaign))
        is_kept = channel is not None and day.rule != GIVEN
        kept.append(replace(day, channel=channel or "", rule=GIVEN) if is_kept else day)
    return kept


def check_channels(codes: Collection[str], own_channels: Collection[str]) -> None:
    """Check channels that were given. Raises ChannelUnknown."""
    for code in sorted(codes):
        is_known = code in COMMON_CHANNELS or code in own_channels
        if not is_known or code in RESERVED_CHANNELS:
            raise ChannelUnknown(
                f"{code[:63]!r} is not a channel that spend can be in.",
                cure="Use a code of the common taxonomy, or add your own with `skeldir channels add`.",
            )


async def take_locks(connection: Connection, tenant_id: UUID) -> None:
    """Wait until no other transaction numbers revisions of the tenant, whose days are marked under its lock."""
    await share_lock(connection, ingest_lock(tenant_id))
    await wait_for_lock(connection, f"spend:{tenant_id}")


def _pieces(days: Sequence[AdDay]) -> Iterator[Sequence[AdDay]]:
    for start in range(0, len(days), _AT_ONCE):
        yield days[start : start + _AT_ONCE]


async def _read_latest(
    connection: Connection, tenant_id: UUID, keys: Sequence[AdKey]
) -> dict[AdKey, Revision]:
    rows = await queries.select_latest(
        connection,
        tenant_id=tenant_id,
        platforms=[key.platform for key in keys],
        accounts=[key.account for key in keys],
        campaigns=[key.campaign for key in keys],
        days=[key.day for key in keys],
        currencies=[key.currency for key in keys],
    )
    found = {}
    for row in rows:
        key = AdKey(row["platform"], row["account"], row["campaign"], row["day"], row["currency"])
        figures = dict(zip(FIGURES, figures_of(row), strict=True))
        found[key] = Revision(
            key,
            row["revision"],
            figures,
            row["channel_code"],
            row["channel_rule"],
            row["campaign_name"],
            common_of(row["common_channel"], row["common_rule"]),
        )
    return found


def common_of(channel: str | None, rule: str | None) -> tuple[str, str] | None:
    """Return what the common rules give a stored day, if a rule of the tenant chose its channel."""
    return None if channel is None or rule is None else (channel, rule)


def figures_of(row: Mapping[str, object]) -> list[int | str | None]:
    """Return the figures of a stored row, in the order of FIGURES."""
    values = [row[name] for name in FIGURES]
    return [value if isinstance(value, int | str) else None for value in values]


async def _write(
    connection: Connection,
    tenant_id: UUID,
    load_id: UUID,
    changes: Sequence[_Change],
) -> None:
    if not changes:
        return
    ids = new_ids(len(changes))
    revisions = [revision for revision, _ in changes]

    def column(name: str) -> list[int | str | None]:
        return [revision.figures[name] for revision in revisions]

    await queries.insert_ad_days(
        connection,
        tenant_id=tenant_id,
        load_id=load_id,
        ids=ids,
        platforms=[one.key.platform for one in revisions],
        accounts=[one.key.account for one in revisions],
        campaigns=[one.key.campaign for one in revisions],
        names=[one.name for one in revisions],
        days=[one.key.day for one in revisions],
        currencies=[one.key.currency for one in revisions],
        revisions=[one.number for one in revisions],
        costs=_whole(column("cost_cents")),
        impressions=_whole(column("impressions")),
        clicks=_whole(column("clicks")),
        claim_types=_texts(column("claim_type")),
        claims=_whole(column("claims_millionths")),
        claimed=_whole(column("claimed_cents")),
        settings=_texts(column("attribution_setting")),
        channels=[one.channel for one in revisions],
        rules=[one.rule for one in revisions],
        common_channels=[one.common and one.common[0] for one in revisions],
        common_rules=[one.common and one.common[1] for one in revisions],
    )
    posted = [
        (revision, posting, f"ad:{id_}:{number}")
        for id_, (revision, postings) in zip(ids, changes, strict=True)
        for number, posting in enumerate(postings)
    ]
    if posted:
        await queries.insert_spend(
            connection,
            tenant_id=tenant_id,
            ids=new_ids(len(posted)),
            business_keys=[business_key for _, _, business_key in posted],
            days=[revision.key.day for revision, _, _ in posted],
            channels=[posting.channel for _, posting, _ in posted],
            currencies=[revision.key.currency for revision, _, _ in posted],
            cents=[posting.cents for _, posting, _ in posted],
        )
        await mark_days(connection, tenant_id, {one.key.day for one, _, _ in posted})


def _whole(values: Sequence[int | str | None]) -> list[int | None]:
    return [value if isinstance(value, int) else None for value in values]


def _texts(values: Sequence[int | str | None]) -> list[str | None]:
    return [value if isinstance(value, str) else None for value in values]
