"""H-MIG-01: a database with rows of two tenants upgrades to head, and is then as one that never had any."""

from __future__ import annotations

import sys

from proof.checks import journeys, populous
from proof.checks.catalogue import describe, fingerprint
from proof.checks.upgrading import EARLIEST, TENANT_A, TENANT_B, upgrade
from proof.contract import Check
from proof.stage.ground import APP_USER
from proof.stage.prepared import Prepared
from proof.stage.proving import Proof
from proof.stage.steps import ANYTHING, Expectation, equals, matches, same_as

_PROBE = "skeldir_migprobe"
_EMPTY = "skeldir_empty"
_HALF_WAY = "skeldir_halfway"
_INSERTED = matches("INSERT 0 1(\nINSERT 0 1)*")

_ATTRIBUTES = """
    SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb
    FROM pg_roles WHERE rolname = current_user"""
_COUNT = "SELECT count(*) FROM attribution_events"
_NULL_KEYS = """
    SELECT count(*) FILTER (WHERE idempotency_key IS NULL) AS null_idempotency_key FROM attribution_events"""
_ROWS = """
    SELECT id, tenant_id, occurred_at AT TIME ZONE 'UTC' AS occurred_at, session_id, revenue_cents,
           raw_payload::text
    FROM attribution_events ORDER BY id"""
# Later revisions let operators list all tenants, so the own one is named.
_TENANT = """
    SELECT id, name, api_key_hash, notification_email FROM tenants
    WHERE id = public.current_tenant_id()"""
_FLAGS = """
    SELECT c.relname AS tenant_table, left(c.relrowsecurity::text, 1) AS relrowsecurity,
           left(c.relforcerowsecurity::text, 1) AS relforcerowsecurity
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND (c.relname = 'tenants' OR EXISTS (
          SELECT FROM pg_attribute a
          WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped))
    ORDER BY 1"""
_REVISION = "SELECT version_num FROM alembic_version"


def _insert_rows(proof: Proof, database: str) -> None:
    """Insert two tenants as the contract does: three events of A, four of B."""
    with proof.session(proof.ground.admin, database, tenant=TENANT_A) as session:
        session.ask(
            """INSERT INTO tenants (id, name, api_key_hash, notification_email) VALUES
                   ('0a0a0a0a-0000-4000-8000-000000000001', 'Tenant A', 'hash-a', 'owner-a@example.invalid')""",
            """INSERT INTO attribution_events
                   (id, tenant_id, occurred_at, session_id, revenue_cents, raw_payload) VALUES
                   ('0a0a0a0a-0000-4000-8000-000000000011', '0a0a0a0a-0000-4000-8000-000000000001',
                    '2025-11-01T10:00:00Z', 'session-a-1', 1000, '{"source": "email"}')""",
            """INSERT INTO attribution_events
                   (id, tenant_id, occurred_at, session_id, revenue_cents, raw_payload) VALUES
                   ('0a0a0a0a-0000-4000-8000-000000000012', '0a0a0a0a-0000-4000-8000-000000000001',
                    '2025-11-02T10:00:00Z', 'session-a-2', 2599, '{}')""",
            """INSERT INTO attribution_events
                   (id, tenant_id, occurred_at, session_id, revenue_cents, raw_payload) VALUES
                   ('0a0a0a0a-0000-4000-8000-000000000013', '0a0a0a0a-0000-4000-8000-000000000001',
                    '2025-11-03T10:00:00Z', NULL, NULL, '{"n": 3}')""",
            expect=_INSERTED,
        )
    with proof.session(proof.ground.admin, database, tenant=TENANT_B) as session:
        session.ask(
            """INSERT INTO tenants (id, name, api_key_hash, notification_email) VALUES
                   ('0b0b0b0b-0000-4000-8000-000000000002', 'Tenant B', 'hash-b', 'owner-b@example.invalid')""",
            """INSERT INTO attribution_events
                   (id, tenant_id, occurred_at, session_id, revenue_cents, raw_payload) VALUES
                   ('0b0b0b0b-0000-4000-8000-000000000021', '0b0b0b0b-0000-4000-8000-000000000002',
                    '2025-11-01T10:00:00Z', 'session-a-1', 1000, '{"source": "email"}')""",
            """INSERT INTO attribution_events
                   (id, tenant_id, occurred_at, session_id, revenue_cents, raw_payload) VALUES
                   ('0b0b0b0b-0000-4000-8000-000000000022', '0b0b0b0b-0000-4000-8000-000000000002',
                    '2025-11-02T10:00:00Z', 'session-b-2', -500, '{"refund": true}')""",
            """INSERT INTO attribution_events
                   (id, tenant_id, occurred_at, session_id, revenue_cents, raw_payload) VALUES
                   ('0b0b0b0b-0000-4000-8000-000000000023', '0b0b0b0b-0000-4000-8000-000000000002',
                    '2025-11-03T10:00:00Z', 'session-b-3', 0, '{}')""",
            """INSERT INTO attribution_events
                   (id, tenant_id, occurred_at, session_id, revenue_cents, raw_payload) VALUES
                   ('0b0b0b0b-0000-4000-8000-000000000024', '0b0b0b0b-0000-4000-8000-000000000002',
                    '2025-11-04T10:00:00Z', 'session-b-4', 999999, '{"n": 4}')""",
            expect=_INSERTED,
        )


