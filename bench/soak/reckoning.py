"""Compares stored facts with acknowledged ones, tenant by tenant."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from time import monotonic, sleep
from uuid import UUID

import psycopg

from bench.reckoning import (
    count_set_aside,
    count_to_do,
    do_views_show_everything,
    list_dead_jobs,
    list_uncredited,
)
from bench.service import Service, ask
from bench.soak.records import DeadJob, Found, Run, Tally
from bench.soak.shop import entry_of

_LOOK_S = 1.0
_ROWS = 10_000
_FOREIGN = """
    SELECT (SELECT count(*) FROM attribution_events WHERE tenant_id = %(tenant)s
            AND (campaign <> %(who)s || '-spring' OR journey_key IS NULL))
         + (SELECT count(*) FROM order_journeys
            WHERE tenant_id = %(tenant)s AND NOT starts_with(order_id, %(who)s || '-o-'))
         + (SELECT count(*) FROM dead_events WHERE tenant_id = %(tenant)s
            AND item->>'idempotency_key' ~ '^(q[0-9]{2}|hot|hos)-'
            AND NOT starts_with(item->>'idempotency_key', %(who)s || '-'))"""
_NOBODYS = """
    SELECT (SELECT count(*) FROM attribution_events WHERE tenant_id <> ALL(%(tenants)s))
         + (SELECT count(*) FROM revenue_ledger WHERE tenant_id <> ALL(%(tenants)s))"""
# The second query does not account for orders set aside, so it runs only if there are none.
_WRONG_REVENUE = """
    SELECT currency, l.cents, v.net_cents
    FROM (SELECT currency, sum(amount_cents) AS cents FROM revenue_ledger WHERE tenant_id = %(tenant)s GROUP BY 1) l
    FULL JOIN (SELECT currency, net_cents FROM mv_realtime_revenue WHERE tenant_id = %(tenant)s) v USING (currency)
    WHERE l.cents IS DISTINCT FROM v.net_cents"""
_WRONG_CREDIT = """
    SELECT model_version, currency FROM mv_allocation_summary WHERE tenant_id = %(tenant)s GROUP BY 1, 2
    HAVING sum(ledger_cents - awaiting_capture_cents - allocated_cents) <> 0"""


def wait_until_worked_off(
    service: Service, run: Run, most_s: float, *, are_views_asked: bool = True
) -> None:
    """Wait until no work is left and every view shows every change, and record how long that took."""
    began, run.drained_after_s = monotonic(), None
    while monotonic() < began + most_s:
        with suppress(psycopg.Error):
            to_do = count_to_do(service.ask)
            run.left_to_do = ", ".join(f"{n:,} {name}" for name, n in to_do.items() if n)
            if not run.left_to_do:
                if not are_views_asked or do_views_show_everything(service.ask):
                    run.drained_after_s = monotonic() - run.ended
                    return
                run.left_to_do = "views that are not up to date"
        sleep(_LOOK_S)


def reckon(url: str, run: Run, tenants: Mapping[str, UUID]) -> None:
    """Compare acknowledged facts with stored ones, at `url`, as a role that sees all tenants."""
    asked = partial(ask, url)
    names = {str(tenant): who for who, tenant in tenants.items()}
    now = monotonic()
    run.dead_jobs = [
        DeadJob(names.get(str(tenant), "all"), str(kind), now - float(str(age)), str(error))
        for tenant, kind, age, error in list_dead_jobs(asked)
    ]
    run.found = [_find(url, tally, str(tenants[tally.who])) for tally in run.tallies]
    ((nobodys,),) = asked(_NOBODYS, {"tenants": list(tenants.values())})
    if nobodys:
        run.found.append(Found("nobody", "", 0, 0, int(str(nobodys)), 0, 0, 0, 0, 0))


def _find(url: str, tally: Tally, tenant: str) -> Found:
    asked = partial(ask, url)
    touches = bytearray(tally.touches_sent)
    entries = bytearray(tally.conversions_sent)
    unknown = doubled = 0
    with psycopg.connect(url, connect_timeout=5) as connection:
        with connection.cursor("touches") as rows:
            rows.itersize = _ROWS
            rows.execute(
                "SELECT idempotency_key FROM attribution_events WHERE tenant_id = %s", [tenant]
            )
            for (key,) in rows:
                number = number_of(key, f"{tally.who}-t-", len(touches))
                unknown += number is None
                doubled += number is not None and _mark(touches, number)
        with connection.cursor("entries") as rows:
            rows.itersize = _ROWS
            rows.execute(
                """SELECT business_key, order_id, kind, amount_cents, currency
                   FROM revenue_ledger WHERE tenant_id = %s""",
                [tenant],
            )
            for key, *entry in rows:
                number = number_of(key, f"{tally.who}-c-", len(entries))
                is_ours = number is not None and entry == _entry(tally.who, number)
                unknown += not is_ours
                doubled += number is not None and _mark(entries, number)
    ((foreign,),) = asked(_FOREIGN, {"tenant": tenant, "who": tally.who})
    set_aside = count_set_aside(asked, tenant)
    wrong_views = len(asked(_WRONG_REVENUE, {"tenant": tenant}))
    if not set_aside:
        wrong_views += len(asked(_WRONG_CREDIT, {"tenant": tenant}))
    return Found(
        tally.who,
        tally.group,
        lost=count_lost(tally.touches_acknowledged, touches)
        + count_lost(tally.conversions_acknowledged, entries),
        doubled=doubled,
        unknown=unknown + int(str(foreign)),
        uncredited=len(list_uncredited(asked, tenant)),
        set_aside=set_aside,
        wrong_views=wrong_views,
        touches=sum(touches),
        entries=sum(entries),
    )


def number_of(key: str, beginning: str, most: int) -> int | None:
    """Return the number in an item's key; None if no sender with this marker sent such an item."""
    text = key.removeprefix(beginning)
    is_number = text != key and text.isascii() and text.isdigit()
    return int(text) if is_number and int(text) < most else None


def count_lost(acknowledged: bytearray, there: bytearray) -> int:
    """Return how many items were acknowledged but are not stored."""
    return sum(told > found for told, found in zip(acknowledged, there, strict=True))


def _mark(seen: bytearray, number: int) -> bool:
    """Mark an item as seen, and return whether it already was."""
    was_seen, seen[number] = seen[number] == 1, 1
    return was_seen


def _entry(who: str, number: int) -> list[object]:
    order, kind, cents, currency = entry_of(number)
    return [f"{who}-o-{order}", kind, cents, currency]
