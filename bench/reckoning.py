"""The reckoning after the storm: what the tables of a service say, asked by its operator, who sees all tenants."""

from __future__ import annotations

from collections.abc import Callable

Ask = Callable[..., list[tuple[object, ...]]]
"""Asks the database a question with values, and returns the rows."""

# Every entry of an order with a capture is credited to its last cent, once, by each active model.
_UNCREDITED = """
    WITH kept AS (
        SELECT order_id FROM revenue_ledger WHERE tenant_id = %(tenant)s AND kind = 'capture'
        {but_set_aside}),
    ledger AS (
        SELECT l.order_id, l.currency, m.model_version, sum(l.amount_cents) AS cents
        FROM revenue_ledger l JOIN attribution_models m USING (tenant_id)
        WHERE l.tenant_id = %(tenant)s AND m.is_active AND l.order_id IN (SELECT order_id FROM kept)
        GROUP BY 1, 2, 3),
    credit AS (
        SELECT order_id, currency, model_version, sum(allocated_cents) AS cents
        FROM attribution_allocations a JOIN attribution_models m USING (tenant_id, model_version)
        WHERE a.tenant_id = %(tenant)s AND m.is_active AND a.order_id IN (SELECT order_id FROM kept)
        GROUP BY 1, 2, 3)
    SELECT order_id, currency, model_version, ledger.cents, credit.cents
    FROM ledger FULL JOIN credit USING (order_id, currency, model_version)
    WHERE ledger.cents IS DISTINCT FROM credit.cents"""
_BUT_SET_ASIDE = "EXCEPT SELECT order_id FROM orders_set_aside WHERE tenant_id = %(tenant)s"


def list_uncredited(ask: Ask, tenant: str) -> list[tuple[object, ...]]:
    """Return order, currency, model, ledger and credit where these differ; orders that were set aside are left out."""
    but = _BUT_SET_ASIDE if _is_there(ask, "orders_set_aside") else ""
    return ask(_UNCREDITED.replace("{but_set_aside}", but), {"tenant": tenant})


def count_set_aside(ask: Ask, tenant: str) -> int:
    """Return how many orders of a tenant the service says it could not credit."""
    if not _is_there(ask, "orders_set_aside"):
        return 0
    ((count,),) = ask("SELECT count(*) FROM orders_set_aside WHERE tenant_id = %s", tenant)
    return int(str(count))


def count_to_do(ask: Ask) -> dict[str, int]:
    """Return what is still to be done, of all tenants."""
    (counts,) = ask(
        """SELECT (SELECT count(*) FROM jobs WHERE state IN ('ready', 'running')),
                  (SELECT count(*) FROM dirty_orders), (SELECT count(*) FROM dirty_days)"""
    )
    names = ("jobs", "marked orders", "marked days")
    to_do = dict(zip(names, (int(str(count)) for count in counts), strict=True))
    if _is_there(ask, "dirty_journeys"):
        ((journeys,),) = ask("SELECT count(*) FROM dirty_journeys")
        to_do["marked journeys"] = int(str(journeys))
    return to_do


def list_dead_jobs(ask: Ask) -> list[tuple[object, ...]]:
    """Return tenant, kind, seconds since, and error of the jobs that were given up."""
    return ask(
        """SELECT tenant_id::text, kind, extract(epoch FROM clock_timestamp() - finished_at)::float8, error
           FROM jobs WHERE state = 'dead'"""
    )


def list_locks(ask: Ask) -> list[tuple[object, ...]]:
    """Return the advisory locks, but for the one by which a beat keeps others from beating too."""
    return ask(
        """SELECT l.classid, l.objid, a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)
           WHERE l.locktype = 'advisory' AND a.application_name NOT LIKE '%%beat%%'"""
    )


def do_views_show_everything(ask: Ask) -> bool:
    """Say whether each of the five views has seen every change."""
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
