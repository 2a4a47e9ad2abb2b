"""`skeldir tenants delete` as operators run it: a preview, a confirmation, and a receipt."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import time
from collections.abc import Callable
from uuid import uuid4

import psycopg
import pytest
from typer.testing import CliRunner

from skeldir.cli import app
from tests.conftest import Clone
from tests.support.command import SKELDIR, environment, run_here

pytestmark = pytest.mark.slow


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run a command in this process; return its output, errors included."""
    runner = CliRunner()

    def invoke(url: str, *words: str) -> str:
        monkeypatch.setenv("DATABASE_URL", url)
        result = runner.invoke(app, words)
        return result.output + str(result.exception or "")

    return invoke


def test_a_tenant_is_shown_then_deleted_and_the_receipt_stays(
    clone: Clone, call: Callable[..., str]
) -> None:
    operator = clone.migrator_url
    tenant, other = (
        call(operator, "tenants", "create", name).strip() for name in ("My shop", "Another")
    )
    call(operator, "keys", "create", tenant, "--scope", "read")
    shown = call(operator, "tenants", "delete", "My shop")
    assert "Nothing was changed" in shown
    assert re.search(r"api_keys +│ +1 │ deleted", shown)
    assert re.search(r"revenue_ledger +│ +0 │ your choice", shown)
    delete = ("tenants", "delete", tenant, "--yes")
    assert "whether to keep the ledger" in call(operator, *delete, "--confirm", tenant)
    assert "was not typed a second time" in call(operator, *delete, "--no-keep-ledger")
    for wrong in ("Another", other, "my shop"):
        printed = call(operator, *delete, "--no-keep-ledger", "--confirm", wrong)
        assert f"{wrong!r} is neither the tenant's id nor its name; nothing was changed." in printed
    assert "operator_needed" in call(clone.app_url, *delete, "--no-keep-ledger")
    assert "My shop" in call(operator, "tenants", "list")
    printed = call(operator, *delete, "--no-keep-ledger", "--confirm", "My shop")
    assert re.search(r"\b1  api_keys", printed)
    assert "ledger deleted" in printed
    assert "My shop" not in call(operator, "tenants", "list")
    assert printed.endswith(call(operator, *delete, "--no-keep-ledger")), (
        "it reports again what was done"
    )
    (receipt,) = json.loads(call(operator, "tenants", "deletions", "--json"))
    assert (receipt["tenant_id"], receipt["requested_by"]) == (tenant, "migrator")
    assert receipt["is_intact"]
    for moment in ("requested_at", "began_at", "ended_at"):
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", receipt[moment])
    assert f"sha256 {receipt['digest']}" in printed
    assert "operator_needed" in call(clone.app_url, "tenants", "deletions")
    assert "tenant_unknown" in call(operator, "tenants", "delete", str(uuid4()))


def test_on_a_terminal_the_name_must_be_typed(
    clone: Clone, call: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = call(clone.migrator_url, "tenants", "create", "My shop").strip()
    words = ["tenants", "delete", tenant, "--yes", "--keep-ledger"]
    monkeypatch.setattr("skeldir.cli.deletion.is_terminal", lambda: True)
    monkeypatch.setenv("DATABASE_URL", clone.migrator_url)
    refused = str(CliRunner().invoke(app, words, input="my shop\n").exception)
    assert "'my shop' is neither the tenant's id nor its name" in refused
    assert "ledger kept" in CliRunner().invoke(app, words, input="My shop\n").output


def test_the_command_that_the_preview_prints_is_complete_and_deletes_the_tenant(
    clone: Clone, call: Callable[..., str]
) -> None:
    operator = clone.migrator_url
    tenant = call(operator, "tenants", "create", "My shop").strip()
    kept, gone = (
        f"skeldir tenants delete {tenant} --yes {ledger} --confirm {tenant}"
        for ledger in ("--keep-ledger", "--no-keep-ledger")
    )
    for words, lines in (((), [kept, gone]), (["--keep-ledger"], [kept])):
        shown = call(operator, "tenants", "delete", "My shop", *words)
        assert [line for line in shown.splitlines() if line.startswith("skeldir ")] == lines
    shown = call(operator, "tenants", "delete", tenant, "--no-keep-ledger")
    assert shown.splitlines()[-1] == gone
    assert "ledger deleted" in call(operator, *shlex.split(gone)[1:])


def test_the_id_confirms_in_any_spelling_and_the_name_with_any_white_space(
    clone: Clone, call: Callable[..., str]
) -> None:
    operator = clone.migrator_url
    for write in (str.upper, lambda _: " My  shop "):
        tenant = call(operator, "tenants", "create", "My shop").strip()
        words = ("tenants", "delete", tenant, "--yes", "--no-keep-ledger", "--confirm")
        assert "ledger deleted" in call(operator, *words, write(tenant))


def test_a_name_that_is_another_tenants_id_or_key_confirms_nothing(
    clone: Clone, call: Callable[..., str]
) -> None:
    operator = clone.migrator_url
    other = call(operator, "tenants", "create", "Another").strip()
    key = call(operator, "keys", "create", other, "--scope", "read").splitlines()[-1]
    for name in (other, other.upper(), key[:12]):
        # Such names used to be possible.
        tenant = str(uuid4())
        with psycopg.connect(clone.superuser_url) as admin:
            admin.execute("INSERT INTO tenants (id, name) VALUES (%s, %s)", (tenant, name))
        words = ("tenants", "delete", tenant, "--yes", "--no-keep-ledger", "--confirm")
        assert "nothing was changed" in call(operator, *words, name)
        assert key[:13] not in call(operator, *words, key)
        assert "ledger deleted" in call(operator, *words, tenant)
    assert "Another" in call(operator, "tenants", "list")


@pytest.mark.slow
def test_a_deletion_that_stopped_is_reported_and_the_same_command_continues_it(
    clone: Clone,
) -> None:
    tenant = run_here(clone.app_url, "tenants", "create", "My shop").strip()
    words = ("tenants", "delete", tenant, "--yes", "--keep-ledger", "--confirm", tenant)
    with (
        psycopg.connect(clone.app_url) as holder,
        psycopg.connect(clone.superuser_url, autocommit=True) as admin,
    ):
        # A transaction of the tenant is open, so the deletion waits; then its job dies.
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
        _, printed = command.communicate(timeout=60)
    assert command.returncode == 1
    assert "deletion_unfinished" in printed
    assert "journey keys" not in printed
    shown = run_here(clone.migrator_url, "tenants", "delete", tenant)
    assert [line for line in shown.splitlines() if line.startswith("skeldir ")] == [
        f"skeldir {' '.join(words)}"
    ]
    assert "ledger kept" in run_here(clone.migrator_url, *words)
