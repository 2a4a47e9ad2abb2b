"""Every statement keeps the rules of Citus, as far as its syntax shows; each message states what to do instead."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from skeldir.migrations.guard import split_statements
from tests.conftest import Clone
from tests.support.citus import RULES
from tests.support.citus_samples import (
    BROKEN,
    BROKEN_REVISIONS,
    KEPT,
    KEPT_REVISIONS,
    SCHEMA,
)
from tests.support.house import SOURCES
from tests.support.revisions import REVISION_RULES, read_revision, read_revisions
from tests.support.syntax import Piece, function, named_statements, parse, read_schema, statement

MIGRATIONS = SOURCES / "migrations"

INSTEAD = {
    "inserts_that_become_copies": "end it in RETURNING, or in ON CONFLICT where a repetition is no error",
    "results_sent_to_all_nodes": "read first and bind what was read, or let the INSERT itself have the WITH",
    "volatile_changes": "bind the moment, or write (SELECT clock_timestamp())",
    "mutable_choices": "put what is not immutable into a sub-select without FROM, sums with intervals included",
    "stable_functions_of_columns": "compute it before, and bind it",
    "short_cases": "write CASE WHEN x = y",
    "mutable_upserts": "insert the value and write excluded.<column>",
    "tables_of_all_tenants": "write tenant_id = :tenant_id for each table, or join it on the tenant",
    "mixed_sides": "query the local and the distributed tables one after the other",
    "correlated_sides": "query one side first, and bind what it returns; or NOT IN, by value",
    "unions_over_a_view": "let a reader read one side: the rollups, or the view alone",
    "definers_that_write": "let app_user write it under the tenant's policy",
    "settings_that_stay_behind": "bind the tenant by public.set_tenant(), and set nothing beyond a transaction",
    "unread_texts": "write the full statement where it is sent",
    "several_commands": "send them one by one: guard.run_statements",
    "columns_with_checks": "add the column first and its CHECK in a statement of its own",
    "tables_beside_views": "change tables in one revision and views in another",
    "grants_of_two_roles": "give all grants of a revision as one role",
    "policies_with_subselects": "create it with (SELECT public.current_tenant_id()), which `scale apply` simplifies",
}

_OPERATOR = "an operator queries all tenants"
_GAUGE = "it counts rows for a gauge, which keeps its value while a node is down; nothing else waits for it"
_ALONE = "only the function writes distributed tables in its transaction; app_user writes jobs, which are local"
_RECEIPT = "it changes tenant_deletions, which are local"

# What breaks a rule, each with the reason. An entry that is no longer needed fails the test.
ALLOWED = {
    "inserts_that_become_copies": {
        "function.request_tenant_deletion": "it writes jobs, which are local",
    },
    "volatile_changes": {"function.delete_tenant_rows": _RECEIPT},
    "mutable_choices": {"function.delete_tenant_rows": _RECEIPT},
    "short_cases": {"function.review_waiting_tenant": "it changes waiting_tenants, which is local"},
    "tables_of_all_tenants": {
        "tenants.select_tenants": _OPERATOR,
        "users.delete_user": _OPERATOR,
        "users.select_tenants_inviting": _OPERATOR,
        "users.select_tenants_of_user": _OPERATOR,
        "tenants.select_tenants_named": _OPERATOR,
        "tenants.select_tenant_deletions": _OPERATOR,
        "jobs.select_jobs_of_all": _OPERATOR,
        "demo.count_visible_rows": "it shows what row-level security does alone",
        "demo.count_readable_rows": "it shows what row-level security does alone",
        "function.credit_backlog": _GAUGE,
        "function.set_aside_counts": _GAUGE,
    },
    "definers_that_write": {
        "function.forget_touches": _ALONE,
        "function.forget_dead_events": _ALONE,
        "function.forget_claims": _ALONE,
        "function.delete_tenant_rows": _ALONE,
        "function.end_tenant_deletion": _ALONE,
        "function.erase_traces": _ALONE,
    },
}


def test_every_statement_function_and_view_keeps_the_rules(clone: Clone) -> None:
    with psycopg.connect(clone.superuser_url) as connection:
        schema = read_schema(connection)
    statements = named_statements()
    pieces = [*statements, *schema.functions.values(), *schema.views.values()]
    assert len(statements) >= 150
    assert len(schema.functions) >= 20
    assert len(schema.views) >= 10
    for name, rule in RULES.items():
        found = {piece.name: broken for piece in pieces if (broken := rule(piece, schema))}
        allowed = ALLOWED.get(name, {})
        assert {n: broken for n, broken in found.items() if n not in allowed} == {}, INSTEAD[name]
        assert set(allowed) - set(found) == set(), f"{name}: they keep the rule; remove them"


# What breaks a rule of revisions, with the reason.
REVISIONS_ALLOWED = {
    "policies_with_subselects": {
        "202611291500_tenant_of_policies.upgrade": "nothing could be distributed before",
    },
}


@pytest.mark.parametrize("name", list(REVISION_RULES))
def test_every_later_revision_keeps_the_rule(name: str) -> None:
    found = {
        r.name: broken for r in read_revisions(MIGRATIONS) if (broken := REVISION_RULES[name](r))
    }
    allowed = REVISIONS_ALLOWED.get(name, {})
    assert {n: broken for n, broken in found.items() if n not in allowed} == {}, INSTEAD[name]
    assert set(allowed) <= set(found), f"{name}: they keep the rule; remove them"


def test_every_later_revision_changes_rows_by_the_rules_of_statements(clone: Clone) -> None:
    with psycopg.connect(clone.superuser_url) as connection:
        schema = read_schema(connection)
    # A migration is about all tenants; the functions and views that it creates are checked in their final form.
    rules = [name for name in RULES if name != "tables_of_all_tenants"]
    found = {
        (name, revision.name): broken
        for name in rules
        for revision in read_revisions(MIGRATIONS)
        if (broken := RULES[name](revision.piece, schema))
    }
    assert found == {}, [INSTEAD[name] for name, _ in found]


def test_released_revisions_are_read_and_not_judged() -> None:
    everything = read_revisions(MIGRATIONS, after="")
    assert len(everything) >= 20
    assert all(revision.texts for revision in everything)
    assert {rule for rule in REVISION_RULES if any(map(REVISION_RULES[rule], everything))} >= {
        "several_commands",
        "columns_with_checks",
        "tables_beside_views",
        "grants_of_two_roles",
    }


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in BROKEN.items() for text in texts]
)
def test_a_rule_sees_what_breaks_it(name: str, text: str) -> None:
    assert RULES[name](sample(text), SCHEMA) != []


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in KEPT.items() for text in texts]
)
def test_a_rule_lets_pass_what_keeps_it(name: str, text: str) -> None:
    assert RULES[name](sample(text), SCHEMA) == []


@pytest.mark.parametrize(
    ("name", "code"), [(name, code) for name, codes in BROKEN_REVISIONS.items() for code in codes]
)
def test_a_rule_of_revisions_sees_what_breaks_it(name: str, code: str) -> None:
    assert broken_by(name, code) != []


@pytest.mark.parametrize(
    ("name", "code"), [(name, code) for name, codes in KEPT_REVISIONS.items() for code in codes]
)
def test_a_rule_of_revisions_lets_pass_what_keeps_it(name: str, code: str) -> None:
    assert broken_by(name, code) == []


def test_a_function_that_runs_an_unreadable_text_is_refused() -> None:
    with pytest.raises(ValueError, match="names no statement"):
        function(
            "CREATE FUNCTION public.f(text text) RETURNS void LANGUAGE plpgsql"
            " AS $$ BEGIN EXECUTE text; END $$"
        )


def test_every_rule_has_samples_of_both_kinds_and_a_message() -> None:
    assert set(BROKEN) == set(KEPT) == set(RULES)
    assert set(BROKEN_REVISIONS) == set(KEPT_REVISIONS) == set(REVISION_RULES)
    assert set(INSTEAD) == {*RULES, *REVISION_RULES}
    assert set(ALLOWED) <= set(RULES)


@pytest.mark.parametrize("path", sorted((MIGRATIONS / "sql").glob("*.sql")), ids=lambda p: p.stem)
def test_statements_of_a_file_are_split_where_the_parser_ends_them(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert tuple(parse(part)[0] for part in split_statements(text)) == parse(text)


def sample(text: str) -> Piece:
    return function(text) if text.startswith("CREATE FUNCTION") else statement("sample", text)


def broken_by(name: str, code: str) -> list[str]:
    source = f"def upgrade():\n    {code}\n"
    return [
        broken
        for revision in read_revision("209901010000_sample", source, MIGRATIONS / "sql")
        for broken in REVISION_RULES[name](revision)
    ]
