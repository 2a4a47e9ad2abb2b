"""The security model matches PostgreSQL: who can lock what, and what a role made by its recipe can see."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from skeldir.db.pool import Database
from tests.conftest import Clone

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "security-model.md").read_text("utf-8")


def test_the_tables_that_app_user_can_lock_against_everybody_are_documented(
    clone: Clone,
) -> None:
    listed = re.search(r"all who use these tables:(.*?)\. The other", TEXT, re.DOTALL)
    assert listed is not None
    with psycopg.connect(clone.superuser_url) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'celery')"
        ).fetchall()
    lockable = set()
    with psycopg.connect(clone.app_url) as connection:
        for schema, table in tables:
            name = sql.Identifier(schema, table)
            if is_allowed(
                connection, sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE NOWAIT").format(name)
            ):
                lockable.add(table)
            else:
                share = sql.SQL("LOCK TABLE {} IN SHARE UPDATE EXCLUSIVE MODE NOWAIT")
                assert not is_allowed(connection, share.format(name)), table
    assert lockable == set(re.findall(r"`(\w+)`", listed.group(1)))


def is_allowed(connection: psycopg.Connection[tuple[object, ...]], statement: sql.Composed) -> bool:
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


@pytest.mark.one_server("Citus lets only a superuser make roles on its nodes")
async def test_a_login_made_by_the_recipe_sees_one_tenant_whatever_it_sets(
    db: Database, clone: Clone, tenant: UUID, other_tenant: UUID
) -> None:
    for number, whose in enumerate((tenant, other_tenant), 1):
        async with db.tenant(whose) as connection:
            await connection.execute(
                "INSERT INTO rollup_revenue_day VALUES ($1, '2026-03-01', 'USD', 'captured', $2, 1, 1, now())",
                whose,
                number,
            )
    recipe = re.search(r"```sql\n(.*?)```", TEXT, re.DOTALL)
    assert recipe is not None
    role = f"bi_{uuid4().hex}"
    text = recipe.group(1).replace("bi_shop", role).replace("TENANT", str(tenant))
    with psycopg.connect(clone.migrator_url, autocommit=True) as migrator:
        migrator.execute(text.encode())
        try:
            with psycopg.connect(clone.server.url(user=role, database=clone.name)) as tool:
                for setting in ("", str(tenant), str(other_tenant)):
                    tool.execute(
                        "SELECT set_config('app.current_tenant_id', %s, false)", (setting,)
                    )
                    rows = tool.execute(f"SELECT amount_cents FROM {role}.revenue_day".encode())
                    assert rows.fetchall() == [(1,)], setting
                    assert (
                        tool.execute(f"SELECT * FROM {role}.channel_day".encode()).fetchall() == []
                    )
                tool.commit()
                for relation in (
                    "rollup_revenue_day",
                    "revenue_ledger",
                    "api_keys",
                    "realtime_revenue",
                ):
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        tool.execute(f"SELECT * FROM public.{relation}".encode())
                    tool.rollback()
        finally:
            migrator.execute(f"DROP SCHEMA {role} CASCADE; DROP ROLE {role}".encode())


def anchors_of(text: str) -> set[str]:
    return {
        re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")
        for heading in re.findall(r"^#{2,3} (.+)$", text, re.MULTILINE)
    }


def test_every_link_has_a_target() -> None:
    runbook = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text("utf-8")
    links = re.findall(r"\]\(([^)]+)\)", TEXT)
    assert len(links) >= 3
    for link in links:
        path, _, anchor = link.partition("#")
        assert path in ("", "operations.md"), link
        known = anchors_of(runbook if path else TEXT)
        assert anchor in known, link
