"""A worker finds its next job and claims it by one statement."""

from skeldir.migrations.guard import run_statements

revision = "202611281700"
down_revision = "202611281600"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No row is changed; the index of the jobs that are open is built again."""
    run_statements("202611281700_claim_next_job.sql")


def downgrade() -> None:
    run_statements("202611281700_back.sql")
