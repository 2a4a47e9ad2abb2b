"""ISOLATION, in the database: one tenant sees, changes or learns what is another's, or somebody may undo the rules."""

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
from proof.checks.bounds import APP
from proof.checks.bounds import CHECKS as BOUNDS
from proof.checks.grants import CHECKS as GRANTS
from proof.checks.keys import CHECKS as KEYS
from proof.checks.outside import CHECKS as OUTSIDE
from proof.checks.routes import CHECKS as ROUTES
from proof.contract import Check
from proof.stage.planting import PLAN_A, PLAN_B, Plan
from proof.stage.proving import Proof
from proof.stage.steps import equals, matches, same_as

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
    "public.claimable_jobs",
    "public.tenants_with_dirty_days",
    "public.tenants_with_dirty_orders",
    "public.tenants_without_job",
)


def _prove_relations(proof: Proof) -> None:
    world = proof.world
    needles = needles_of(world)
    _warm_statistics(proof)
    first = 0
    for plan in (PLAN_B, PLAN_A):
        with proof.session(APP, world.database, tenant=plan.tenant_id) as session:
            proof.read(
                "the tables and views in which this tenant sees its own texts",
                _own_texts(session.connection, plan),
                expect=same_as(first) if first else matches(r"(public\.\w+\n){12,}public\.\w+"),
            )
        first = first or len(proof.steps)
    with proof.session(APP, world.database, tenant=world.a) as session:
        relations = list_relations(session.connection)
        found = {
            str(relation): needles.found_in(read_relation(session.connection, relation))
            for relation in relations
        }
        asked = [relation for relation in relations if relation.tenant_column]
        by_name = [str(one) for one in asked if _rows_of(session.connection, one, world.b)]
    ours = sum(relation.is_ours for relation in relations)
    proof.read(
        "as A: every row of every relation that app_user may read, searched for B's markers, ids, hashes and key; "
        "and the rows that say that they are B's",
        "\n".join(
            [
                *(f"{name}: {len(needle)} of B" for name, needle in found.items() if needle),
                *(f"{name}: gives B's rows to A" for name in by_name),
                (
                    f"{ours} relations of the program and {len(relations) - ours} of PostgreSQL, "
                    f"{len(asked)} asked for B's rows: {sum(map(bool, found.values())) + len(by_name)} foreign"
                ),
            ]
        ),
        expect=matches(
            r"\d{2,} relations of the program and \d{2,} of PostgreSQL, \d{2,} asked for B's rows: 0 foreign"
        ),
    )


def _warm_statistics(proof: Proof) -> None:
    """Have the planner's statistics made, which would show values of all tenants to somebody who may read them."""
    proof.ask(proof.ground.admin, proof.world.database, "ANALYZE", expect=equals("ANALYZE"))


def _own_texts(connection: psycopg.Connection[object], plan: Plan) -> str:
    words = Needles((plan.word, plan.channel), frozenset())
    return "\n".join(
        str(relation)
        for relation in list_relations(connection)
        if relation.is_ours and words.found_in(read_relation(connection, relation))
    )


def _rows_of(connection: psycopg.Connection[object], relation: Relation, tenant: object) -> int:
    statement = sql.SQL("SELECT 1 FROM {} WHERE {} = {}").format(
        relation.identifier, sql.Identifier(relation.tenant_column), sql.Literal(str(tenant))
    )
    return len(connection.execute(statement).fetchall())


