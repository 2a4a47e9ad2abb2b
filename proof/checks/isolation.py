"""ISOLATION, in the database: one tenant sees, changes or learns what is another's, or somebody can undo the rules."""

from __future__ import annotations

from collections import Counter
from typing import Final

import psycopg
from psycopg import sql

from proof.checks.adversary import (
    Function,
    Needles,
    Relation,
    list_functions,
    list_relations,
    needles_of,
    read_relation,
    run,
    try_writes,
)
from proof.checks.bounds import CHECKS as BOUNDS
from proof.checks.grants import CHECKS as GRANTS
from proof.checks.keyless import CHECKS as KEYLESS
from proof.checks.keys import CHECKS as KEYS
from proof.checks.outside import CHECKS as OUTSIDE
from proof.checks.pages import CHECKS as PAGES
from proof.checks.routes import CHECKS as ROUTES
from proof.contract import Check
from proof.stage.expectations import done, every, one_row, rows, same_as
from proof.stage.ground import APP_USER
from proof.stage.planting import PLAN_A, PLAN_B, Plan
from proof.stage.proving import Proof
from proof.words import FOUND_IN_DATABASE, SEEN_BY_B

_NO_TENANT: Final = (
    None,
    "",
    " ",
    "not-a-uuid",
    "0; DROP TABLE tenants",
    "' OR true --",
    "00000000-0000-0000-0000-00000000000",
    "*",
    "NULL",
)

# These say whose work waits, for a worker serves all tenants (docs/decisions/0006): ids, and nothing else of anybody.
_NAMES_TENANTS: Final = (
    "public.tenants_with_dirty_days",
    "public.tenants_with_dirty_orders",
    "public.tenants_without_job",
)


def _prove_relations(proof: Proof) -> None:
    world = proof.world
    needles = needles_of(world)
    _warm_statistics(proof)
    for plan, expected in (
        (PLAN_B, (rows(at_least=13), every("relation", "public.<word>"))),
        (PLAN_A, same_as(SEEN_BY_B)),
    ):
        with proof.session(APP_USER, world.database, tenant=plan.tenant_id) as session:
            proof.tabulate(
                "the tables and views in which this tenant sees its own texts",
                ("relation",),
                [(name,) for name in _own_texts(session.connection, plan)],
                expect=expected,
                name=SEEN_BY_B if plan is PLAN_B else "",
            )
    with proof.session(APP_USER, world.database, tenant=world.a) as session:
        found = [
            (
                str(relation),
                "skeldir" if relation.is_ours else "PostgreSQL",
                len(needles.found_in(read_relation(session.connection, relation))),
                _rows_of(session.connection, relation, world.b) if relation.tenant_column else "",
            )
            for relation in list_relations(session.connection)
        ]
    proof.tabulate(
        "as A: every row of every relation that app_user may read, searched for B's markers, ids, hashes and key; and, "
        "where rows say whose they are, the number of those that say that they are B's",
        ("relation", "made by", "found of B", "rows of B"),
        found,
        name=FOUND_IN_DATABASE,
        expect=(
            rows(at_least=10, where={"made by": "skeldir"}),
            rows(at_least=10, where={"made by": "PostgreSQL"}),
            rows(at_least=10, where={"rows of B": 0}),
            every("found of B", 0),
            every("rows of B", 0, ""),
        ),
    )


def _warm_statistics(proof: Proof) -> None:
    """Make the planner's statistics, which would show values of all tenants to whoever may read them."""
    proof.ask(proof.ground.admin, proof.world.database, "ANALYZE", expect=done("ANALYZE"))


def _own_texts(connection: psycopg.Connection[object], plan: Plan) -> list[str]:
    words = Needles((plan.word, plan.channel), frozenset())
    return [
        str(relation)
        for relation in list_relations(connection)
        if relation.is_ours and words.found_in(read_relation(connection, relation))
    ]


def _rows_of(connection: psycopg.Connection[object], relation: Relation, tenant: object) -> int:
    statement = sql.SQL("SELECT 1 FROM {} WHERE {} = {}").format(
        relation.identifier, sql.Identifier(relation.tenant_column), sql.Literal(str(tenant))
    )
    return len(connection.execute(statement).fetchall())