def _read_rows(proof: Proof, database: str, of_a: Expectation, of_b: Expectation) -> None:
    """Have each tenant's rows counted and told; the second and the fourth of four steps are expected to be so."""
    for tenant, expected in ((TENANT_A, of_a), (TENANT_B, of_b)):
        with proof.session(proof.ground.admin, database, tenant=tenant) as session:
            session.ask(_COUNT, _TENANT, _ROWS, expect=expected)


# The numbers that these two of the preparation's steps have in every check.
_ROWS_OF_A, _ROWS_OF_B = 8, 10


def _prepare_probe(proof: Proof) -> None:
    proof.ask(proof.ground.admin, _PROBE, _ATTRIBUTES)
    upgrade(proof, _PROBE, EARLIEST)
    _insert_rows(proof, _PROBE)
    _read_rows(proof, _PROBE, matches(r"count\n3\n.*"), matches(r"count\n4\n.*"))
    upgrade(proof, _PROBE)


_probe = Prepared(_PROBE, _prepare_probe)


def _prepare_empty(proof: Proof) -> None:
    upgrade(proof, _EMPTY)


_empty = Prepared(_EMPTY, _prepare_empty)


def prove_role(proof: Proof) -> None:
    """Show what the role may that migrates, and that it is the one that migrated."""
    _probe.begin(proof)
    admin = proof.ground.admin
    attributes = "rolname | rolsuper | rolbypassrls | rolcreaterole | rolcreatedb"
    expected = equals(f"{attributes}\n{admin} | False | False | True | True\n(1 row)")
    proof.ask(admin, _PROBE, _ATTRIBUTES, expect=expected)
    proof.ask(
        admin,
        _PROBE,
        "SELECT tableowner FROM pg_tables WHERE tablename = 'alembic_version'",
        expect=equals(f"tableowner\n{admin}\n(1 row)"),
    )


def prove_upgrade(proof: Proof) -> None:
    """Show that the database is at the only head."""
    _probe.begin(proof)
    ground = proof.ground
    alembic = (sys.executable, "-m", "alembic")
    heads = proof.run(*alembic, "heads", expect=matches(r"\d{12} \(head\)\nexit status 0"))
    proof.run(
        *alembic,
        "current",
        role=ground.admin,
        environment=ground.on(ground.admin, _PROBE),
        expect=same_as(len(proof.steps)),
    )
    revision = heads.partition(" ")[0]
    proof.ask(ground.admin, _PROBE, _REVISION, expect=equals(f"version_num\n{revision}\n(1 row)"))


