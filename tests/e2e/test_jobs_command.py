"""`skeldir jobs` as operators run it."""

from __future__ import annotations

import psycopg
import pytest

from tests.conftest import Clone
from tests.support.command import run, run_here


def test_dead_jobs_are_shown_to_an_operator_and_retried(clone: Clone) -> None:
    tenant = run_here(clone.app_url, "tenants", "create", "Shop").strip()
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        admin.execute(
            """INSERT INTO jobs (tenant_id, id, kind, state, attempts, error, correlation_id, finished_at)
               SELECT t, gen_random_uuid(), 'attribution.credit', 'dead', 5, 'why', gen_random_uuid(), now()
               FROM unnest(ARRAY[%s::uuid, '00000000-0000-0000-0000-000000000000']) AS t""",
            (tenant,),
        )
    printed = run(clone.migrator_url, "jobs")
    assert printed.count("attribution.credit") == 2
    assert "(all)" in printed
    assert tenant[:8] in printed
    # In full, with the id to retry, however narrow the terminal is.
    assert printed.count(": why\n") == 2
    for words in (("jobs",), ("jobs", "retry", "--all"), ("tenants", "list"), ("matviews",)):
        assert "operator_needed" in run_here(clone.app_url, *words, status=1)
    assert "2 jobs" in run_here(clone.migrator_url, "jobs", "retry", "--all")
    assert "No job is dead" in run_here(clone.migrator_url, "jobs")


def test_a_setting_that_cannot_be_read_is_reported_without_its_value(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKELDIR_POOL_SIZE", "secret")
    output = run_here(clone.app_url, "matviews", status=1)
    assert "configuration_invalid" in output
    assert "SKELDIR_POOL_SIZE" in output
    assert "secret" not in output


def test_an_unreachable_database_is_reported_in_a_sentence_by_the_server_too() -> None:
    for words in (("serve", "--port", "0"), ("migrate",)):
        output = run_here("postgresql://nobody@127.0.0.1:1/none", *words, status=1)
        assert output.startswith("database_unreachable: ")
        assert "Traceback" not in output
