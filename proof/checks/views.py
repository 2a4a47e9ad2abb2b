"""H-MV-01: the view inventory drifts, or `app_user` cannot refresh it, or the views do not show what happened."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, LiteralString

from psycopg.rows import dict_row

from proof.contract import Check
from proof.recomputed.crediting import allocations_of
from proof.recomputed.standing import standing_entries, standing_touches
from proof.recomputed.sums import READERS, Facts, derive_entries, write_table
from proof.stage.expectations import (
    done,
    equals,
    every,
    exits,
    refused,
    rows,
    same_as,
    shows,
    some_rows_of_each,
)
from proof.stage.ground import APP_USER
from proof.stage.proving import Proof, Session
from proof.stage.steps import digest_of
from proof.stage.tables import print_table, read_table
from proof.words import INVENTORY_LINE
from skeldir.matviews import CANONICAL_VIEWS

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
IN_SHORT: Final = ("table", "rows", "sha256", "differences")
_SHOWN_OF_EACH: Final = 5
SOME_ROWS_IN_SHORT: Final = (
    rows(at_least=1),
    every("rows", at_least=1),
    every("sha256", "<sha256>"),
    every("differences", ""),
)
_RECOMPUTED: Final = (
    "recomputed in plain Python (proof.recomputed.crediting and .recompute) from revenue_ledger, attribution_events, "
    "attribution_models, spend and reconciliation_runs, as app_user reads them"
)


def _prove_inventory(proof: Proof) -> None:
    database = proof.world.database
    names = {"registry": "the registry", "catalogue": "the list of pg_matviews"}
    registry = proof.run(
        *(sys.executable, "-c", _REGISTRY), expect=exits(0), name=names["registry"]
    )
    found = proof.ask(
        *(APP_USER, database, _PG_MATVIEWS), expect=rows(at_least=1), name=names["catalogue"]
    )
    known = set(registry.splitlines()[:-1])
    table = read_table(found)
    there = set(table.column("view")) if table else set()
    differences = [f"only in the registry: {name}" for name in sorted(known - there)]
    differences += [f"only in pg_matviews: {name}" for name in sorted(there - known)]
    proof.read(
        f"the names in {names['registry']} compared with those in {names['catalogue']}, both ways",
        "\n".join(differences) or INVENTORY_LINE,
        expect=equals(INVENTORY_LINE),
    )


def _prove_indexes(proof: Proof) -> None:
    columns = ("view", "index", "is_unique", "is_valid", "covers_all_rows")
    indexes = [(view.name, view.unique_index, True, True, True) for view in CANONICAL_VIEWS]
    proof.ask(APP_USER, proof.world.database, _INDEXES, expect=shows(columns, *indexes))


def _prove_no_direct_reading(proof: Proof) -> None:
    world = proof.world
    with proof.session(APP_USER, world.database, tenant=world.a) as session:
        for statement in _DIRECT_READINGS:
            session.ask(statement, expect=refused("42501", "permission denied <text>"))


def _prove_contents(proof: Proof) -> None:
    world = proof.world
    for whose, tenant in world.tenants.items():
        with proof.session(APP_USER, world.database, tenant=tenant) as session:
            proof.read(
                f"what the five readers must show of {whose}: {_RECOMPUTED}",
                "\n".join(_recompute(session, tenant).values()),
                expect=some_rows_of_each(len(_CONTENTS)),
                name=f"the readers of {whose}, recomputed",
            )
            session.ask(
                *(statement for _, statement in _CONTENTS.values()),
                expect=same_as(f"the readers of {whose}, recomputed"),
            )


def _prove_refresh(proof: Proof) -> None:
    world = proof.world
    expected: dict[str, dict[str, str]] = {}
    for whose, tenant in world.tenants.items():
        with proof.session(APP_USER, world.database, tenant=tenant) as session:
            expected[whose] = _recompute(session, tenant)
        proof.tabulate(
            f"number and SHA-256 of the rows that the five readers must show of {whose}: {_RECOMPUTED}",
            IN_SHORT,
            in_short(expected[whose]),
            expect=SOME_ROWS_IN_SHORT,
            name=f"the readers of {whose}, recomputed",
        )
    for refreshing_as in (None, world.b):
        with proof.session(APP_USER, world.database, tenant=refreshing_as) as session:
            session.ask(*_REFRESHES, expect=done(*["REFRESH MATERIALIZED VIEW"] * 5))
        for whose, tenant in world.tenants.items():
            with proof.session(APP_USER, world.database, tenant=tenant) as session:
                shown = _show(session)
            proof.tabulate(
                f"number and SHA-256 of the rows that the five readers show app_user of {whose} now",
                IN_SHORT,
                in_short(shown, expected[whose]),
                expect=same_as(f"the readers of {whose}, recomputed"),
            )


def read_facts(session: Session, tenant: object) -> Facts:
    """Read a tenant's facts in its own session of `app_user`, which sees no others, and work its credit out."""
    cursor = session.connection.cursor(row_factory=dict_row)

    def rows(statement: LiteralString) -> list[dict[str, Any]]:
        return cursor.execute(statement, (tenant,)).fetchall()

    ledger = standing_entries(rows("SELECT * FROM public.revenue_ledger WHERE tenant_id = %s"))
    models = rows("SELECT * FROM public.attribution_models WHERE tenant_id = %s AND is_active")
    touches = standing_touches(
        rows("SELECT * FROM public.attribution_events WHERE tenant_id = %s"),
        rows("SELECT * FROM public.touch_withdrawals WHERE tenant_id = %s"),
    )
    return Facts(
        entries=derive_entries(ledger),
        models=[row["model_version"] for row in models],
        allocations=allocations_of(ledger, touches, models),
        spend=rows("SELECT * FROM public.spend WHERE tenant_id = %s"),
        runs=rows("SELECT * FROM public.reconciliation_runs WHERE tenant_id = %s"),
    )


def _recompute(session: Session, tenant: object) -> dict[str, str]:
    """Return what the five readers must show of the session's tenant, as printed tables."""
    facts = read_facts(session, tenant)
    return {
        reader: write_table(columns.split(), READERS[reader](facts))
        for reader, (columns, _) in _CONTENTS.items()
    }


def _show(session: Session) -> dict[str, str]:
    """Return what the five readers show of the session's tenant, as printed tables."""
    return {
        reader: print_table(columns.split(), session.connection.execute(statement).fetchall())
        for reader, (columns, statement) in _CONTENTS.items()
    }


def in_short(
    tables: Mapping[str, str], expected: Mapping[str, str] | None = None
) -> list[tuple[object, ...]]:
    """Return, in the columns IN_SHORT, what each printed table holds, and the first rows that are not as expected."""
    lines: list[tuple[object, ...]] = []
    for name, printed in tables.items():
        found, wanted = printed.splitlines(), (expected or tables)[name].splitlines()
        too_much = [f"too much: {row}" for row in found if row not in set(wanted)]
        missing = [f"missing: {row}" for row in wanted if row not in set(found)]
        differences = "; ".join([*too_much[:_SHOWN_OF_EACH], *missing[:_SHOWN_OF_EACH]])
        table = read_table(printed)
        lines.append((name, len(table.rows) if table else "", digest_of(printed), differences))
    return lines


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