def prove_keys(proof: Proof) -> None:
    """Count the rows of each tenant that have no idempotency key."""
    _probe.begin(proof)
    for tenant in (TENANT_A, TENANT_B):
        with proof.session(proof.ground.admin, _PROBE, tenant=tenant) as session:
            session.ask(_NULL_KEYS, expect=equals("null_idempotency_key\n0\n(1 row)"))
            session.ask(
                "SELECT id, idempotency_key FROM attribution_events ORDER BY id",
                expect=matches(r"id \| idempotency_key\n([0-9a-f-]{36} \| [^\n]+\n)+\(\d+ rows?\)"),
            )


def prove_rows(proof: Proof) -> None:
    """Tell each tenant's rows again; they were told before the upgrade."""
    _probe.begin(proof)
    _read_rows(proof, _PROBE, same_as(_ROWS_OF_A), same_as(_ROWS_OF_B))


def prove_flags(proof: Proof) -> None:
    """Read both flags of every table that has a tenant."""
    _probe.begin(proof)
    columns = r"tenant_table \| relrowsecurity \| relforcerowsecurity\n"
    proof.ask(
        proof.ground.admin,
        _PROBE,
        _FLAGS,
        expect=matches(rf"{columns}(\w+ \| t \| t\n){{15,}}\(\d+ rows\)"),
    )


def prove_schema(proof: Proof) -> None:
    """Have the catalogue of an empty database that was upgraded to head, and then that of the one with rows."""
    _probe.begin(proof)
    _empty.begin(proof)
    with proof.session(proof.ground.admin, _EMPTY) as session:
        describe(session, expect=matches(r".*mv_realtime_revenue.*"))
    number = len(proof.steps)
    with proof.session(proof.ground.admin, _PROBE) as session:
        describe(session, expect=same_as(number))


def prove_repetition(proof: Proof) -> None:
    """Upgrade once more: the catalogue, the revision and the rows are what they were."""
    _probe.begin(proof)
    admin = proof.ground.admin
    fingerprint(proof, admin, _PROBE)
    catalogue = len(proof.steps)
    proof.ask(admin, _PROBE, _REVISION)
    revision = len(proof.steps)
    _read_rows(proof, _PROBE, ANYTHING, ANYTHING)
    upgrade(proof, _PROBE)
    fingerprint(proof, admin, _PROBE, expect=same_as(catalogue))
    proof.ask(admin, _PROBE, _REVISION, expect=same_as(revision))
    _read_rows(proof, _PROBE, same_as(revision + 2), same_as(revision + 4))


def prove_failure(proof: Proof) -> None:
    """Have a trigger refuse the fourth of seven rows that the back-fill touches, and look at what is left."""
    ground = proof.ground
    ground.make_database(_HALF_WAY)
    try:
        _fail_half_way(proof)
    finally:
        ground.drop_database(_HALF_WAY)


