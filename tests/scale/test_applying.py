"""`skeldir scale apply` distributes what is local, refuses while programs run, and changes nothing the second time."""

from __future__ import annotations

import json

import psycopg
import pytest

from skeldir.scale import (
    CitusMissing,
    ProgramsRunning,
    ScaleRefused,
    SuperuserNeeded,
    apply_scale,
)
from tests.conftest import Clone
from tests.support.command import run_here
from tests.support.scaled import faults_of, make_local, on_nodes


@pytest.mark.one_server("the database has Citus")
def test_without_citus_it_is_refused_with_the_cure(clone: Clone) -> None:
    with pytest.raises(CitusMissing) as refused:
        apply_scale(clone.superuser_url)
    assert "one server" in refused.value.cure
    assert "citus_missing" in run_here(clone.superuser_url, "scale", "apply", status=1)


@pytest.mark.citus
def test_a_repetition_changes_nothing(clone: Clone) -> None:
    assert "Nothing had to be changed." in run_here(clone.superuser_url, "scale", "apply")
    done = json.loads(run_here(clone.superuser_url, "scale", "apply", "--json"))
    assert (done["distributed"], done["changed"], done["truncated"]) == ({}, [], [])
    assert done["report"]["holds"]


@pytest.mark.citus
def test_a_table_that_is_local_is_distributed(clone: Clone) -> None:
    with psycopg.connect(clone.superuser_url) as admin:
        make_local(admin)
    page = run_here(clone.superuser_url, "scale", "apply")
    assert "DISTRIBUTED  spend: 0 rows before and after" in page
    assert faults_of(clone) == {}


@pytest.mark.citus
def test_app_user_may_make_temporary_tables_on_no_node(clone: Clone) -> None:
    with on_nodes(clone) as nodes:
        for node in nodes:
            node.execute(f"GRANT TEMPORARY ON DATABASE {clone.name} TO PUBLIC".encode())
    faults = faults_of(clone)["roles"]
    assert faults
    assert all("app_user may make temporary tables" in fault for fault in faults)
    assert "only matview_owner may make temporary tables" in (
        apply_scale(clone.superuser_url).changed
    )
    assert faults_of(clone) == {}


@pytest.mark.citus
def test_it_is_refused_while_a_program_is_connected(clone: Clone) -> None:
    with (
        psycopg.connect(clone.app_url),
        pytest.raises(ProgramsRunning, match="1 sessions of app_user"),
    ):
        apply_scale(clone.superuser_url)
    assert not apply_scale(clone.superuser_url).distributed


@pytest.mark.citus
def test_it_is_refused_while_heartbeats_are_fresh(clone: Clone) -> None:
    with psycopg.connect(clone.superuser_url) as admin:
        make_local(admin)
        admin.execute(
            """INSERT INTO public.heartbeats (process_id, role, started_at, seen_at)
               VALUES (gen_random_uuid(), 'worker', now(), now())"""
        )
    with pytest.raises(ProgramsRunning, match="1 processes sent a heartbeat"):
        apply_scale(clone.superuser_url)
    assert set(faults_of(clone)) == {"tables"}


@pytest.mark.citus
def test_a_role_that_is_no_superuser_is_refused(clone: Clone) -> None:
    with pytest.raises(SuperuserNeeded):
        apply_scale(clone.migrator_url)


@pytest.mark.citus
def test_a_key_between_a_local_and_a_distributed_table_is_refused_by_name(clone: Clone) -> None:
    with psycopg.connect(clone.superuser_url) as admin:
        make_local(admin)
        admin.execute("CREATE TABLE public.refers (tenant_id uuid, id uuid)")
        admin.execute(
            """ALTER TABLE public.jobs ADD CONSTRAINT jobs_of_spend
               FOREIGN KEY (tenant_id, id) REFERENCES public.spend (tenant_id, id)"""
        )
    with pytest.raises(ScaleRefused, match="jobs_of_spend of jobs"):
        apply_scale(clone.superuser_url)
    assert set(faults_of(clone)) == {"tables"}


@pytest.mark.citus
def test_a_node_that_does_not_answer_stops_it_before_anything_is_changed(clone: Clone) -> None:
    with psycopg.connect(clone.superuser_url) as admin:
        make_local(admin)
        admin.execute("SELECT citus_add_inactive_node('127.0.0.1', 1)")
    with pytest.raises(ScaleRefused, match=r"127\.0\.0\.1:1 does not answer"):
        apply_scale(clone.superuser_url)
    assert set(faults_of(clone)) == {"nodes", "tables"}
