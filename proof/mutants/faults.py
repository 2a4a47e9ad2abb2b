"""The table of negative twins: faults that are seeded from outside, and the checks that must see each of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from proof.evidence.records import Evidence
from proof.evidence.verdicts import judge
from proof.mutants.balance_faults import BALANCE_TWINS
from proof.mutants.claim_faults import CLAIM_TWINS
from proof.mutants.credit_faults import CREDIT_TWINS
from proof.mutants.fit_faults import FIT_TWINS
from proof.mutants.inbox_faults import INBOX_TWINS
from proof.mutants.known_faults import KNOWN_TWINS
from proof.mutants.page_faults import PAGE_TWINS
from proof.mutants.rule_faults import RULE_TWINS
from proof.mutants.seeding import OF_SERVICE, Patch, Twin
from proof.mutants.spend_faults import SPEND_TWINS


def _in_migration(statements: str) -> Patch:
    """Let the last revision that makes views do this as well, as the migrating role, who may act as both owners."""
    end = "REVOKE CREATE ON SCHEMA public FROM matview_owner;"
    path = "src/skeldir/migrations/sql/202611291020_readers_of_one_side.sql"
    return Patch(path, end, f"{statements}\n{end}")


def _on_scratch_database(statement: str) -> Patch:
    """Let somebody with the migrating role's rights do this when the service of the proof runs and is filled."""
    filled = "        self._fill()\n"
    hand = (
        "        with psycopg.connect(\n"
        "            self.ground.url(self.ground.admin, DATABASE), autocommit=True\n"
        f"        ) as hand:\n            hand.execute({statement!r})\n"
    )
    return Patch("proof/stage/world.py", filled, filled + hand)


def _change_output(evidence: Evidence) -> Evidence:
    """Change one byte of an output, in the name of the commit, and let all verdicts follow from it."""
    (hypothesis,) = evidence.hypotheses
    first, commit, *others = hypothesis.checks
    step = commit.steps[0]
    step = replace(step, output=("1" if step.output[0] == "0" else "0") + step.output[1:])
    commit = commit.model_copy(update={"steps": (step, *commit.steps[1:])})
    changed = hypothesis.model_copy(update={"checks": (first, commit, *others)})
    return judge(evidence.model_copy(update={"hypotheses": (changed,)}))


def _change_verdict(evidence: Evidence) -> Evidence:
    """Change one word."""
    (hypothesis,) = evidence.hypotheses
    changed = hypothesis.model_copy(update={"verdict": "CONFIRMED"})
    return evidence.model_copy(update={"hypotheses": (changed,)})


_TAKE: Final = (
    "    taken: bool = await connection.fetchval("
    '"SELECT pg_try_advisory_xact_lock($1)", lock_key(name))\n'
)
_BACK_FILL: Final = "src/skeldir/migrations/versions/202511151410_idempotency_key.py"
_CONNECTIONS: Final = "src/skeldir/db/pool.py"
_EMPTY_VIEW: Final = (
    "The refresh leaves rows out, so neither what it must leave nor what the view must show holds."
)

