"""Fits: what channels earn by what journeys show, as versions of a tenant."""

from skeldir.migrations.guard import refuse_downgrade_with_rows, run_statements

revision = "202612068000"
down_revision = "202612067000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new table; no existing row is touched."""
    run_statements("202612068000_model_fits.sql")


def downgrade() -> None:
    """A fit could be made again, but not under its number and moment."""
    refuse_downgrade_with_rows(revision, ("model_fits",))
    run_statements("202612068000_back.sql")
