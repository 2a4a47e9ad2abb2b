"""Revisions of a distributed database: the shards follow, views stay, and a table left local turns the check red."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from alembic import command

from skeldir.migrations.revision import head_revision
from skeldir.migrations.run import alembic_config
from skeldir.scale import DISTRIBUTED, apply_scale, applying, placement
from tests.conftest import Clone
from tests.support.scaled import faults_of, on_nodes, shards_of

pytestmark = pytest.mark.citus

TABLES = '''"""Tables."""
from skeldir.migrations.guard import send

revision, down_revision, branch_labels, depends_on = "299901010000", "{head}", None, None


def upgrade():
    send([
        "SET ROLE skeldir_owner",
        "ALTER TABLE public.spend ADD COLUMN note text NOT NULL DEFAULT 'none'",
        "ALTER TABLE public.spend ADD CONSTRAINT note_is_short CHECK (length(note) < 10)",
        "CREATE INDEX spend_by_note ON public.spend (tenant_id, note)",
        "CREATE TABLE public.hints (tenant_id uuid NOT NULL REFERENCES public.tenants (id), id uuid NOT NULL,"
        " PRIMARY KEY (tenant_id, id))",
        "ALTER TABLE public.hints ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE public.hints FORCE ROW LEVEL SECURITY",
        "CREATE POLICY tenant_isolation ON public.hints USING (tenant_id = public.current_tenant_id())",
        "CREATE FUNCTION public.five() RETURNS integer LANGUAGE sql SET search_path = pg_catalog AS 'SELECT 5'",
        "GRANT SELECT, INSERT ON public.hints TO app_user",
        "RESET ROLE",
    ])
'''
VIEWS = '''"""Views."""
from skeldir.migrations.guard import send

revision, down_revision, branch_labels, depends_on = "299901020000", "299901010000", None, None


def upgrade():
    send([
        "GRANT CREATE ON SCHEMA public TO matview_owner",
        "SET ROLE matview_owner",
        "CREATE OR REPLACE VIEW public.open_periods AS SELECT t.id AS tenant_id, "
        "(SELECT max(r.revenue_date) FROM public.rollup_revenue_day r WHERE r.tenant_id = t.id) - 30 AS open_from "
        "FROM public.tenants t",
        "REFRESH MATERIALIZED VIEW public.mv_channel_performance",
        "RESET ROLE",
        "REVOKE CREATE ON SCHEMA public FROM matview_owner",
    ])
'''
FAILING = '''"""Fails after its change."""
from skeldir.migrations.guard import send

revision, down_revision, branch_labels, depends_on = "299901030000", "{before}", None, None


def upgrade():
    send([
        "SET ROLE skeldir_owner",
        "ALTER TABLE public.spend ADD COLUMN lost text",
        "SELECT 1 / 0",
    ])
'''


def upgrade_with(clone: Clone, folder: Path, *texts: str) -> None:
    """Run further revisions as the role that migrates."""
    for number, text in enumerate(texts):
        (folder / f"{number}.py").write_text(text, encoding="utf-8")
    config = alembic_config(clone.migrator_url)
    packaged = Path(config.get_main_option("script_location") or "") / "versions"
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", f"{packaged}\n{folder}")
    command.upgrade(config, "head")


def columns_on_shards(clone: Clone, table: str) -> list[set[str]]:
    """Return the columns of the table on each shard of each node."""
    found = []
    with on_nodes(clone) as nodes:
        for node in nodes:
            for shard in shards_of(node, table):
                rows = node.execute(
                    "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0",
                    (f"public.{shard}",),
                )
                found.append({str(name) for (name,) in rows})
    return found


def revision_of(clone: Clone) -> str:
    with psycopg.connect(clone.superuser_url) as admin:
        row = admin.execute("SELECT version_num FROM public.alembic_version").fetchone()
    assert row is not None
    return str(row[0])


def test_shards_follow_and_a_table_left_local_is_reported(clone: Clone, tmp_path: Path) -> None:
    upgrade_with(clone, tmp_path, TABLES.format(head=head_revision()), VIEWS)
    assert revision_of(clone) == "299901020000"
    columns = columns_on_shards(clone, "spend")
    assert len(columns) >= 4
    assert all("note" in found for found in columns)
    assert faults_of(clone) == {"tables": ("hints is in no list",)}
    # What the revision made beside tables is of use at once.
    with psycopg.connect(clone.superuser_url) as admin:
        assert admin.execute("SELECT public.five()").fetchone() == (5,)
        assert admin.execute("SELECT count(*) FROM public.open_periods").fetchone() == (0,)


def test_an_applied_list_distributes_the_new_table(
    clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade_with(clone, tmp_path, TABLES.format(head=head_revision()))
    wider = {**DISTRIBUTED, "hints": "tenant_id"}
    monkeypatch.setattr(applying, "DISTRIBUTED", wider)
    monkeypatch.setattr(placement, "DISTRIBUTED", wider)
    assert faults_of(clone) == {"tables": ("hints is local",)}
    assert set(apply_scale(clone.superuser_url).distributed) == {"hints"}
    assert faults_of(clone) == {}


def test_a_revision_that_fails_leaves_no_shard_changed(clone: Clone, tmp_path: Path) -> None:
    before = revision_of(clone)
    with pytest.raises(psycopg.errors.DivisionByZero):
        upgrade_with(clone, tmp_path, FAILING.format(before=before))
    assert revision_of(clone) == before
    assert all("lost" not in found for found in columns_on_shards(clone, "spend"))
    assert faults_of(clone) == {}