def _prove_no_tenant(proof: Proof) -> None:
    world = proof.world
    lines: list[tuple[object, ...]] = []
    for setting in _NO_TENANT:
        with world.connect(setting) as connection:
            relations = [one for one in list_relations(connection) if one.tenant_column]
            tables = [one for one in relations if one.is_table]
            shown = sum(
                row[0]
                for one in relations
                for row in connection.execute(
                    sql.SQL("SELECT count(*) FROM {}").format(one.identifier)
                )
            )
            answers = Counter(
                answer.partition(" for table")[0]
                for one in tables
                for answer in try_writes(connection, one, world.a)
            )
        others = answers.total() - sum(answers[one] for one in _HARMLESS)
        counts = (answers[one] for one in _HARMLESS)
        lines.append((repr(setting), len(relations), shown, len(tables), *counts, others))
    proof.tabulate(
        "as app_user with app.current_tenant_id unset (None) or set to each of these: the rows of all relations with "
        "a tenant, and how often INSERT, UPDATE of each column and DELETE of A's rows in each table were answered how",
        ("setting", "relations", "rows", "tables", *_HARMLESS, "anything else"),
        lines,
        expect=(
            rows(exactly=len(_NO_TENANT)),
            every("relations", at_least=10, at_most=99),
            every("rows", 0),
            every("tables", at_least=10, at_most=99),
            *(every(answer, at_least=1) for answer in _HARMLESS),
            every("anything else", 0),
        ),
    )


# What a write may be answered: nothing was deleted or updated, or it was refused, every INSERT by its policy.
_HARMLESS: Final = (
    "DELETE 0",
    "UPDATE 0",
    "ERROR 42501: new row violates row-level security policy",
    "ERROR 42501: permission denied",
)


def _prove_writes(proof: Proof) -> None:
    world = proof.world
    with proof.session(APP_USER, world.database, tenant=world.a) as session:
        tables = [
            one for one in list_relations(session.connection) if one.is_table and one.tenant_column
        ]
        lines = []
        for one in tables:
            inserted, *updated, deleted = try_writes(session.connection, one, world.b)
            handed_over = one.tenant_column in one.updatable
            lines.append((one, inserted, "; ".join(dict.fromkeys(updated)), deleted, handed_over))
    denied = "ERROR 42501: permission denied for table <word>"
    proof.tabulate(
        "as A, in each table: INSERT of a row of B, UPDATE of each column (or of the tenant's, if none may be updated) "
        "and DELETE of B's rows; and whether A could hand a row of its own over to another tenant",
        ("table", "INSERT", "UPDATE", "DELETE", "can be handed over"),
        lines,
        expect=(
            rows(at_least=15),
            every(
                "INSERT",
                'ERROR 42501: new row violates row-level security policy for table "<word>"',
                denied,
            ),
            # Receipts of erasures, which a function of the owner writes.
            rows(exactly=1, where={"INSERT": denied}),
            every("table", "public.erasures", where={"INSERT": denied}),
            every("UPDATE", "UPDATE 0", denied),
            every("DELETE", "DELETE 0", denied),
            every("can be handed over", False),
        ),
    )


def _prove_functions(proof: Proof) -> None:
    world = proof.world
    needles = needles_of(world)
    texts = Needles(needles.markers, frozenset({world.key_b}))
    lines = []
    with proof.session(APP_USER, world.database, tenant=world.a) as session:
        for function in list_functions(session.connection):
            names_tenants = f"{function.schema}.{function.name}" in _NAMES_TENANTS
            searched = texts if names_tenants else needles
            answers = "\n".join(_call(session.connection, function, world.b))
            found = searched.found_in(answers, (str(world.b),) if not names_tenants else ())
            kinds = "texts" if names_tenants else "texts and ids"
            lines.append((function, kinds, len(found)))
        session.ask("SELECT current_tenant_id()", expect=one_row(current_tenant_id=world.a))
    proof.tabulate(
        "as A: every function that app_user may execute, called with B's id, an empty text, every kind of job, the "
        "beginning and the end of time and a digest, its answers searched for what is B's; for texts alone where it "
        "returns ids of tenants with work",
        ("function", "searched for", "found of B"),
        lines,
        expect=(rows(at_least=8), every("found of B", 0)),
    )