def _fail_half_way(proof: Proof) -> None:
    admin = proof.ground.admin
    upgrade(proof, _HALF_WAY, EARLIEST)
    _insert_rows(proof, _HALF_WAY)
    # What a sequence has counted is not undone with the transaction, so it tells how far the back-fill came. One that
    # touches no row at all is refused, too.
    proof.ask(
        admin,
        _HALF_WAY,
        "SET ROLE skeldir_owner",
        "CREATE SEQUENCE public.back_filled",
        """CREATE FUNCTION public.fail_half_way() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN
               IF TG_LEVEL = 'STATEMENT' OR nextval('public.back_filled') = 4 THEN
                   RAISE EXCEPTION 'the back-fill is refused half-way';
               END IF;
               RETURN NEW;
           END $$""",
        """CREATE TRIGGER fail_half_way BEFORE UPDATE ON public.attribution_events
           FOR EACH ROW EXECUTE FUNCTION public.fail_half_way()""",
        """CREATE TRIGGER fail_at_the_end AFTER UPDATE ON public.attribution_events
           FOR EACH STATEMENT EXECUTE FUNCTION public.fail_half_way()""",
        expect=equals("SET\nCREATE SEQUENCE\nCREATE FUNCTION\nCREATE TRIGGER\nCREATE TRIGGER"),
    )
    fingerprint(proof, admin, _HALF_WAY)
    before = len(proof.steps)
    _read_rows(proof, _HALF_WAY, ANYTHING, ANYTHING)
    refused = r".*the back-fill is refused half-way.*exit status [1-9]\d*"
    upgrade(proof, _HALF_WAY, expect=matches(refused))
    proof.ask(
        admin,
        _HALF_WAY,
        "SELECT last_value AS rows_reached FROM public.back_filled",
        expect=matches(r"rows_reached\n[2-6]\n\(1 row\)"),
    )
    proof.ask(
        admin,
        _HALF_WAY,
        _FLAGS,
        expect=equals(
            "tenant_table | relrowsecurity | relforcerowsecurity\n"
            "attribution_events | t | t\ntenants | t | t\n(2 rows)"
        ),
    )
    expected = equals(f"version_num\n{EARLIEST}\n(1 row)")
    proof.ask(admin, _HALF_WAY, _REVISION, expect=expected)
    fingerprint(proof, admin, _HALF_WAY, expect=same_as(before))
    _read_rows(proof, _HALF_WAY, same_as(before + 2), same_as(before + 4))
    _see_only_own_rows(proof)
    proof.ask(
        admin,
        _HALF_WAY,
        "DROP FUNCTION public.fail_half_way() CASCADE",
        expect=equals("DROP FUNCTION"),
    )
    upgrade(proof, _HALF_WAY)


def _see_only_own_rows(proof: Proof) -> None:
    """Have the runtime role look and write without a tenant, and as one tenant at the other's rows."""
    proof.ask(APP_USER, _HALF_WAY, _COUNT, expect=equals("count\n0\n(1 row)"))
    with proof.session(APP_USER, _HALF_WAY, tenant=TENANT_A) as session:
        session.ask(
            "SELECT tenant_id, count(*) FROM attribution_events GROUP BY tenant_id",
            expect=equals(f"tenant_id | count\n{TENANT_A} | 3\n(1 row)"),
        )
        session.ask(
            """INSERT INTO attribution_events (id, tenant_id, occurred_at)
               VALUES (gen_random_uuid(), '0b0b0b0b-0000-4000-8000-000000000002', now())""",
            expect=matches("ERROR 42501: .*row-level security policy.*"),
        )


CHECKS: tuple[Check, ...] = (
    Check(
        "H-MIG-01/role",
        "The role that migrates is neither a superuser nor exempt from row-level security.",
        prove_role,
    ),
    Check(
        "H-MIG-01/upgrade",
        "A database at 202511151400 with rows of two tenants upgrades to the only head.",
        prove_upgrade,
    ),
    Check(
        "H-MIG-01/null-keys",
        "After the upgrade no row of either tenant is without an idempotency key: null_idempotency_key = 0.",
        prove_keys,
    ),
    Check(
        "H-MIG-01/row-counts",
        "The upgrade leaves each tenant as many rows as it had, with the same values.",
        prove_rows,
    ),
    Check(
        "H-MIG-01/rls-flags",
        "After the upgrade row-level security is enabled and forced on every table that has a tenant.",
        prove_flags,
    ),
    Check(
        "H-MIG-01/same-schema",
        "The schema of the upgraded database equals that of an empty one upgraded to head.",
        prove_schema,
    ),
    Check(
        "H-MIG-01/second-upgrade",
        "A second upgrade changes neither the schema nor the revision nor a row.",
        prove_repetition,
    ),
    Check(
        "H-MIG-01/failed-back-fill",
        "A back-fill that fails half-way leaves row-level security on, and nothing else changed.",
        prove_failure,
    ),
    *populous.CHECKS,
    *journeys.CHECKS,
)