TWINS: Final = (
    Twin(
        "lock-not-taken",
        "A refresh does not take its lock.",
        (Patch("src/skeldir/db/locks.py", _TAKE, "    taken = True\n"),),
        ("H-LOCK-01",),
        frozenset({"H-LOCK-01/one-at-a-time", "H-LOCK-01/each-view"}),
        "Ten refreshes run at once, and each view is refreshed though somebody holds its lock.",
    ),
    Twin(
        "lock-kept-after-error",
        "The lock is the session's and not the transaction's, so a refresh that fails keeps it.",
        (
            Patch("src/skeldir/db/locks.py", _TAKE, _TAKE.replace("_xact_lock", "_lock")),
            # A commit resets its connection, and so does the pool; either would release the lock.
            Patch(
                _CONNECTIONS,
                "COMMIT; SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL",
                "COMMIT",
            ),
            Patch(
                _CONNECTIONS,
                "            connection_class=_Connection,\n",
                "            connection_class=_Connection,\n            reset=_keep,\n",
            ),
            Patch(
                _CONNECTIONS,
                "class _Connection(asyncpg.Connection):\n",
                "async def _keep(_connection: object) -> None: ...\n\n\n"
                "class _Connection(asyncpg.Connection):\n",
            ),
        ),
        ("H-LOCK-01",),
        frozenset({"H-LOCK-01/after-error"}),
    ),
    Twin(
        "force-off",
        "A migration leaves a tenant table without FORCE ROW LEVEL SECURITY.",
        (_in_migration("ALTER TABLE public.imports NO FORCE ROW LEVEL SECURITY;"),),
        ("H-MIG-01", *OF_SERVICE),
        frozenset({"H-MIG-01/rls-flags", "ISOLATION/policies"}),
        "The contract asks for the flag after the upgrade, and isolation rests on it.",
    ),
    Twin(
        "name-not-quoted",
        "The statement that refreshes a view names it without quotes.",
        (
            Patch(
                "src/skeldir/matviews/registry.py",
                """'REFRESH MATERIALIZED VIEW CONCURRENTLY public."mv_realtime_revenue"'""",
                '"REFRESH MATERIALIZED VIEW CONCURRENTLY public.mv_realtime_revenue"',
            ),
        ),
        ("H-INJ-01", "H-QUAL-01"),
        frozenset({"H-QUAL-01/quoted-name"}),
    ),
    Twin(
        "statement-put-together",
        "The statement that refreshes a view is composed from its name.",
        (
            Patch(
                "src/skeldir/matviews/refresh.py",
                "await connection.execute(view.refresh_statement,",
                "await connection.execute("
                """f'REFRESH MATERIALIZED VIEW CONCURRENTLY public."{view.name}"',""",
            ),
        ),
        ("H-INJ-01", "H-QUAL-01"),
        frozenset({"H-INJ-01/no-composed-sql"}),
    ),
    Twin(
        "back-fill-under-rls",
        "The back-fill does not lift FORCE ROW LEVEL SECURITY: it reaches no row and reports success.",
        (
            Patch(
                _BACK_FILL,
                '    connection.execute("ALTER TABLE public.attribution_events '
                'NO FORCE ROW LEVEL SECURITY")\n',
                "",
            ),
            Patch(_BACK_FILL, "    if row != (updated, 0):", "    if False:"),
            Patch(_BACK_FILL, "ALTER COLUMN idempotency_key SET NOT NULL,", ""),
        ),
        ("H-MIG-01",),
        frozenset({"H-MIG-01/null-keys", "H-MIG-01/many-rows", "H-MIG-01/failed-back-fill"}),
        "What reaches no row can neither fill one, of few or of many, nor fail half-way.",
    ),
    Twin(
        "refresh-that-empties",
        "A view is refreshed through FORCE ROW LEVEL SECURITY: its owner sees the rows of the tenant that is set.",
        (
            _in_migration(
                "DROP POLICY matview_owner_reads ON public.rollup_revenue_day;\n"
                "CREATE POLICY matview_owner_reads ON public.rollup_revenue_day FOR SELECT TO matview_owner\n"
                "    USING (tenant_id = (SELECT public.current_tenant_id()));"
            ),
        ),
        OF_SERVICE,
        frozenset({"H-MV-01/contents", "H-MV-01/refresh", "ISOLATION/policies"}),
        _EMPTY_VIEW,
    ),
    Twin(
        "view-owner-without-policy",
        "The views' owner loses its policy on a rollup; the next refresh reports success.",
        (_on_scratch_database("DROP POLICY matview_owner_reads ON public.rollup_revenue_day"),),
        OF_SERVICE,
        frozenset({"H-MV-01/refresh", "ISOLATION/policies"}),
        "The refresh shows no row, and the list of policies lacks one.",
    ),
    Twin(
        "unique-index-dropped",
        "A canonical view loses its unique index.",
        (_on_scratch_database("DROP INDEX public.idx_mv_realtime_revenue"),),
        OF_SERVICE,
        frozenset({"H-MV-01/indexes", "H-MV-01/refresh"}),
        "PostgreSQL refuses to refresh a view CONCURRENTLY that has no unique index.",
    ),
    Twin(
        "policy-dropped",
        "A tenant table loses its policy.",
        (_on_scratch_database("DROP POLICY tenant_isolation ON public.retention"),),
        OF_SERVICE,
        frozenset({"ISOLATION/policies"}),
    ),
    Twin(
        "key-revived",
        "Nothing in the database holds on to the end of a key.",
        (_on_scratch_database("DROP TRIGGER keys_end_once ON public.api_keys"),),
        OF_SERVICE,
        frozenset({"ISOLATION/key-ends"}),
    ),
    Twin(
        "cross-tenant-aggregate",
        "A view that tenants may read averages over all of them, though it asks whether a tenant is set.",
        (
            _in_migration(
                "SET ROLE matview_owner;\n"
                "CREATE VIEW public.channel_averages WITH (security_barrier) AS\n"
                "    SELECT channel_code, currency, avg(credited_cents)::bigint AS average_cents\n"
                "    FROM public.mv_channel_performance WHERE (SELECT public.current_tenant_id()) IS NOT NULL\n"
                "    GROUP BY channel_code, currency;\n"
                "GRANT SELECT ON public.channel_averages TO app_user;\n"
                "RESET ROLE;"
            ),
        ),
        OF_SERVICE,
        frozenset({"ISOLATION/relations", "ISOLATION/policies"}),
        "A view that tenants may read and that is none of those known shows what comes from all of them.",
    ),
    Twin(
        "cross-tenant-sum",
        "A canonical view's reader sums over all tenants; only its amounts show it.",
        (
            _in_migration(
                "SET ROLE matview_owner;\n"
                "CREATE OR REPLACE VIEW public.realtime_revenue WITH (security_barrier) AS\n"
                "    SELECT (SELECT public.current_tenant_id()) AS tenant_id, currency,\n"
                "           sum(captured_cents) AS captured_cents,\n"
                "           sum(refunded_cents) AS refunded_cents,\n"
                "           sum(disputed_cents) AS disputed_cents, sum(net_cents) AS net_cents,\n"
                "           sum(orders)::bigint AS orders, max(last_entry_at) AS last_entry_at\n"
                "    FROM public.mv_realtime_revenue WHERE (SELECT public.current_tenant_id()) IS NOT NULL\n"
                "    GROUP BY currency;\n"
                "RESET ROLE;"
            ),
        ),
        OF_SERVICE,
        frozenset({"H-MV-01/contents", "H-MV-01/refresh", "ISOLATION/policies"}),
        "The reader shows other rows than the facts give, before a refresh and after it, and its definition is "
        "another.",
    ),
    Twin(
        "revocation-not-heard",
        "An API process forgets no key when the database notifies it that one has ended.",
        (
            Patch(
                "src/skeldir/tenants/memory.py",
                "remembered.changes != self._subscription.changes or now_s",
                "now_s",
            ),
        ),
        ("ISOLATION",),
        frozenset({"ISOLATION/ended-keys"}),
    ),
    *CREDIT_TWINS,
    *INBOX_TWINS,
    *SPEND_TWINS,
    *CLAIM_TWINS,
    *BALANCE_TWINS,
    *KNOWN_TWINS,
    *RULE_TWINS,
    *FIT_TWINS,
    *PAGE_TWINS,
    Twin(
        "totals-keep-what-went",
        "A day that is summed again is added to the totals of revenue, and what it was is not taken off.",
        (
            Patch(
                "src/skeldir/rollups/queries.sql",
                "FROM gone g\nGROUP BY g.currency, g.state\n",
                "FROM gone g WHERE false\nGROUP BY g.currency, g.state\n",
            ),
        ),
        OF_SERVICE,
        frozenset({"LEDGER/rollups"}),
    ),
    Twin(
        "pulses-too-seldom",
        "A pulse comes at a quarter of its pace.",
        (
            Patch(
                "src/skeldir/wakeups/queries.sql",
                "greatest(p.due_at + make_interval(secs => p.every_s::float8),",
                "greatest(p.due_at + make_interval(secs => 4 * p.every_s::float8),",
            ),
        ),
        ("LIVENESS",),
        frozenset({"LIVENESS/pulses"}),
    ),
    Twin(
        "pool-not-shared-out",
        "One tenant's requests may hold all connections, and wait for a lock as long as a statement may take.",
        (
            Patch(
                "src/skeldir/app.py",
                "                lock_timeout_ms=settings.skeldir_lock_timeout_ms,\n"
                "                is_shared_out=True,\n",
                "",
            ),
        ),
        ("LIVENESS",),
        frozenset({"LIVENESS/one-tenant"}),
    ),
    Twin(
        "bomb-on-the-loop",
        "A body is taken apart on the event loop, into however many lines it unfolds to.",
        (
            Patch(
                "src/skeldir/ingest/batches.py",
                "            if self._line_ends > MAX_LINE_ENDS:\n",
                "            if False:\n",
            ),
            Patch(
                "src/skeldir/ingest/batches.py",
                "    _require_few_items(lines)\n    return [_line(line) for line in lines]\n",
                "    items = [_line(line) for line in lines]\n"
                "    _require_few_items(items)\n    return items\n",
            ),
            Patch(
                "src/skeldir/http/offload.py",
                "                return await to_process.run_sync(partial(_work_aside, work), limiter=self._all)\n",
                "                return work()\n",
            ),
        ),
        ("LIVENESS",),
        frozenset({"LIVENESS/bomb"}),
    ),
    Twin(
        "journey-too-soon-too-long",
        "A journey of a thousand touches counts as too long, and its orders get no credit.",
        (
            Patch(
                "src/skeldir/attribution/bounds.py",
                "    touches_of_order: int = 50_000\n",
                "    touches_of_order: int = 1_000\n",
            ),
        ),
        ("LIVENESS",),
        frozenset({"LIVENESS/hot-key"}),
    ),
    Twin(
        "health-that-lies",
        "/health/ready answers 200 while the database is away.",
        (Patch("src/skeldir/http/health.py", "    if not failing:\n", "    if True:\n"),),
        ("H-OBS-01",),
        frozenset({"H-OBS-01/readiness"}),
    ),
    Twin(
        "dirty-tree",
        "A file differs from the commit.",
        (Patch("README.md", "# skeldir\n", "# Skeldir\n"),),
        ("H-REPO-01",),
        frozenset({"H-REPO-01/clean-tree"}),
        is_committed=False,
    ),
    Twin(
        "edited-output",
        "One byte of an output in a pack is changed, and the complete pack is written again from it.",
        (),
        ("H-REPO-01",),
        frozenset({"verify: output_changed", "verify: commit_differs"}),
        "The output is the commit's hash, which the repository knows as well.",
        edit=_change_output,
    ),
    Twin(
        "edited-verdict",
        "One verdict word in a pack is changed, and the complete pack is written again from it.",
        (),
        ("H-REPO-01",),
        frozenset({"verify: verdict_changed"}),
        edit=_change_verdict,
    ),
)
