"""After a deletion the planner's statistics are renewed on the shards of a Citus database, too."""

from skeldir.migrations.guard import run_statements

revision = "202612011300"
down_revision = "202612011200"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_statements("202612011300_statistics_of_shards.sql")


def downgrade() -> None:
    run_statements("202612011300_back.sql")
