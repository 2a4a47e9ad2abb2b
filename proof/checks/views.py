"""H-MV-01: the view inventory drifts, or `app_user` cannot refresh it, or what the views say is not what happened."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, LiteralString

from psycopg.rows import dict_row

from proof.checks.bounds import APP
from proof.contract import Check
from proof.recomputed.crediting import allocations_of
from proof.recomputed.sums import READERS, Facts, derive_entries, write_rows, write_table
from proof.stage.proving import Proof, Session
from proof.stage.steps import digest_of, equals, matches, same_as
from skeldir.matviews import CANONICAL_VIEWS

INVENTORY_LINE: Final = "MATVIEW INVENTORY OK (registry == pg_matviews)"

_REGISTRY: Final = (
    "from skeldir.matviews import CANONICAL_VIEWS\n"
    "for view in CANONICAL_VIEWS: print('public.' + view.name)"
)
_PG_MATVIEWS: Final = """
    SELECT schemaname || '.' || matviewname AS view FROM pg_matviews ORDER BY 1"""
_INDEXES: Final = """
    SELECT v.relname AS view, i.relname AS index, x.indisunique AS is_unique, x.indisvalid AS is_valid,
           x.indpred IS NULL AND x.indexprs IS NULL AS covers_all_rows
    FROM pg_class v
    LEFT JOIN (pg_index x JOIN pg_class i ON i.oid = x.indexrelid)
      ON x.indrelid = v.oid AND i.relname = 'idx_' || v.relname
    WHERE v.relkind = 'm' AND v.relnamespace = 'public'::regnamespace ORDER BY 1, 2"""

# All columns but the tenant's, ordered by all of them in turn: as `write_table` writes what was recomputed.
_CONTENTS: Final = MappingProxyType[str, tuple[str, LiteralString]](
    {
        "allocation_summary": (
            "model_version date currency ledger_cents awaiting_capture_cents allocated_cents drift_cents is_balanced",
            """SELECT model_version, date, currency, ledger_cents, awaiting_capture_cents, allocated_cents, drift_cents,
                      is_balanced
               FROM public.allocation_summary ORDER BY 1, 2, 3, 4, 5, 6, 7, 8""",
        ),
        "channel_performance": (
            "model_version channel_code date currency credited_conversions credited_cents spend_cents roas",
            """SELECT model_version, channel_code, date, currency, credited_conversions, credited_cents, spend_cents,
                      roas
               FROM public.channel_performance ORDER BY 1, 2, 3, 4, 5, 6, 7, 8""",
        ),
        "daily_revenue_summary": (
            "revenue_date currency state amount_cents entries",
            """SELECT revenue_date, currency, state, amount_cents, entries
               FROM public.daily_revenue_summary ORDER BY 1, 2, 3, 4, 5""",
        ),
        "realtime_revenue": (
            "currency captured_cents refunded_cents disputed_cents net_cents orders last_entry_at",
            """SELECT currency, captured_cents, refunded_cents, disputed_cents, net_cents, orders, last_entry_at
               FROM public.realtime_revenue ORDER BY 1, 2, 3, 4, 5, 6, 7""",
        ),
        "reconciliation_status": (
            "platform currency state claimed_cents verified_cents ghost_cents discrepancy_bp ran_at run_id",
            """SELECT platform, currency, state, claimed_cents, verified_cents, ghost_cents, discrepancy_bp, ran_at,
                      run_id
               FROM public.reconciliation_status ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9""",
        ),
    }
)
_REFRESHES: Final[tuple[LiteralString, ...]] = (
    'REFRESH MATERIALIZED VIEW CONCURRENTLY public."mv_allocation_summary"',
    'REFRESH MATERIALIZED VIEW CONCURRENTLY public."mv_channel_performance"',
    'REFRESH MATERIALIZED VIEW CONCURRENTLY public."mv_daily_revenue_summary"',
    'REFRESH MATERIALIZED VIEW CONCURRENTLY public."mv_realtime_revenue"',
    'REFRESH MATERIALIZED VIEW CONCURRENTLY public."mv_reconciliation_status"',
)
_DIRECT_READINGS: Final[tuple[LiteralString, ...]] = (
    'SELECT * FROM public."mv_allocation_summary"',
    'SELECT * FROM public."mv_channel_performance"',
    'SELECT * FROM public."mv_daily_revenue_summary"',
    'SELECT * FROM public."mv_realtime_revenue"',
    'SELECT * FROM public."mv_reconciliation_status"',
)
_NO_BLOCK_IS_EMPTY: Final = r"(?!.*\(0 rows\)).*\(\d+ rows?\).*"
_RECOMPUTED: Final = (
    "recomputed in plain Python (proof.recomputed.crediting and .recompute) from revenue_ledger, attribution_events, "
    "attribution_models, spend and reconciliation_runs, as app_user reads them"
)


def _prove_inventory(proof: Proof) -> None:
    database = proof.world.database
    registry = proof.run(sys.executable, "-c", _REGISTRY, expect=matches(r".*exit status 0"))
    found = proof.ask(APP, database, _PG_MATVIEWS, expect=matches(r".*\(\d+ rows?\)"))
    known = set(registry.splitlines()[:-1])
    there = set(found.splitlines()[1:-1])
    said = [f"only in the registry: {name}" for name in sorted(known - there)]
    said += [f"only in pg_matviews: {name}" for name in sorted(there - known)]
    proof.read(
        "the names of step 1 compared with those of step 2, both ways",
        "\n".join(said) or INVENTORY_LINE,
        expect=equals(INVENTORY_LINE),
    )


def _prove_indexes(proof: Proof) -> None:
    lines = [f"{view.name} | idx_{view.name} | True | True | True" for view in CANONICAL_VIEWS]
    expected = ["view | index | is_unique | is_valid | covers_all_rows", *lines, "(5 rows)"]
    proof.ask(APP, proof.world.database, _INDEXES, expect=equals("\n".join(expected)))


def _prove_no_direct_reading(proof: Proof) -> None:
    world = proof.world
    with proof.session(APP, world.database, tenant=world.a) as session:
        for statement in _DIRECT_READINGS:
            session.ask(statement, expect=matches(r"ERROR 42501: permission denied .*"))


def _prove_contents(proof: Proof) -> None:
    world = proof.world
    for tenant in (world.a, world.b):
        with proof.session(APP, world.database, tenant=tenant) as session:
            proof.read(
                f"what the five readers must show of this tenant: {_RECOMPUTED}",
                "\n".join(_recompute(session, tenant).values()),
                expect=matches(_NO_BLOCK_IS_EMPTY),
            )
            session.ask(
                *(statement for _, statement in _CONTENTS.values()),
                expect=same_as(len(proof.steps)),
            )


def _prove_refresh(proof: Proof) -> None:
    world = proof.world
    steps: dict[object, int] = {}
    expected: dict[object, dict[str, str]] = {}
    for tenant in (world.a, world.b):
        with proof.session(APP, world.database, tenant=tenant) as session:
            proof.read(
                f"number and SHA-256 of the rows that the five readers must show of this tenant: {_RECOMPUTED}",
                in_short(expected.setdefault(tenant, _recompute(session, tenant))),
                expect=matches(_NO_BLOCK_IS_EMPTY),
            )
        steps[tenant] = len(proof.steps)
    for refreshing_as in (None, world.b):
        with proof.session(APP, world.database, tenant=refreshing_as) as session:
            session.ask(*_REFRESHES, expect=equals("\n".join(["REFRESH MATERIALIZED VIEW"] * 5)))
        for tenant in (world.a, world.b):
            with proof.session(APP, world.database, tenant=tenant) as session:
                proof.read(
                    "number and SHA-256 of the rows that the five readers show app_user of this tenant now",
                    in_short(_show(session), expected[tenant]),
                    expect=same_as(steps[tenant]),
                )


def read_facts(session: Session, tenant: object) -> Facts:
    """Read a tenant's facts in its own session of `app_user`, which sees no others, and work its credit out."""
    cursor = session.connection.cursor(row_factory=dict_row)

    def rows(statement: LiteralString) -> list[dict[str, Any]]:
        return cursor.execute(statement, (tenant,)).fetchall()

    ledger = rows("SELECT * FROM public.revenue_ledger WHERE tenant_id = %s")
    models = rows("SELECT * FROM public.attribution_models WHERE tenant_id = %s AND is_active")
    touches = rows("SELECT * FROM public.attribution_events WHERE tenant_id = %s")
    return Facts(
        entries=derive_entries(ledger),
        models=[row["model_version"] for row in models],
        allocations=allocations_of(ledger, touches, models),
        spend=rows("SELECT * FROM public.spend WHERE tenant_id = %s"),
        runs=rows("SELECT * FROM public.reconciliation_runs WHERE tenant_id = %s"),
    )


