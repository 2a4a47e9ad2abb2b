"""The catalogue of a migrated database is as expected, and any change in it is reported."""

from __future__ import annotations

import psycopg
import pytest

from skeldir.audit import STRUCTURE_CHECKS, CheckResult, check_structure
from skeldir.audit.expected import DEFINITIONS_MAJOR, ROLES
from skeldir.db.embedded import EmbeddedServer
from skeldir.db.pool import Database, open_database
from skeldir.migrations.run import upgrade
from tests.conftest import Clone
from tests.support.syntax import named_text


async def check(db: Database, major: int = DEFINITIONS_MAJOR) -> dict[str, CheckResult]:
    async with db.statement() as connection:
        return {result.name: result for result in await check_structure(connection, major)}


def sentences(results: dict[str, CheckResult]) -> dict[str, list[str]]:
    return {
        name: [difference.describe() for difference in result.differences]
        for name, result in results.items()
        if result.count
    }


async def test_a_migrated_database_is_as_expected(db: Database) -> None:
    results = await check(db)
    assert sentences(results) == {}, "state what is new in skeldir.audit.expected"
    assert list(results) == list(STRUCTURE_CHECKS)
    assert all(result.compared for result in results.values())


async def test_a_database_that_a_superuser_migrated_is_as_expected(
    server: EmbeddedServer, empty_database: Clone
) -> None:
    upgrade(empty_database.superuser_url)
    async with open_database(
        empty_database.app_url, pool_size=1, statement_timeout_ms=30_000
    ) as database:
        assert sentences(await check(database)) == {}


async def test_definitions_are_not_compared_on_another_version_of_the_server(
    db: Database,
) -> None:
    views = (await check(db, 17))["views"]
    assert views.count == 0
    assert views.note == "Definitions are not compared: PostgreSQL 17 may format them differently."


CHANGED: dict[str, tuple[str, str, str]] = {
    "a policy that is dropped": (
        "DROP POLICY tenant_isolation ON spend",
        "row_security",
        "spend: protection enabled; forced instead of enabled; forced; tenant_isolation permits ALL to PUBLIC",
    ),
    "a policy that lets everything through": (
        "ALTER POLICY tenant_isolation ON spend USING (true)",
        "row_security",
        "spend: protection enabled; forced; tenant_isolation permits ALL to PUBLIC using true",
    ),
    "another policy": (
        "CREATE POLICY mine ON revenue_ledger FOR SELECT TO app_user USING (true)",
        "row_security",
        "revenue_ledger: protection enabled; forced; mine permits SELECT to app_user using true",
    ),
    "row-level security that is not forced": (
        "ALTER TABLE revenue_ledger NO FORCE ROW LEVEL SECURITY",
        "row_security",
        "revenue_ledger: protection enabled; tenant_isolation",
    ),
    "row-level security that is off": (
        "ALTER TABLE revenue_ledger DISABLE ROW LEVEL SECURITY",
        "row_security",
        "revenue_ledger: protection forced; tenant_isolation",
    ),
    "a right that is granted": (
        "GRANT UPDATE ON revenue_ledger TO app_user",
        "rights",
        "public.revenue_ledger: rights app_user INSERT SELECT UPDATE instead of app_user INSERT SELECT.",
    ),
    "a right on a column": (
        "GRANT UPDATE (amount_cents) ON revenue_ledger TO app_user",
        "rights",
        "public.revenue_ledger: rights app_user INSERT SELECT UPDATE(amount_cents) instead of",
    ),
    "a right of everybody's": (
        "GRANT SELECT ON mv_realtime_revenue TO PUBLIC",
        "rights",
        "public.mv_realtime_revenue: rights PUBLIC SELECT; app_user MAINTAIN instead of app_user MAINTAIN.",
    ),
    "a right that is gone": (
        "REVOKE INSERT ON revenue_ledger FROM app_user",
        "rights",
        "public.revenue_ledger: rights app_user SELECT instead of app_user INSERT SELECT.",
    ),
    "a table of the runtime role": (
        "ALTER TABLE spend OWNER TO app_user",
        "owners",
        "relation spend: not expected, owner is owned by app_user.",
    ),
    "a function of the runtime role": (
        "ALTER FUNCTION credit_backlog() OWNER TO app_user",
        "functions",
        "public.credit_backlog(): function app_user; definer",
    ),
    "a function with another body": (
        """CREATE OR REPLACE FUNCTION current_tenant_id() RETURNS uuid LANGUAGE sql STABLE
           SET search_path = pg_catalog AS $$ SELECT gen_random_uuid() $$""",
        "functions",
        "public.current_tenant_id(): function skeldir_owner; invoker",
    ),
    "another definer": (
        "CREATE FUNCTION celery.mine() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
        "functions",
        "celery.mine(): not expected, function postgres; definer; run by postgres, PUBLIC;",
    ),
    "where the runtime role may create": (
        "GRANT CREATE ON SCHEMA public TO app_user",
        "owners",
        "schema public: not expected, owner lets app_user create.",
    ),
    "a trigger that is disabled": (
        "ALTER TABLE api_keys DISABLE TRIGGER notify_keys_ended",
        "triggers",
        "notify_keys_ended: trigger api_keys notify_keys_ended DISABLED instead of",
    ),
    "an index that is gone": (
        "DROP INDEX idx_mv_realtime_revenue",
        "views",
        "public.mv_realtime_revenue: view populated instead of populated; CREATE UNIQUE INDEX",
    ),
    "a view of the same name in another schema": (
        "CREATE MATERIALIZED VIEW celery.mv_realtime_revenue AS SELECT 1",
        "views",
        "celery.mv_realtime_revenue: not expected",
    ),
    "a reader that shows everybody everything": (
        """CREATE OR REPLACE VIEW realtime_revenue WITH (security_barrier) AS
           SELECT * FROM mv_realtime_revenue WHERE tenant_id IS NOT NULL""",
        "views",
        "public.realtime_revenue: view",
    ),
}


@pytest.mark.parametrize("what", list(CHANGED))
async def test_a_change_of_the_catalogue_is_reported(db: Database, clone: Clone, what: str) -> None:
    statement, check_name, sentence = CHANGED[what]
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        admin.execute(statement.encode())
    results = await check(db)
    found = sentences(results)
    assert check_name in found, found
    assert any(text.startswith(sentence) for text in found[check_name]), found
    assert "As the role that migrates" in results[check_name].cure(None)


async def test_a_role_with_more_rights_than_expected_is_reported(
    db: Database, clone: Clone
) -> None:
    """Roles belong to the server, not to a database: so this checks within a transaction and rolls it back."""
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute("ALTER ROLE skeldir_owner CREATEDB")
        admin.execute("GRANT pg_read_all_data TO app_user")
        rows = admin.execute(named_text("skeldir.audit", "select_roles").encode()).fetchall()
        admin.rollback()
    found = dict(rows)
    assert found != dict(ROLES)
    # On Citus the coordinator logs in to the nodes as the owner.
    assert found["skeldir_owner"] in {"NOLOGIN CREATEDB", "LOGIN CREATEDB"}
    assert found["app_user"] == "LOGIN member of pg_read_all_data"