def _call(connection: psycopg.Connection[object], function: Function, tenant: object) -> list[str]:
    """Call a function twice, with the lowest and with the highest values of its arguments' types."""
    answers = []
    for lowest in (True, False):
        values = [_value(kind, tenant, lowest=lowest) for kind in function.kinds]
        statement = sql.SQL("SELECT * FROM {}({})").format(
            sql.Identifier(function.schema, function.name), sql.SQL(", ").join(values)
        )
        with connection.transaction(force_rollback=True), connection.transaction() as inner:
            answers.append(run(connection, statement))
            if answers[-1].startswith("ERROR"):
                raise psycopg.Rollback(inner)
    return answers


def _value(kind: str, tenant: object, *, lowest: bool) -> sql.Literal:
    """Return a value of a type; PostgreSQL reads a literal as what the function takes."""
    low, high = {"uuid": (str(tenant), str(tenant))}.get(kind) or _VALUES.get(kind, ("", ""))
    return sql.Literal(low if lowest else high)


_VALUES: Final = {
    "text": ("", "ingest.scan_personal_data"),
    "text[]": (
        "{}",
        "{attribution.credit,audit.tenant,matviews.refresh,ingest.forget_touches,ingest.scan_personal_data}",
    ),
    "uuid[]": ("{}", "{}"),
    "integer": ("0", "2147483647"),
    "integer[]": ("{}", "{2147483647,2147483647,2147483647,2147483647}"),
    "double precision[]": ("{}", "{0,0,0,0}"),
    "bigint": ("0", "9223372036854775807"),
    "timestamp with time zone": ("-infinity", "infinity"),
    "bytea": ("\\x", "\\x" + "00" * 32),
    "jsonb": ("{}", "[]"),
}


def _prove_errors(proof: Proof) -> None:
    """A cast that fails quotes the value: it must not be asked of a row before the policy that hides the row."""
    world = proof.world
    needles = needles_of(world)
    some_errors = every("errors", at_least=10)
    for tenant, expected in (
        (world.b, (some_errors, every("quote B", at_least=1))),
        (world.a, (some_errors, every("quote B", 0))),
        (None, (every("errors", 0), every("quote B", 0))),
    ):
        with world.connect(tenant) as connection:
            answers = [
                run(connection, statement)
                for relation in list_relations(connection)
                if relation.is_ours and relation.tenant_column
                for statement in _casts(relation)
            ]
        errors = [answer for answer in answers if answer.startswith("ERROR")]
        quoting = sum(bool(needles.found_in(error)) for error in errors)
        proof.tabulate(
            f"as {'B itself' if tenant == world.b else 'A' if tenant else 'nobody'}: every column of every relation "
            "with a tenant cast to a number in a WHERE, and what the errors quote",
            ("statements", "errors", "quote B"),
            [(len(answers), len(errors), quoting)],
            expect=(rows(exactly=1), every("statements", at_least=10), *expected),
        )


def _casts(relation: Relation) -> list[sql.Composed]:
    return [
        sql.SQL("SELECT 1 FROM {} WHERE {}::text::numeric = 0").format(
            relation.identifier, sql.Identifier(column)
        )
        for column in relation.columns
    ]


CHECKS: Final = (
    *BOUNDS,
    *GRANTS,
    Check(
        "ISOLATION/relations",
        "Tenant A finds nothing of B in any table or view of any schema, while B finds its own.",
        _prove_relations,
    ),
    Check(
        "ISOLATION/no-tenant",
        "Without a tenant, and with an empty or malformed one, no row shows and no write is accepted.",
        _prove_no_tenant,
    ),
    Check(
        "ISOLATION/writes",
        "Tenant A cannot insert, change or delete a row of B, nor hand B one of its own.",
        _prove_writes,
    ),
    Check(
        "ISOLATION/functions",
        "No function that the runtime role may execute returns to A a text, or more than an id, of B.",
        _prove_functions,
    ),
    Check(
        "ISOLATION/errors",
        "No error of the database quotes a value of B to A, nor any value to nobody.",
        _prove_errors,
    ),
    *ROUTES,
    *KEYLESS,
    *KEYS,
    *OUTSIDE,
    *PAGES,
)
