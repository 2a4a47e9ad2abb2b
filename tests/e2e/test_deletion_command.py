"""`skeldir tenants delete` as operators run it: a look first, a second word on it, and a receipt."""

from __future__ import annotations

import json
import re
import subprocess
import time

import psycopg

from tests.conftest import Clone
from tests.e2e.test_cli import SKELDIR, environment, run


def test_a_tenant_is_shown_then_deleted_and_the_receipt_stays(clone: Clone) -> None:
    operator = clone.migrator_url
    tenant = run(clone.app_url, "tenants", "create", "My shop").strip()
    other = run(clone.app_url, "tenants", "create", "Another").strip()
    run(clone.app_url, "keys", "create", tenant, "--scope", "read")
    shown = run(operator, "tenants", "delete", "My shop")
    assert "Nothing was changed" in shown
    assert re.search(r"api_keys +│ +1 │ goes", shown)
    assert re.search(r"revenue_ledger +│ +0 │ say which", shown)
    delete = ("tenants", "delete", tenant, "--yes")
    assert "What becomes of the ledger" in run(operator, *delete, "--confirm", tenant, status=1)
    for confirm in ((), ("--confirm", "Another"), ("--confirm", other)):
        told = run(operator, *delete, "--no-keep-ledger", *confirm, status=1)
        assert "not typed a second time" in told
    assert "operator_needed" in run(clone.app_url, *delete, status=1)
    assert "My shop" in run(operator, "tenants", "list")
    told = run(operator, *delete, "--no-keep-ledger", "--confirm", "My shop")
    assert re.search(r"\b1  api_keys", told)
    assert "ledger deleted" in told
    assert "sha256" in told
    assert "My shop" not in run(operator, "tenants", "list")
    assert run(operator, *delete, "--no-keep-ledger") == told, "a second time it says what was done"
    (receipt,) = json.loads(run(operator, "tenants", "deletions", "--json"))
    assert (receipt["tenant_id"], receipt["requested_by"]) == (tenant, "migrator")
    assert receipt["is_intact"]
    assert receipt["digest"] in told
    assert "operator_needed" in run(clone.app_url, "tenants", "deletions", status=1)
    assert "tenant_unknown" in run(
        operator, "tenants", "delete", "01a21836-6f3a-77d7-8b5b-394120359d38", status=1
    )


def test_a_deletion_that_stopped_is_told_and_the_same_command_goes_on(clone: Clone) -> None:
    tenant = run(clone.app_url, "tenants", "create", "My shop").strip()
    words = ("tenants", "delete", tenant, "--yes", "--keep-ledger", "--confirm", tenant)
    with (
        psycopg.connect(clone.app_url) as holder,
        psycopg.connect(clone.superuser_url, autocommit=True) as admin,
    ):
        # Somebody works for the tenant, so the deletion waits; then its job dies.
        holder.execute("SELECT set_tenant(%s)", (tenant,))
        command = subprocess.Popen(
            [*SKELDIR, *words],
            env=environment(clone.migrator_url),
            stderr=subprocess.PIPE,
            text=True,
        )
        while command.poll() is None:
            admin.execute(
                """UPDATE jobs SET state = 'dead', finished_at = now(), token = NULL, lease_until = NULL
                   WHERE kind = 'tenants.delete' AND state <> 'dead'"""
            )
            time.sleep(0.01)
        _, told = command.communicate(timeout=60)
    assert command.returncode == 1
    assert "deletion_unfinished" in told
    assert "journey keys" not in told
    assert "ledger kept" in run(clone.migrator_url, *words)
