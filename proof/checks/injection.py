"""H-INJ-01 and H-QUAL-01: no name makes a refresh run other SQL, and no search_path makes it find another view."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from psycopg import sql

from proof.checks.catalogue import fingerprint
from proof.checks.syntax import Findings, examine, examine_module
from proof.contract import Check
from proof.stage.expectations import (
    contains,
    done,
    equals,
    every,
    exits,
    has_row,
    no_rows,
    one_row,
    reads,
    same_as,
    shows,
)
from proof.stage.ground import APP_USER
from proof.stage.prepared import Prepared
from proof.stage.proving import Proof

_DATABASE = "skeldir_injection"
_VIEWS = (
    "mv_allocation_summary",
    "mv_channel_performance",
    "mv_daily_revenue_summary",
    "mv_realtime_revenue",
    "mv_reconciliation_status",
)
_REGISTRY = """\
from skeldir.matviews import CANONICAL_VIEWS, find_view
print(type(CANONICAL_VIEWS).__name__)
for view in CANONICAL_VIEWS:
    print(find_view(view.name).name)
    try:
        view.name = view.refresh_statement = "other"
    except AttributeError as refusal:
        print(type(refusal).__name__)
"""
_STATEMENTS = """\
from skeldir.matviews import CANONICAL_VIEWS
for view in CANONICAL_VIEWS:
    print(view.refresh_statement)
"""
# Names come as JSON, so that a NUL can be among them; the executor is called as commands and workers call it.
_EXECUTOR = """\
import asyncio, json, sys
from skeldir.clock import utc_now
from skeldir.db.pool import open_database
from skeldir.matviews import ViewUnknown, refresh_view
from skeldir.settings import load_settings

async def refresh(names):
    url = load_settings().database_url.get_secret_value()
    async with open_database(url, pool_size=1, statement_timeout_ms=30_000) as database:
        for name in names:
            try:
                result = await refresh_view(database, name, requested_at=utc_now())
                print(json.dumps(name), result.outcome, result.error or "")
            except ViewUnknown as refusal:
                print(json.dumps(name), refusal.code)

asyncio.run(refresh(json.loads(sys.argv[1])))
"""
# The registry's own statement, in a session whose search_path is whatever the role was given.
_STATEMENT_AS_IS = """\
import psycopg
from skeldir.matviews import find_view
from skeldir.settings import load_settings

with psycopg.connect(load_settings().database_url.get_secret_value(), autocommit=True) as connection:
    print(connection.execute("SHOW search_path").fetchone()[0])
    print(connection.execute(find_view("mv_realtime_revenue").refresh_statement).statusmessage)
