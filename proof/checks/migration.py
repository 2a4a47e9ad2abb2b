"""H-MIG-01: a database with rows of two tenants upgrades to head, and then equals one that never had any."""

from __future__ import annotations

import sys

from proof.checks import journeys, populous
from proof.checks.catalogue import describe, fingerprint
from proof.checks.upgrading import EARLIEST, TENANT_A, TENANT_B, upgrade
from proof.contract import Check
from proof.stage.expectations import (
    contains,
    done,
    every,
    fails,
    one_row,
    reads,
    refused,
    rows,
    same_as,
    shows,
    some_rows_of_each,
)
from proof.stage.ground import APP_USER
from proof.stage.prepared import Prepared
from proof.stage.proving import Proof

_PROBE = "skeldir_migprobe"
_EMPTY = "skeldir_empty"
_HALF_WAY = "skeldir_halfway"
# Each tenant, with the number of its events.
_TENANTS = {"tenant A": (TENANT_A, 3), "tenant B": (TENANT_B, 4)}

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
            expect=done(*["INSERT 0 1"] * 4),
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
            expect=done(*["INSERT 0 1"] * 5),
        )


def _read_rows(proof: Proof, database: str, when: str) -> None:
    """Count and print each tenant's rows, as they stand before the upgrade that follows."""
    for whose, (tenant, count) in _TENANTS.items():
        with proof.session(proof.ground.admin, database, tenant=tenant) as session:
            session.ask(_COUNT, expect=one_row(count=count))
            session.ask(
                _TENANT, _ROWS, expect=some_rows_of_each(2), name=f"the rows of {whose} {when}"
            )


def _read_same_rows(proof: Proof, database: str, when: str) -> None:
    """Count and print each tenant's rows again: they are those of `_read_rows`."""
    for whose, (tenant, count) in _TENANTS.items():
        with proof.session(proof.ground.admin, database, tenant=tenant) as session:
            session.ask(_COUNT, expect=one_row(count=count))
            session.ask(_TENANT, _ROWS, expect=same_as(f"the rows of {whose} {when}"))


def _prepare_probe(proof: Proof) -> None:
    proof.ask(proof.ground.admin, _PROBE, _ATTRIBUTES)
    upgrade(proof, _PROBE, EARLIEST)
    _insert_rows(proof, _PROBE)
    _read_rows(proof, _PROBE, "before the upgrade")
    upgrade(proof, _PROBE)


_probe = Prepared(_PROBE, _prepare_probe)


def _prepare_empty(proof: Proof) -> None:
    upgrade(proof, _EMPTY)


_empty = Prepared(_EMPTY, _prepare_empty)


def prove_role(proof: Proof) -> None:
    """Show the rights of the role that migrates, and that it is the one that migrated."""
    _probe.begin(proof)
    admin = proof.ground.admin
    attributes = one_row(
        rolname=admin,
        rolsuper=False,
        rolbypassrls=False,
        rolcreaterole=True,
        rolcreatedb=True,
    )
    proof.ask(admin, _PROBE, _ATTRIBUTES, expect=attributes)
    proof.ask(
        admin,
        _PROBE,
        "SELECT tableowner FROM pg_tables WHERE tablename = 'alembic_version'",
        expect=one_row(tableowner=admin),
    )


def prove_upgrade(proof: Proof) -> None:
    """Show that the database is at the only head."""
    _probe.begin(proof)
    ground = proof.ground
    alembic = (sys.executable, "-m", "alembic")
    heads = proof.run(
        *(*alembic, "heads"),
        name="the heads",
        expect=reads("<revision> (head)\nexit status 0"),
    )
    proof.run(
        *alembic,
        "current",
        role=ground.admin,
        environment=ground.on(ground.admin, _PROBE),
        expect=same_as("the heads"),
    )
    revision = heads.partition(" ")[0]
    proof.ask(ground.admin, _PROBE, _REVISION, expect=one_row(version_num=revision))


def prove_keys(proof: Proof) -> None:
    """Count the rows of each tenant that have no idempotency key."""
    _probe.begin(proof)
    for tenant, count in _TENANTS.values():
        with proof.session(proof.ground.admin, _PROBE, tenant=tenant) as session:
            session.ask(_NULL_KEYS, expect=one_row(null_idempotency_key=0))
            session.ask(
                "SELECT id, idempotency_key FROM attribution_events ORDER BY id",
                expect=shows(("id", "idempotency_key"), *[("<uuid>", "<text>")] * count),
            )


