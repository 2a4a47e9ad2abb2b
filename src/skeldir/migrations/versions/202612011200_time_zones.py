"""A tenant's days are those of its reporting time zone."""

from skeldir.migrations.guard import refuse_downgrade_with_rows, run_statements

revision = "202612011200"
down_revision = "202612011100"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table of its own, and no row of any other: existing tenants keep the days of UTC."""
    run_statements("202612011200_time_zones.sql")


def downgrade() -> None:
    """Without its zone, the sums of a tenant would be taken for sums of UTC days."""
    refuse_downgrade_with_rows(revision, ("time_zones",))
    run_statements("202612011200_back.sql")