"""
_LOG = """
    SELECT view_name, outcome, count(*) FROM public.matview_refreshes GROUP BY 1, 2 ORDER BY 1, 2"""
_DECOY = "SELECT n FROM decoy.mv_realtime_revenue"

# Each of these must be seen, or else the examination is blind.
SEEDED = (
    'connection.execute(f"REFRESH MATERIALIZED VIEW CONCURRENTLY public.{name}")',
    'connection.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY " + name)',
    'connection.execute("REFRESH MATERIALIZED VIEW %s" % name)',
    'connection.execute("REFRESH MATERIALIZED VIEW {}".format(name))',
    'connection.execute(" ".join(["REFRESH MATERIALIZED VIEW", name]))',
    'connection.fetchval("SELECT 1 FROM x".replace("x", name))',
    "connection.execute(text)",
    "connection.execute(query=text)",
    "send = connection.execute",
    'getattr(connection, "execute")(text)',
    "connection.execute(make_statement(name))",
    "connection.execute(view.name)",
    'connection.execute(sql.SQL("REFRESH MATERIALIZED VIEW {}").format(sql.SQL(name)))',
    'connection.execute(sql.SQL(text).format(sql.Identifier("x")))',
    "connection.execute(sqlalchemy.text(statement))",
    'text = f"REFRESH MATERIALIZED VIEW CONCURRENTLY {name}"',
    'text = "DROP TABLE " + name',
    'CanonicalView(name, name, "", 5, statement, "", "")',
    'CanonicalView(name="mv_x", count_statement=query)',
    "CanonicalView(**view)",
    "replace(view, refresh_statement=statement)",
    "view.refresh_statement = statement",
    "getattr(queries, name)(connection)",
)


def _prepare(proof: Proof) -> None:
    ground = proof.ground
    proof.run(
        *ground.alembic_words(),
        role=ground.admin,
        environment=ground.on(ground.admin, _DATABASE),
        expect=equals("exit status 0"),
    )


_migrated = Prepared(_DATABASE, _prepare)


def prove_registry(proof: Proof) -> None:
    """Have the program print its list of views, and try to change it."""
    listed = "".join(f"{name}\nFrozenInstanceError\n" for name in _VIEWS)
    proof.run(sys.executable, "-c", _REGISTRY, expect=equals(f"tuple\n{listed}exit status 0"))


def prove_refusal(names: tuple[str, ...], proof: Proof) -> None:
    """Give each name to the command, and all of them to the executor; nothing may happen by it."""
    _migrated.begin(proof)
    ground = proof.ground
    on = ground.on(APP_USER, _DATABASE)
    fingerprint(proof, ground.admin, _DATABASE, name="the catalogue before")
    proof.ask(APP_USER, _DATABASE, _LOG, name="the refreshes before")
    refused = "".join(f"{json.dumps(name)} view_unknown\n" for name in names)
    with ExitStack() as stack:
        # No system can hand a NUL to a command.
        commands = [ground.skeldir("refresh", name) for name in names if "\0" not in name]
        executor = (sys.executable, "-c", _EXECUTOR, json.dumps(names))
        *by_command, by_executor = (
            stack.enter_context(proof.start(*words, role=APP_USER, environment=on))
            for words in (*commands, executor)
        )
        for started in by_command:
            started.finish(
                expect=(
                    contains(" is not a canonical view.", begins="view_unknown: "),
                    exits(1),
                )
            )
        by_executor.finish(expect=equals(f"{refused}exit status 0"))
    proof.ask(APP_USER, _DATABASE, _LOG, expect=same_as("the refreshes before"))
    fingerprint(proof, ground.admin, _DATABASE, expect=same_as("the catalogue before"))


def prove_syntax(proof: Proof) -> None:
    """Look at every expression of the program; first at code in which there is something to be found."""
    seen = []
    for code in SEEDED:
        found = Findings()
        examine_module("seeded", code, found)
        seen.append((code, bool(found.offenders)))
    proof.tabulate(
        "the examination of the program's syntax trees, tried on lines that compose SQL or send what is no literal",
        ("line", "is seen"),
        seen,
        expect=shows(("line", "is seen"), *((code, True) for code in SEEDED)),
    )
    found = examine(proof.ground.root / "src" / "skeldir")
    proof.tabulate(
        "the syntax trees of all Python files under src/skeldir except migrations (they get no input of a caller): the "
        "number of files, of texts that are composed, and of statements that are sent beside those of queries.sql",
        ("files", "composed texts", "statements"),
        [(found.files, found.texts, len(found.sent))],
        # With fewer files, the examination would be looking in the wrong place.
        expect=every("files", at_least=100, at_most=999),
    )
    proof.tabulate(
        "in the same files: where each statement comes from that is sent to the server",
        ("place", "method", "source"),
        found.sent,
        expect=has_row(source="refresh_statement of the registry"),
    )
    proof.tabulate(
        "in the same files: each place that composes what reads like SQL, or sends a statement of unknown origin",
        ("place", "what is wrong"),
        found.offenders,
        expect=no_rows(),
    )


_QUOTED = """\
REFRESH MATERIALIZED VIEW CONCURRENTLY public."mv_allocation_summary"
REFRESH MATERIALIZED VIEW CONCURRENTLY public."mv_channel_performance"
REFRESH MATERIALIZED VIEW CONCURRENTLY public."mv_daily_revenue_summary"
REFRESH MATERIALIZED VIEW CONCURRENTLY public."mv_realtime_revenue"
REFRESH MATERIALIZED VIEW CONCURRENTLY public."mv_reconciliation_status"
exit status 0"""


def prove_quoting(proof: Proof) -> None:
    """Have the program print the statement of each view: with its schema, and its name quoted."""
    proof.run(sys.executable, "-c", _STATEMENTS, expect=equals(_QUOTED))


def prove_other_schema(proof: Proof) -> None:
    """Put a view of the same name first on the search_path, show that it would be found, and refresh public's."""
    _migrated.begin(proof)
    ground = proof.ground
    with _decoy(proof):
        # It is armed: the bare name finds it, and app_user may refresh it.
        with proof.session(APP_USER, _DATABASE) as session:
            session.ask("SHOW search_path", expect=one_row(search_path="decoy, public"))
            session.ask(
                "REFRESH MATERIALIZED VIEW CONCURRENTLY mv_realtime_revenue",
                expect=done("REFRESH MATERIALIZED VIEW"),
            )
        proof.ask(ground.admin, _DATABASE, _DECOY, expect=one_row(n=1))
        proof.ask(ground.admin, _DATABASE, "UPDATE decoy.source SET n = 2", expect=done("UPDATE 1"))
        # A change that no refresh has seen, so that this one may not be skipped.
        proof.ask(
            APP_USER,
            _DATABASE,
            "INSERT INTO public.rollup_changes DEFAULT VALUES",
            expect=done("INSERT 0 1"),
        )
        proof.run(
            *ground.skeldir("refresh", "mv_realtime_revenue"),
            role=APP_USER,
            environment=ground.on(APP_USER, _DATABASE),
            expect=reads("mv_realtime_revenue  success  <decimal> s\nexit status 0"),
        )
        proof.run(
            *(sys.executable, "-c", _STATEMENT_AS_IS),
            role=APP_USER,
            environment=ground.on(APP_USER, _DATABASE),
            expect=equals("decoy, public\nREFRESH MATERIALIZED VIEW\nexit status 0"),
        )
        proof.ask(ground.admin, _DATABASE, _DECOY, expect=one_row(n=1))