def prove_rows(proof: Proof) -> None:
    """Print each tenant's rows again, as before the upgrade."""
    _probe.begin(proof)
    _read_same_rows(proof, _PROBE, "before the upgrade")


def prove_flags(proof: Proof) -> None:
    """Read both flags of every table that has a tenant."""
    _probe.begin(proof)
    proof.ask(
        proof.ground.admin,
        _PROBE,
        _FLAGS,
        expect=(
            rows(at_least=15),
            every("tenant_table", "<word>"),
            every("relrowsecurity", "t"),
            every("relforcerowsecurity", "t"),
        ),
    )


def prove_schema(proof: Proof) -> None:
    """Print the catalogue of an empty database that was upgraded to head, and then that of the one with rows."""
    _probe.begin(proof)
    _empty.begin(proof)
    with proof.session(proof.ground.admin, _EMPTY) as session:
        describe(session, expect=contains("mv_realtime_revenue"), name="the catalogue without rows")
    with proof.session(proof.ground.admin, _PROBE) as session:
        describe(session, expect=same_as("the catalogue without rows"))


def prove_repetition(proof: Proof) -> None:
    """Upgrade again: the catalogue, the revision and the rows are what they were."""
    _probe.begin(proof)
    admin = proof.ground.admin
    fingerprint(proof, admin, _PROBE, name="the catalogue after the upgrade")
    proof.ask(admin, _PROBE, _REVISION, name="the revision after the upgrade")
    _read_rows(proof, _PROBE, "after the upgrade")
    upgrade(proof, _PROBE)
    fingerprint(proof, admin, _PROBE, expect=same_as("the catalogue after the upgrade"))
    proof.ask(admin, _PROBE, _REVISION, expect=same_as("the revision after the upgrade"))
    _read_same_rows(proof, _PROBE, "after the upgrade")


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
    # What a sequence has counted is not undone with the transaction, so it shows how far the back-fill came. One that
    # touches no row at all is refused as well.
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
        expect=done(
            *("SET", "CREATE SEQUENCE", "CREATE FUNCTION"), *("CREATE TRIGGER", "CREATE TRIGGER")
        ),
    )
    fingerprint(proof, admin, _HALF_WAY, name="the catalogue before the back-fill")
    _read_rows(proof, _HALF_WAY, "before the back-fill")
    upgrade(proof, _HALF_WAY, expect=(contains("the back-fill is refused half-way"), fails()))
    proof.ask(
        admin,
        _HALF_WAY,
        "SELECT last_value AS rows_reached FROM public.back_filled",
        expect=(rows(exactly=1), every("rows_reached", at_least=2, at_most=6)),
    )
    proof.ask(
        admin,
        _HALF_WAY,
        _FLAGS,
        expect=shows(
            ("tenant_table", "relrowsecurity", "relforcerowsecurity"),
            ("attribution_events", "t", "t"),
            ("tenants", "t", "t"),
        ),
    )
    proof.ask(admin, _HALF_WAY, _REVISION, expect=one_row(version_num=EARLIEST))
    fingerprint(proof, admin, _HALF_WAY, expect=same_as("the catalogue before the back-fill"))
    _read_same_rows(proof, _HALF_WAY, "before the back-fill")
    _see_only_own_rows(proof)
    proof.ask(
        admin,
        _HALF_WAY,
        "DROP FUNCTION public.fail_half_way() CASCADE",
        expect=done("DROP FUNCTION"),
    )
    upgrade(proof, _HALF_WAY)


def _see_only_own_rows(proof: Proof) -> None:
    """Let the runtime role read and write without a tenant, and as one tenant the other's rows."""
    proof.ask(APP_USER, _HALF_WAY, _COUNT, expect=one_row(count=0))
    with proof.session(APP_USER, _HALF_WAY, tenant=TENANT_A) as session:
        session.ask(
            "SELECT tenant_id, count(*) FROM attribution_events GROUP BY tenant_id",
            expect=one_row(tenant_id=TENANT_A, count=3),
        )
        session.ask(
            """INSERT INTO attribution_events (id, tenant_id, occurred_at)
               VALUES (gen_random_uuid(), '0b0b0b0b-0000-4000-8000-000000000002', now())""",
            expect=refused(
                "42501", 'new row violates row-level security policy for table "<word>"'
            ),
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
