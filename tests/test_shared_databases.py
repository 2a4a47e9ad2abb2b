"""Tests that share a database: each sees only its own tenants, and none is more than the runtime role."""

from __future__ import annotations

import pytest

from skeldir.db.pool import Database
from tests.conftest import Clone, SharedClone
from tests.support.make import make_tenant

pytestmark = pytest.mark.shares_clone


@pytest.mark.parametrize("turn", ["first", "second"])
async def test_what_another_test_left_is_not_seen(db: Database, turn: str) -> None:
    tenant = await make_tenant(db, "A")
    async with db.tenant(tenant) as connection:
        assert await connection.fetchval("SELECT array_agg(id) FROM tenants") == [tenant]


def test_nobody_else_than_the_runtime_role_reads_a_shared_database(clone: Clone) -> None:
    assert isinstance(clone, SharedClone)
    assert "app_user" in clone.app_url
    for role in ("migrator_url", "superuser_url"):
        with pytest.raises(AssertionError, match="own_clone"):
            getattr(clone, role)


@pytest.mark.own_clone
def test_a_test_has_its_own_database_if_it_says_so(clone: Clone) -> None:
    assert not isinstance(clone, SharedClone)
    assert "postgres" in clone.superuser_url