@contextmanager
def _decoy(proof: Proof) -> Iterator[None]:
    """Make a view in another schema that shows when it was refreshed, and remove it again."""
    admin = proof.ground.admin
    database = sql.Identifier(_DATABASE)
    proof.ask(
        admin,
        _DATABASE,
        "CREATE SCHEMA decoy",
        "CREATE TABLE decoy.source AS SELECT 0 AS n",
        "CREATE MATERIALIZED VIEW decoy.mv_realtime_revenue AS SELECT n FROM decoy.source",
        "CREATE UNIQUE INDEX ON decoy.mv_realtime_revenue (n)",
        "UPDATE decoy.source SET n = 1",
        "GRANT USAGE ON SCHEMA decoy TO app_user",
        "GRANT MAINTAIN ON decoy.mv_realtime_revenue TO app_user",
        sql.SQL("ALTER ROLE app_user IN DATABASE {} SET search_path = decoy, public").format(
            database
        ),
        expect=done(
            "CREATE SCHEMA",
            *("SELECT 1", "SELECT 1"),
            "CREATE INDEX",
            "UPDATE 1",
            *("GRANT", "GRANT"),
            "ALTER ROLE",
        ),
    )
    try:
        yield
    finally:
        proof.ask(
            admin,
            _DATABASE,
            sql.SQL("ALTER ROLE app_user IN DATABASE {} RESET search_path").format(database),
            "DROP SCHEMA decoy CASCADE",
            expect=done("ALTER ROLE", "DROP SCHEMA"),
        )


_REFUSED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "unregistered",
        "Names that are not registered are refused, also those of other relations.",
        ("mv_other", "matview_refreshes", "realtime_revenue"),
    ),
    (
        "statement",
        "A name that carries a statement is refused.",
        (
            "x; DROP TABLE public.tenants",
            "mv_realtime_revenue; DROP TABLE public.tenants; --",
            "mv_realtime_revenue WITH NO DATA",
        ),
    ),
    (
        "schema",
        "A name with a schema in front is refused, also with the right one.",
        ("public.mv_realtime_revenue", "decoy.mv_realtime_revenue"),
    ),
    (
        "quotes",
        "Names with quotes are refused.",
        (
            '"mv_realtime_revenue"',
            'mv_realtime_revenue"; DROP TABLE public.tenants; --',
            "'mv_realtime_revenue'",
        ),
    ),
    (
        "look-alikes",
        "Names with look-alike letters are refused: Cyrillic, full-width, a soft hyphen.",
        (
            "mv_r\N{CYRILLIC SMALL LETTER IE}altime_revenue",
            "mv\N{FULLWIDTH LOW LINE}realtime_revenue",
            "mv_realtime\N{SOFT HYPHEN}_revenue",
        ),
    ),
    (
        "upper-case",
        "Names in upper case are refused.",
        ("MV_REALTIME_REVENUE", "Mv_realtime_revenue"),
    ),
    (
        "empty",
        "Empty names are refused, and so are spaces around a right one.",
        ("", " ", "mv_realtime_revenue "),
    ),
    (
        "nul",
        "Names with a NUL are refused.",
        ("\0", "mv_realtime_revenue\0", "mv_realtime_revenue\0; DROP TABLE public.tenants"),
    ),
)

CHECKS: tuple[Check, ...] = (
    Check(
        "H-INJ-01/closed-registry",
        "The list of views is closed: the five canonical ones, and nothing can be added or changed.",
        prove_registry,
    ),
    *(
        Check(f"H-INJ-01/{name}", claim, partial(prove_refusal, names))
        for name, claim, names in _REFUSED
    ),
    Check(
        "H-INJ-01/no-composed-sql",
        "No SQL text is built from what a caller gives: every statement stands in the source as it is sent.",
        prove_syntax,
    ),
    Check(
        "H-QUAL-01/quoted-name",
        "The statement of each view names it with its schema, and quoted.",
        prove_quoting,
    ),
    Check(
        "H-QUAL-01/other-schema",
        "A view of the same name, in another schema that is first on the search_path, stays untouched.",
        prove_other_schema,
    ),
)