def _recompute(session: Session, tenant: object) -> dict[str, str]:
    """Return what the five readers must show of the session's tenant, as written tables."""
    facts = read_facts(session, tenant)
    return {
        reader: write_table(columns.split(), READERS[reader](facts))
        for reader, (columns, _) in _CONTENTS.items()
    }


def _show(session: Session) -> dict[str, str]:
    """Return what the five readers show of the session's tenant, as written tables."""
    return {
        reader: write_rows(columns.split(), session.connection.execute(statement).fetchall())
        for reader, (columns, statement) in _CONTENTS.items()
    }


def in_short(tables: Mapping[str, str], expected: Mapping[str, str] | None = None) -> str:
    """Return number and SHA-256 of the rows of each table, and up to ten rows in which it is not as expected."""
    lines = []
    for name, table in tables.items():
        lines.append(f"{name}: {table.splitlines()[-1]}, SHA-256 {digest_of(table)}")
        wanted = set((expected or tables)[name].splitlines())
        lines += [f"  too much: {row}" for row in table.splitlines() if row not in wanted][:5]
        lines += [f"  missing: {row}" for row in sorted(wanted - set(table.splitlines()))[:5]]
    return "\n".join(lines)


CHECKS: Final = (
    Check(
        "H-MV-01/inventory",
        "The registry of canonical views and the database's own list of materialized views name the same five.",
        _prove_inventory,
    ),
    Check(
        "H-MV-01/indexes",
        "Each canonical view has its unique index, valid and over all rows, which CONCURRENTLY needs.",
        _prove_indexes,
    ),
    Check(
        "H-MV-01/no-direct-reading",
        "The runtime role cannot read a materialized view itself: PostgreSQL would show it all tenants' rows.",
        _prove_no_direct_reading,
    ),
    Check(
        "H-MV-01/contents",
        "For both tenants each view shows, through its reader, what the facts add up to, row by row, and is not empty.",
        _prove_contents,
    ),
    Check(
        "H-MV-01/refresh",
        "The runtime role refreshes all five, whichever tenant is set, and both tenants still see all their rows.",
        _prove_refresh,
    ),
)
