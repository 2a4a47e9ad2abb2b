"""Who changed which model of a tenant, and when."""

from skeldir.migrations.guard import refuse_downgrade_with_rows, run_statements

revision = "202611281000"
down_revision = "202611280900"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; of the changes before nothing is known."""
    run_statements("202611281000_model_changes.sql")


def downgrade() -> None:
    """Who changed a model, and when, is written nowhere else."""
    refuse_downgrade_with_rows(revision, ("model_changes",))
    run_statements("202611281000_back.sql")
