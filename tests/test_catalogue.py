"""The rules of the schema, checked on the catalogue of a migrated database, so that they apply to new tables too."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from skeldir.audit import expected, expected_functions
from skeldir.db.embedded import EmbeddedServer
from skeldir.matviews import CANONICAL_VIEWS
from skeldir.migrations.run import upgrade
from tests.conftest import Clone, scratch_database
from tests.support.catalogue import IN_SELECT, TENANT_TABLES, ask, names

pytestmark = pytest.mark.one_server(
    "Citus puts objects of its own beside the program's; the audit's checks of the structure leave them out"
)

# They are found before their tenant is known. The digest of a key or token is never another's.
WITHOUT_A_TENANT = {
    "api_keys_secret": True,
    "invitation_tokens": True,
    "jobs_claimable": False,
    "memberships_of_user": False,
    "webhook_tokens": True,
}
# Facts, which are recorded once and never changed.
FACTS = ("attribution_events", "revenue_ledger", "spend", "dead_events", "tenants")
OWNERS = (expected.OWNER, expected.VIEW_OWNER)

# The only functions that read across tenants, by name.
GATES = {
    signature.partition("(")[0].removeprefix("public.") for signature in expected_functions.GATES
}
OF_READERS = {
    name.partition("(")[0].removeprefix("public.") for name in expected_functions.OF_READERS
}


@pytest.fixture(scope="module")
def migrated(server: EmbeddedServer) -> Iterator[Clone]:
    """An empty database, migrated itself; a clone does not copy the rights on the database."""
    with scratch_database(server, template="template0") as database:
        upgrade(database.migrator_url)
        yield database


def test_every_table_has_a_tenant_or_a_reason_not_to(migrated: Clone) -> None:
    tables = names(
        ask(
            migrated,
            """SELECT schemaname || '.' || tablename FROM pg_tables
               WHERE schemaname NOT IN ('pg_catalog', 'information_schema')""",
        )
    )
    with_tenant = {f"public.{row[1]}" for row in ask(migrated, TENANT_TABLES)}
    assert len(with_tenant) >= 14
    # A tenant is isolated by its id.
    assert tables - with_tenant == {
        "public.tenants",
        *expected.WITHOUT_A_TENANT,
        *expected.OF_USERS,
    }, "give the table a tenant_id, or a reason in skeldir.audit.expected"


def test_every_tenant_table_forces_row_level_security_and_isolates_by_tenant(
    migrated: Clone,
) -> None:
    rows = ask(
        migrated,
        f"""SELECT t.relname, c.relrowsecurity, c.relforcerowsecurity, p.cmd, p.permissive, p.roles::text,
                   regexp_replace(p.qual, {IN_SELECT}), regexp_replace(p.with_check, {IN_SELECT})
            FROM ({TENANT_TABLES} UNION SELECT 'public.tenants'::regclass, 'tenants') t
            JOIN pg_class c ON c.oid = t.oid
            LEFT JOIN pg_policies p ON p.tablename = t.relname AND p.policyname = 'tenant_isolation'""",
    )
    for table, *found in rows:
        rule = f"({'id' if table == 'tenants' else 'tenant_id'} = current_tenant_id())"
        assert found == [True, True, "ALL", "PERMISSIVE", "{public}", rule, rule], table


def test_a_policy_works_the_tenant_out_once_in_a_statement(migrated: Clone) -> None:
    rows = ask(
        migrated,
        """SELECT tablename, qual, with_check FROM pg_policies WHERE policyname = 'tenant_isolation'""",
    )
    assert len(rows) >= 20
    for table, *rules in rows:
        assert all("= ( SELECT current_tenant_id()" in str(rule) for rule in rules), table


def test_no_other_policy_reaches_the_runtime_role_or_lets_anybody_write(migrated: Clone) -> None:
    policies = ask(
        migrated,
        "SELECT tablename, roles::text, cmd FROM pg_policies WHERE policyname <> 'tenant_isolation'",
    )
    assert policies
    for table, roles, command in policies:
        assert (roles, command) in {(f"{{{owner}}}", "SELECT") for owner in OWNERS}, table


def test_every_key_of_a_tenant_table_leads_with_the_tenant(migrated: Clone) -> None:
    keys = ask(
        migrated,
        f"""SELECT t.relname, k.conname, k.contype::text, a.attname, k.confdeltype::text, k.confupdtype::text
            FROM ({TENANT_TABLES}) t
            JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype IN ('p', 'u', 'f', 'x')
            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.conkey[1]""",
    )
    assert {row[2] for row in keys} == {"p", "u", "f"}
    for table, key, _, first_column, on_delete, on_update in keys:
        assert first_column == "tenant_id", (table, key)
        assert (on_delete, on_update) in {("a", "a"), (" ", " ")}, (table, key)
    assert {row[0] for row in keys if row[2] == "p"} == {
        row[1] for row in ask(migrated, TENANT_TABLES)
    }


def test_every_index_leads_with_the_tenant(migrated: Clone) -> None:
    others = ask(
        migrated,
        """SELECT i.indexrelid::regclass::text, i.indisunique FROM pg_index i
           JOIN pg_class c ON c.oid = i.indrelid
           LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
           WHERE c.relnamespace = 'public'::regnamespace
             AND EXISTS (SELECT FROM pg_attribute t WHERE t.attrelid = c.oid AND t.attname = 'tenant_id')
             AND a.attname IS DISTINCT FROM 'tenant_id'""",
    )
    assert sorted(others) == sorted(WITHOUT_A_TENANT.items())


def test_nothing_writes_by_itself(migrated: Clone) -> None:
    triggers = ask(
        migrated,
        "SELECT tgname, tgrelid::regclass::text, tgfoid::regproc::text FROM pg_trigger WHERE NOT tgisinternal",
    )
    assert {
        str(name): f"{' '.join(map(str, rest))} enabled" for name, *rest in triggers
    } == expected.TRIGGERS
    assert ask(migrated, "SELECT rulename FROM pg_rules WHERE schemaname = 'public'") == []
    assert ask(migrated, "SELECT evtname FROM pg_event_trigger") == []


def test_no_column_counts_by_itself(migrated: Clone) -> None:
    numbered = ask(
        migrated,
        """SELECT attrelid::regclass::text, attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
           WHERE c.relnamespace = 'public'::regnamespace AND attidentity <> ''""",
    )
    assert numbered == []
    assert ask(migrated, "SELECT sequencename FROM pg_sequences WHERE schemaname <> 'celery'") == []


def test_the_runtime_role_is_bound_and_belongs_to_nobody(migrated: Clone) -> None:
    rights = ask(
        migrated,
        """SELECT rolcanlogin, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication
           FROM pg_roles WHERE rolname = 'app_user'""",
    )
    assert rights == [(True, False, False, False, False, False)]
    memberships = ask(
        migrated,
        "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = 'app_user'::regrole",
    )
    assert memberships == []


def test_the_owners_cannot_log_in_and_are_bound_too(migrated: Clone) -> None:
    rights = ask(
        migrated,
        """SELECT rolcanlogin, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole
           FROM pg_roles WHERE rolname = ANY(%s)""",
        list(OWNERS),
    )
    assert rights == [(False,) * 5] * 2
    members = ask(
        migrated,
        "SELECT roleid::regrole::text FROM pg_auth_members WHERE member::regrole::text = ANY(%s)",
        list(OWNERS),
    )
    assert members == []


def test_the_runtime_role_owns_nothing(migrated: Clone) -> None:
    owned = ask(
        migrated,
        """SELECT relname FROM pg_class WHERE relowner = 'app_user'::regrole
           UNION ALL SELECT proname FROM pg_proc WHERE proowner = 'app_user'::regrole
           UNION ALL SELECT typname FROM pg_type WHERE typowner = 'app_user'::regrole
           UNION ALL SELECT nspname FROM pg_namespace WHERE nspowner = 'app_user'::regrole
           UNION ALL SELECT datname FROM pg_database WHERE datdba = 'app_user'::regrole""",
    )
    assert owned == []


def test_who_owns_what(migrated: Clone) -> None:
    owners = dict(
        ask(
            migrated,
            """SELECT relnamespace::regnamespace || '.' || relname, relowner::regrole::text FROM pg_class
               WHERE relnamespace::regnamespace::text IN ('public', 'celery') AND relkind IN ('r', 'v', 'm', 'S')""",
        )
    )
    assert owners == {**expected.OWNERS, "public.alembic_version": "migrator"}


CREATIONS = {
    "a table": "CREATE TABLE public.mine (id integer)",
    "a temporary table": "CREATE TEMPORARY TABLE mine (id integer)",
    "a view": "CREATE VIEW public.mine AS SELECT 1",
    "a function": "CREATE FUNCTION public.mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "a type": "CREATE TYPE public.mine AS (id integer)",
    "a sequence": "CREATE SEQUENCE public.mine",
    "a schema": "CREATE SCHEMA mine",
    "a database": "CREATE DATABASE mine",
    "a role": "CREATE ROLE mine",
    "an index": "CREATE INDEX ON public.spend (amount_cents)",
    "a policy": "CREATE POLICY mine ON public.spend USING (true)",
    "a trigger": "CREATE TRIGGER mine BEFORE INSERT ON public.spend FOR EACH ROW EXECUTE FUNCTION x()",
    "a column": "ALTER TABLE public.spend ADD COLUMN mine integer",
    "an exception": "ALTER TABLE public.spend DISABLE ROW LEVEL SECURITY",
    "another owner": "ALTER TABLE public.spend OWNER TO app_user",
    "another role": "SET ROLE skeldir_owner",
    "a view's definition": "ALTER MATERIALIZED VIEW public.mv_realtime_revenue RENAME TO mine",
}


@pytest.mark.parametrize("what", list(CREATIONS))
def test_the_runtime_role_may_create_and_change_nothing(migrated: Clone, what: str) -> None:
    with (
        psycopg.connect(migrated.app_url, autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(CREATIONS[what].encode())


@pytest.mark.parametrize("table", FACTS)
def test_facts_cannot_be_changed_by_the_runtime_role(migrated: Clone, table: str) -> None:
    with psycopg.connect(migrated.app_url, autocommit=True) as connection:
        for statement in (
            f"UPDATE public.{table} SET id = id",
            f"DELETE FROM public.{table}",
            f"TRUNCATE public.{table} CASCADE",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
    rights = ask(
        migrated,
        "SELECT has_table_privilege('app_user', %(t)s, 'UPDATE, DELETE, TRUNCATE, TRIGGER, REFERENCES, MAINTAIN'),"
        " has_any_column_privilege('app_user', %(t)s, 'UPDATE, REFERENCES')".replace(
            "%(t)s", f"'public.{table}'"
        ),
    )
    assert rights == [(False, False)]


def test_the_privileges_of_the_runtime_role_on_each_kind_of_relation(migrated: Clone) -> None:
    granted = ask(
        migrated,
        """SELECT c.relname, c.relkind::text, a.grantee::regrole::text, a.privilege_type
           FROM pg_class c, aclexplode(c.relacl) a
           WHERE c.relnamespace = 'public'::regnamespace AND a.grantee <> c.relowner""",
    )
    assert not [row for row in granted if row[2] == "-"], "PUBLIC has rights on a relation"
    allowed = {"r": {"SELECT", "INSERT", "DELETE"}, "v": {"SELECT"}, "m": {"MAINTAIN"}}
    for name, kind, role, right in granted:
        assert str(right) in (allowed[str(kind)] if role == "app_user" else {"SELECT"}), (
            name,
            role,
        )
    maintained = {row[0] for row in granted if row[3] == "MAINTAIN"}
    assert maintained == {view.name for view in CANONICAL_VIEWS}


def test_every_function_has_a_fixed_search_path_or_names_the_schema_of_all_it_uses(
    migrated: Clone,
) -> None:
    functions = ask(
        migrated,
        "SELECT proname, proconfig FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    )
    assert {"current_tenant_id", "set_tenant", *GATES} <= names(functions)
    for name, settings in functions:
        if name != "current_tenant_id":
            assert settings == ["search_path=pg_catalog"], name
    with psycopg.connect(migrated.superuser_url) as connection:
        connection.execute("CREATE SCHEMA decoy")
        connection.execute("""CREATE FUNCTION decoy.current_setting(text, boolean) RETURNS text LANGUAGE sql
            RETURN '00000000-0000-0000-0000-000000000001'""")
        connection.execute("CREATE DOMAIN decoy.uuid AS text")
        connection.execute("""CREATE FUNCTION decoy.pg_input_is_valid(text, text) RETURNS boolean LANGUAGE sql
            RETURN true""")
        connection.execute("SET search_path = decoy, pg_catalog")
        assert connection.execute("SELECT public.current_tenant_id()").fetchone() == (None,)
        connection.rollback()


def test_only_the_known_functions_run_with_their_owners_rights_and_not_for_everybody(
    migrated: Clone,
) -> None:
    gates = ask(
        migrated,
        """SELECT p.proname, p.proowner::regrole::text, array_agg(a.grantee::regrole::text ORDER BY a.grantee)
           FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
           WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace GROUP BY p.oid""",
    )
    assert names(gates) == GATES | OF_READERS, (
        "a new gate needs a reason in skeldir.audit.expected: what does it reveal about other tenants?"
    )
    for name, owner, may_run in gates:
        assert owner == ("matview_owner" if name in OF_READERS else "skeldir_owner"), name
        assert set(may_run) == {owner, "app_user"}, name  # type: ignore[call-overload]  # an array of names


def test_the_registry_is_the_list_of_materialized_views(migrated: Clone) -> None:
    found = ask(
        migrated, "SELECT schemaname, matviewname, matviewowner, ispopulated FROM pg_matviews"
    )
    assert sorted(found) == [
        ("public", view.name, "matview_owner", True) for view in CANONICAL_VIEWS
    ]


def test_each_canonical_view_has_one_unique_index_that_can_serve_a_concurrent_refresh(
    migrated: Clone,
) -> None:
    indexes = ask(
        migrated,
        """SELECT m.matviewname, i.indexrelid::regclass::text, i.indisunique, i.indisvalid, i.indisready,
                  i.indpred IS NULL, i.indexprs IS NULL, a.attname
           FROM pg_matviews m
           JOIN pg_index i ON i.indrelid = format('%I.%I', m.schemaname, m.matviewname)::regclass
           LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
           ORDER BY 1""",
    )
    assert indexes == [
        (view.name, view.unique_index, True, True, True, True, True, "tenant_id")
        for view in CANONICAL_VIEWS
    ]


def test_readers_are_barriers_and_other_views_run_with_the_readers_own_rights(
    migrated: Clone,
) -> None:
    views = dict(
        ask(
            migrated,
            "SELECT relname, reloptions FROM pg_class WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace",
        )
    )
    readers = {view.reader for view in CANONICAL_VIEWS}
    readable = names(
        ask(
            migrated,
            """SELECT relname FROM pg_class WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace
               AND has_table_privilege('app_user', oid, 'SELECT')""",
        )
    )
    assert readers <= readable
    for name in readable:
        wanted = "security_barrier" if name in readers else "security_invoker"
        assert any(str(option).startswith(wanted) for option in views[name] or []), name  # type: ignore[attr-defined]  # a list of options


def test_json_columns_refuse_personal_keys(migrated: Clone) -> None:
    columns = ask(
        migrated,
        """SELECT c.relname, a.attname, EXISTS (
               SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.convalidated
                 AND a.attnum = ANY(k.conkey) AND pg_get_constraintdef(k.oid) LIKE '%holds_no_personal_keys(%')
           FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
           WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
             AND a.atttypid IN ('json'::regtype, 'jsonb'::regtype)""",
    )
    assert len(columns) >= 2
    for table, column, is_guarded in columns:
        assert is_guarded, f"{table}.{column} needs CHECK (holds_no_personal_keys({column}))"


def test_money_is_whole_minor_units_beside_a_currency(migrated: Clone) -> None:
    columns = ask(
        migrated,
        """SELECT table_name, array_agg(column_name::text), array_agg(data_type::text)
           FROM information_schema.columns WHERE table_schema = 'public' GROUP BY table_name""",
    )
    for table, column_names, types in columns:
        of_type = dict(zip(column_names, types, strict=True))  # type: ignore[call-overload]  # two arrays
        money = [name for name in of_type if name.endswith("_cents")]
        # Totals of all days, and changes of many hours: whole sums of bigint, which may exceed a bigint.
        is_sum = table in ("realtime_revenue", "rollup_revenue_total", "credit_journal")
        assert {of_type[name] for name in money} <= {"numeric" if is_sum else "bigint"}, table
        # The contract fixes the columns of events; their money is posted to the ledger with its currency.
        assert not money or "currency" in of_type or table == "attribution_events", table
        assert not {"real", "double precision", "money", "timestamp without time zone"} & set(
            of_type.values()
        ), table
