"""Jobs, heartbeats, retention, the scan's findings, and Celery's own tables in a schema of theirs."""

from skeldir.migrations.guard import (
    MigrationRefused,
    driver_connection,
    refuse_downgrade_with_rows,
    run_sql,
)

revision = "202611231200"
down_revision = "202611230900"
branch_labels = None
depends_on = None

_TABLES = ("jobs", "heartbeats", "retention", "personal_data_findings")


def upgrade() -> None:
    _make_celery_schema()
    run_sql("202611231200_jobs_and_retention.sql")
    run_sql("202611231200_celery.sql")


def _make_celery_schema() -> None:
    """Make the schema for Celery's tables, unless the database's owner has made it already.

    Raises:
        MigrationRefused: the migrating role may not create a schema, or there is one of somebody else.
    """
    connection = driver_connection()
    row = connection.execute(
        """SELECT (SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'celery'),
                  has_database_privilege(current_database(), 'CREATE')"""
    ).fetchone()
    owner, may_create = row or (None, False)
    if owner not in (None, "skeldir_owner") or (owner is None and not may_create):
        raise MigrationRefused(
            f"Schema celery belongs to {owner}."
            if owner
            else "The migrating role may not create the schema celery.",
            cure="Have the owner of the database run: CREATE SCHEMA celery AUTHORIZATION skeldir_owner.",
        )
    if owner is None:
        connection.execute("CREATE SCHEMA celery AUTHORIZATION skeldir_owner")


def downgrade() -> None:
    """Refused while there are rows: a retention cannot be recomputed, and a waiting job is work that would be lost."""
    refuse_downgrade_with_rows(revision, ("jobs", "retention"))
    driver_connection().execute(
        f"""
        SET ROLE skeldir_owner;
        DROP FUNCTION public.claimable_jobs(text[], integer), public.job_counts(), public.credit_backlog(),
            public.rollup_backlog(),
            public.tenants_without_job(text, timestamptz), public.forget_touches(integer);
        DROP TABLE {", ".join(f"public.{table}" for table in _TABLES)};
        DROP INDEX public.attribution_events_moment;
        ALTER TABLE public.dirty_orders DROP COLUMN marked_at;
        ALTER TABLE public.dirty_days DROP COLUMN marked_at;
        ALTER TABLE public.dirty_orders RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
        ALTER TABLE public.dirty_days RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
        REVOKE DELETE ON public.matview_refreshes FROM app_user;
        DROP SCHEMA celery CASCADE;
        RESET ROLE;
        """.encode()
    )
