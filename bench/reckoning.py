"""Checks after a run: what is in the tables of a service, read by its operator, who sees all tenants."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

from skeldir.attribution.packing import unpack_entries

Ask = Callable[..., list[tuple[object, ...]]]
"""Runs a query with parameters, and returns the rows."""

_LEDGER = """
    SELECT order_id, currency, sum(amount_cents)::text FROM revenue_ledger l
    WHERE tenant_id = %(tenant)s AND EXISTS (SELECT FROM revenue_ledger c
        WHERE c.tenant_id = l.tenant_id AND c.order_id = l.order_id AND c.kind = 'capture')
    GROUP BY 1, 2"""
_JOURNEYS = "SELECT order_id, entries FROM order_journeys WHERE tenant_id = %(tenant)s"
_ASIDE = "SELECT order_id FROM orders_set_aside WHERE tenant_id = %(tenant)s"
_SUMS = """
    SELECT m.model_version, r.currency, sum(r.credited_cents)::text
    FROM attribution_models m LEFT JOIN rollup_channel_day r USING (tenant_id, model_version)
    WHERE m.tenant_id = %(tenant)s AND m.is_active GROUP BY 1, 2"""


def list_uncredited(ask: Ask, tenant: str) -> list[tuple[object, ...]]:
    """Return order or model version, currency, ledger and credit where these differ; orders set aside are left out.

    The journey of an order with a capture counts each of its entries once, and the sums of each model in force equal
    the counted entries, to the cent.
    """
    of_tenant = {"tenant": tenant}
    aside = {str(row[0]) for row in ask(_ASIDE, of_tenant)}
    ledger = {
        (str(order), str(currency)): int(str(cents))
        for order, currency, cents in ask(_LEDGER, of_tenant)
    }
    counted: Counter[tuple[str, str]] = Counter()
    for order, entries in ask(_JOURNEYS, of_tenant):
        for entry in unpack_entries(bytes(entries)):  # type: ignore[call-overload]
            counted[str(order), entry.currency] += entry.amount_cents
    wrong: list[tuple[object, ...]] = [
        (*key, ledger.get(key), counted.get(key))
        for key in sorted(ledger.keys() | counted.keys())
        if key[0] not in aside and ledger.get(key) != counted.get(key)
    ]
    totals: Counter[str] = Counter()
    for (_, currency), cents in counted.items():
        totals[currency] += cents
    credited: dict[str, dict[str, int]] = defaultdict(dict)
    for version, currency, cents in ask(_SUMS, of_tenant):
        if currency is not None:
            credited[str(version)][str(currency)] = int(str(cents))
        else:
            credited[str(version)] = {}
    for version, sums in credited.items():
        wrong += [
            (version, currency, totals[currency], sums.get(currency, 0))
            for currency in sorted(totals.keys() | sums.keys())
            if totals[currency] != sums.get(currency, 0)
        ]
    return wrong


def count_set_aside(ask: Ask, tenant: str) -> int:
    """Return how many orders of a tenant are set aside."""
    if not _is_there(ask, "orders_set_aside"):
        return 0
    ((count,),) = ask("SELECT count(*) FROM orders_set_aside WHERE tenant_id = %s", tenant)
    return int(str(count))


def count_to_do(ask: Ask) -> dict[str, int]:
    """Return the remaining work of all tenants."""
    (counts,) = ask(
        """SELECT (SELECT count(*) FROM jobs WHERE state IN ('ready', 'running')),
                  (SELECT count(*) FROM dirty_orders), (SELECT count(*) FROM dirty_days)"""
    )
    names = ("jobs", "marked orders", "marked days")
    to_do = dict(zip(names, (int(str(count)) for count in counts), strict=True))
    if _is_there(ask, "restatements"):
        ((restatements,),) = ask(
            "SELECT count(*) FROM restatements WHERE after_order_id IS NOT NULL"
        )
        to_do["restatements"] = int(str(restatements))
    if _is_there(ask, "dirty_journeys"):
        ((journeys,),) = ask("SELECT count(*) FROM dirty_journeys")
        to_do["marked journeys"] = int(str(journeys))
    return to_do


def list_dead_jobs(ask: Ask) -> list[tuple[object, ...]]:
    """Return tenant, kind, seconds since, and error of the dead jobs."""
    return ask(
        """SELECT tenant_id::text, kind, extract(epoch FROM clock_timestamp() - finished_at)::float8, error
           FROM jobs WHERE state = 'dead'"""
    )


def list_locks(ask: Ask) -> list[tuple[object, ...]]:
    """Return the advisory locks, except the one with which a beat excludes other beats."""
    return ask(
        """SELECT l.classid, l.objid, a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)
           WHERE l.locktype = 'advisory' AND a.application_name NOT LIKE '%%beat%%'"""
    )


def do_views_show_everything(ask: Ask) -> bool:
    """Return whether each of the five views shows every change."""
    ((changes,),) = ask(
        """SELECT count(*) FROM rollup_changes c
           WHERE EXISTS (SELECT FROM (SELECT DISTINCT view_name FROM matview_refreshes) v
                         WHERE NOT coalesce((SELECT pg_visible_in_snapshot(c.changed_by, r.seen)
                                             FROM matview_refreshes r
                                             WHERE r.view_name = v.view_name AND r.outcome = 'success'
                                             ORDER BY r.started_at DESC, r.id DESC LIMIT 1), false))"""
    )
    ((views,),) = ask(
        "SELECT count(DISTINCT view_name) FROM matview_refreshes WHERE outcome = 'success'"
    )
    return (changes, views) == (0, 5)


def _is_there(ask: Ask, table: str) -> bool:
    return ask("SELECT to_regclass(%s) IS NOT NULL", f"public.{table}") == [(True,)]
