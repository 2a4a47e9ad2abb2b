"""`skeldir scale check` sees what is not as it should be, and nothing else; on one server it says so."""

from __future__ import annotations

import json

import psycopg
import pytest
from psycopg import sql

from skeldir.scale import SuperuserNeeded, check_scale
from skeldir.scale.checking import RUNTIME_SETTINGS, role_faults, setting_faults
from skeldir.scale.cluster import Node, RoleOnNode
from tests.conftest import Clone
from tests.support.command import run_here
from tests.support.scaled import faults_of, make_local, on_nodes, shards_of

HERE = Node(1, "here:5432", True, False, 100, None)
THERE = Node(2, "there:5432", False, True, 100, None)
SILENT = Node(3, "silent:5432", False, True, None, "Connection refused")


def good_roles() -> list[RoleOnNode]:
    return [
        RoleOnNode("app_user", True, True, False, False, RUNTIME_SETTINGS),
        RoleOnNode("skeldir_owner", True, False, False, False, ()),
        RoleOnNode("matview_owner", True, False, False, True, ()),
    ]


@pytest.mark.one_server("the database has Citus")
def test_one_server_without_citus_has_nothing_to_check(clone: Clone) -> None:
    report = check_scale(clone.app_url)
    assert (report.citus_version, report.nodes, report.findings) == (None, (), ())
    assert "One server" in run_here(clone.app_url, "scale", "check")
    assert json.loads(run_here(clone.app_url, "scale", "check", "--json")) == {
        "citus_version": None,
        "holds": True,
        "nodes": [],
        "checks": [],
    }


@pytest.mark.citus
def test_a_distributed_database_is_as_expected(clone: Clone) -> None:
    report = check_scale(clone.superuser_url)
    assert faults_of(clone) == {}
    assert len(report.nodes) == len(clone.server.nodes)
    assert {one.check for one in report.findings} == {
        *("nodes", "transactions", "tables", "roles", "settings", "shards", "isolation", "copies"),
    }
    found = json.loads(run_here(clone.superuser_url, "scale", "check", "--json"))
    assert found["holds"]
    assert [one["holds"] for one in found["checks"]] == [True] * 8


@pytest.mark.citus
def test_a_role_that_is_no_superuser_is_refused(clone: Clone) -> None:
    with pytest.raises(SuperuserNeeded):
        check_scale(clone.app_url)


@pytest.mark.citus
def test_a_table_that_is_local_is_seen_and_the_command_fails(clone: Clone) -> None:
    with psycopg.connect(clone.superuser_url) as admin:
        make_local(admin)
    assert faults_of(clone) == {"tables": ("spend is local",)}
    page = run_here(clone.superuser_url, "scale", "check", status=1)
    assert "DIFFERS" in page
    assert "spend is local." in page
    assert "skeldir scale apply" in page


@pytest.mark.citus
def test_a_table_in_no_list_and_a_local_one_that_is_distributed_are_seen(clone: Clone) -> None:
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute("CREATE TABLE public.unheard_of (tenant_id uuid)")
        admin.execute("SELECT create_distributed_table('public.pulses', 'name')")
    tables = faults_of(clone)["tables"]
    assert any(fault.startswith("pulses is distributed") for fault in tables)
    assert "unheard_of is in no list" in tables


@pytest.mark.citus
@pytest.mark.parametrize(
    ("change", "check"),
    [
        ("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY", "shards"),
        ("ALTER TABLE {} DISABLE ROW LEVEL SECURITY", "shards"),
        ("GRANT DELETE ON {} TO app_user", "shards"),
        ("GRANT UPDATE (amount_cents) ON {} TO app_user", "shards"),
        ("DROP POLICY tenant_isolation ON {}", "shards"),
        ("CREATE POLICY open ON {} FOR SELECT USING (true)", "shards"),
        ("ALTER TABLE {} OWNER TO postgres", "shards"),
        ("ALTER TABLE {} DROP COLUMN amount_cents", "shards"),
        ("ALTER TABLE {} ADD COLUMN more text", "shards"),
    ],
)
def test_a_shard_that_is_protected_otherwise_is_seen(clone: Clone, change: str, check: str) -> None:
    with on_nodes(clone) as nodes:
        shard = shards_of(nodes[0], "spend")[0]
        nodes[0].execute("SELECT set_config('citus.enable_manual_changes_to_shards', 'on', false)")
        nodes[0].execute(sql.SQL(change).format(sql.Identifier(shard)))
    faults = faults_of(clone)
    assert set(faults) == {check}
    assert [shard in fault for fault in faults[check]] == [True]


@pytest.mark.citus
def test_a_row_that_app_user_sees_without_a_tenant_is_seen(clone: Clone) -> None:
    tenant = "0199fe3b-8a62-7cc1-b9d6-2f2c3f1f7a11"
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute("INSERT INTO public.tenants (id, name) VALUES (%s, 'A')", (tenant,))
    with on_nodes(clone) as nodes:
        for node in nodes:
            node.execute("SELECT set_config('citus.enable_manual_changes_to_shards', 'on', false)")
            for shard in shards_of(node, "tenants"):
                node.execute(
                    sql.SQL("CREATE POLICY open ON {} FOR SELECT USING (true)").format(
                        sql.Identifier(shard)
                    )
                )
    faults = faults_of(clone)
    assert set(faults) == {"shards", "isolation"}
    (fault,) = faults["isolation"]
    assert fault.startswith("app_user sees 1 rows of shard")


@pytest.mark.citus
def test_a_node_that_does_not_answer_is_named(clone: Clone) -> None:
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute("SELECT citus_add_inactive_node('127.0.0.1', 1)")
    (fault,) = faults_of(clone)["nodes"]
    assert "127.0.0.1:1 does not answer" in fault


def test_each_fault_of_a_role_is_named_with_its_node() -> None:
    assert role_faults([HERE, THERE, SILENT], {1: good_roles(), 2: good_roles()}) == []
    roles = [
        RoleOnNode("app_user", True, True, True, True, RUNTIME_SETTINGS),
        RoleOnNode("skeldir_owner", False, True, False, False, ()),
    ]
    assert role_faults([HERE, THERE], {1: good_roles(), 2: roles}) == [
        "app_user may make temporary tables on node there:5432",
        "app_user bypasses row-level security on node there:5432",
        "skeldir_owner may not log in on node there:5432",
        "skeldir_owner has a password on node there:5432",
        "matview_owner does not exist on node there:5432",
    ]


def test_each_missing_setting_is_named_with_its_node() -> None:
    assert setting_faults([HERE, THERE, SILENT], {1: good_roles(), 2: good_roles()}) == []
    bare = [RoleOnNode("app_user", True, True, False, False, RUNTIME_SETTINGS[:1])]
    assert setting_faults([HERE, THERE], {1: bare, 2: good_roles()}) == [
        "citus.propagate_set_commands=local is not set on the coordinator here:5432"
    ]