def _prove_no_tenant(proof: Proof) -> None:
    world = proof.world
    lines = []
    for setting in _NO_TENANT:
        with world.connect(setting) as connection:
            relations = [one for one in list_relations(connection) if one.tenant_column]
            tables = [one for one in relations if one.is_table]
            rows = sum(
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
        told = ", ".join(f"{count} times {answer}" for answer, count in sorted(answers.items()))
        lines.append(
            f"{setting!r}: {len(relations)} relations, {rows} rows; {len(tables)} tables: {told}"
        )
    proof.read(
        "as app_user with app.current_tenant_id unset (None) or set to each of these: the rows of all relations with "
        "a tenant, and the answers to INSERT, UPDATE of each column and DELETE of A's rows in each table",
        "\n".join(lines),
        expect=matches(
            rf"('?[^\n]*: \d\d relations, 0 rows; \d\d tables: {_ONLY_REFUSED}\n?){{{len(_NO_TENANT)}}}"
        ),
    )


# What writes may answer, counted: nothing was deleted or updated, or it was refused; and every INSERT by its policy.
_ONLY_REFUSED: Final = (
    r"\d+ times DELETE 0, \d+ times ERROR 42501: new row violates row-level security policy"
    r", \d+ times ERROR 42501: permission denied, \d+ times UPDATE 0"
)


def _prove_writes(proof: Proof) -> None:
    world = proof.world
    with proof.session(APP, world.database, tenant=world.a) as session:
        tables = [
            one for one in list_relations(session.connection) if one.is_table and one.tenant_column
        ]
        lines = [
            f"{one}: {'; '.join(dict.fromkeys(try_writes(session.connection, one, world.b)))}"
            for one in tables
        ]
        handed_over = [str(one) for one in tables if one.tenant_column in one.updatable]
    proof.read(
        "as A, in each table: INSERT of a row of B, UPDATE of each column (or of the tenant's, if none may be updated) "
        "and DELETE of B's rows; then the tables whose rows could be handed to another tenant",
        "\n".join([*lines, f"{len(handed_over)} tables let a row be handed over"]),
        expect=matches(
            r'([^\n]*: ERROR 42501: new row violates row-level security policy for table "\w+"'
            r"; (UPDATE 0|ERROR 42501: permission denied for table \w+)"
            r"(; (DELETE 0|ERROR 42501: permission denied for table \w+))?\n){15,}0 tables let a row be handed over"
        ),
    )


def _prove_functions(proof: Proof) -> None:
    world = proof.world
    needles = needles_of(world)
    texts = Needles(needles.markers, frozenset({world.key_b}))
    lines = []
    with proof.session(APP, world.database, tenant=world.a) as session:
        for function in list_functions(session.connection):
            names_tenants = f"{function.schema}.{function.name}" in _NAMES_TENANTS
            searched = texts if names_tenants else needles
            answers = "\n".join(_call(session.connection, function, world.b))
            found = searched.found_in(answers, (str(world.b),) if not names_tenants else ())
            told = (
                "texts (ids of tenants with work are what it tells)"
                if names_tenants
                else "texts and ids"
            )
            lines.append(f"{function}: {len(found)} of B's {told}")
        session.ask(
            "SELECT current_tenant_id()", expect=equals(f"current_tenant_id\n{world.a}\n(1 row)")
        )
    proof.read(
        "as A: every function that app_user may execute, called with B's id, an empty text, every kind of job, the "
        "beginning and the end of time and a digest, its answers searched for what is B's",
        "\n".join([*lines, f"{len(lines)} functions"]),
        expect=matches(r"([^\n]*: 0 of B's texts[^\n]*\n){8,}\d+ functions"),
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
    "integer": ("0", "2147483647"),
    "bigint": ("0", "9223372036854775807"),
    "timestamp with time zone": ("-infinity", "infinity"),
    "bytea": ("\\x", "\\x" + "00" * 32),
    "jsonb": ("{}", "[]"),
}


def _prove_errors(proof: Proof) -> None:
    """A cast that fails quotes the value: of no row that the policy hides may it be asked before the policy is."""
    world = proof.world
    needles = needles_of(world)
    for tenant, expected in (
        (world.b, r"\d{2,} statements, \d{2,} errors: [1-9]\d* quote B"),
        (world.a, r"\d{2,} statements, \d{2,} errors: 0 quote B"),
        (None, r"\d{2,} statements, 0 errors: 0 quote B"),
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
        proof.read(
            f"as {'B itself' if tenant == world.b else 'A' if tenant else 'nobody'}: every column of every relation "
            "with a tenant cast to a number in a WHERE, and what the errors quote",
            f"{len(answers)} statements, {len(errors)} errors: {quoting} quote B",
            expect=matches(expected),
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
        "Without a tenant, and with an empty or malformed one, no row shows and no write is taken.",
        _prove_no_tenant,
    ),
    Check(
        "ISOLATION/writes",
        "Tenant A cannot insert, change or delete a row of B, nor hand B one of its own.",
        _prove_writes,
    ),
    Check(
        "ISOLATION/functions",
        "No function that the runtime role may execute tells A a text, or more than an id, of B.",
        _prove_functions,
    ),
    Check(
        "ISOLATION/errors",
        "No error of the database quotes a value of B to A, nor any value to nobody.",
        _prove_errors,
    ),
    *ROUTES,
    *KEYS,
    *OUTSIDE,
)
