"""Downgrades: possible where nothing is lost, refused with a reason otherwise."""

from __future__ import annotations

from uuid import uuid4

import psycopg
import pytest
from alembic.script import ScriptDirectory

from skeldir.migrations.guard import MigrationRefused
from skeldir.migrations.run import alembic_config, downgrade, upgrade
from tests.conftest import Clone
from tests.migrations.test_guards import nothing_changes
from tests.support.catalogue import describe_database, differences, read_revision
from tests.support.history import BACKFILL, EARLIEST, VIEWS, upgrade_with_rows


def all_revisions() -> list[str]:
    """Return the revisions, the earliest first."""
    script = ScriptDirectory.from_config(alembic_config("postgresql://unused"))
    return [revision.revision for revision in script.walk_revisions()][::-1]


def test_every_step_back_of_an_empty_database_undoes_its_step_forward(
    empty_database: Clone,
) -> None:
    states = {}
    for revision in all_revisions():
        upgrade(empty_database.migrator_url, revision)
        states[revision] = describe_database(empty_database.superuser_url)
    for revision in all_revisions()[-2::-1]:
        downgrade(empty_database.migrator_url, revision)
        after = describe_database(empty_database.superuser_url)
        assert differences(states[revision], after) == {}, revision


def test_an_empty_database_goes_back_to_nothing_and_forward_again(empty_database: Clone) -> None:
    start = describe_database(empty_database.superuser_url)
    upgrade(empty_database.migrator_url)
    head = describe_database(empty_database.superuser_url)
    downgrade(empty_database.migrator_url, "base")
    assert read_revision(empty_database.superuser_url) is None
    left = differences(start, describe_database(empty_database.superuser_url))
    assert all("alembic_version" in row for row in left.get("relations", []))
    assert not {"functions", "views", "policies"} & set(left)
    upgrade(empty_database.migrator_url)
    assert differences(head, describe_database(empty_database.superuser_url)) == {}


@pytest.mark.parametrize(
    ("start", "target"),
    [
        ("head", "base"),
        ("head", EARLIEST),
        ("head", VIEWS),
        (VIEWS, EARLIEST),
        (BACKFILL, EARLIEST),
        (EARLIEST, "base"),
    ],
)
def test_a_step_back_that_would_lose_rows_is_refused(
    empty_database: Clone, start: str, target: str
) -> None:
    upgrade_with_rows(empty_database, start)
    with (
        nothing_changes(empty_database),
        pytest.raises(MigrationRefused, match="attribution_events") as refusal,
    ):
        downgrade(empty_database.migrator_url, target)
    assert "Restore a backup" in refusal.value.cure


def test_a_lone_tenant_is_enough_to_be_refused(empty_database: Clone) -> None:
    upgrade(empty_database.migrator_url)
    tenant = uuid4()
    with psycopg.connect(empty_database.app_url) as connection:
        connection.execute("SELECT set_tenant(%s)", (tenant,))
        connection.execute("INSERT INTO tenants (id, name) VALUES (%s, 'A')", (tenant,))
    with (
        nothing_changes(empty_database),
        pytest.raises(MigrationRefused, match="the rows of tenants"),
    ):
        downgrade(empty_database.migrator_url, VIEWS)


def test_a_reconciliation_run_is_not_derived_and_keeps_the_views(empty_database: Clone) -> None:
    rows = upgrade_with_rows(empty_database, VIEWS)
    with psycopg.connect(empty_database.app_url) as connection:
        connection.execute("SELECT set_tenant(%s)", (rows.tenants[0],))
        connection.execute(
            """INSERT INTO reconciliation_runs
               VALUES (%s, gen_random_uuid(), 'meta', 'USD', 'matched', 1, 1, 0, now())""",
            (rows.tenants[0],),
        )
    with (
        nothing_changes(empty_database),
        pytest.raises(MigrationRefused, match="reconciliation_runs"),
    ):
        downgrade(empty_database.migrator_url, BACKFILL)


def test_views_are_derived_and_may_be_dropped(empty_database: Clone) -> None:
    upgrade_with_rows(empty_database, BACKFILL)
    before = describe_database(empty_database.superuser_url)
    upgrade(empty_database.migrator_url, VIEWS)
    downgrade(empty_database.migrator_url, BACKFILL)
    assert differences(before, describe_database(empty_database.superuser_url)) == {}
