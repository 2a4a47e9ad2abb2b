"""Each command of the run-book works as each of the roles that may run it, and as no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from skeldir.db.embedded import EmbeddedServer
from tests.conftest import TEMPLATE, Clone, scratch_database
from tests.ops.test_runbook import TEXT, sections
from tests.support.command import run_here

# They run until they are stopped; other tests start them.
LONG = {"up", "serve", "worker", "beat"}
# They are about the embedded server; test_backup.py runs them.
EMBEDDED = {"backup", "restore"}
# It takes a server of its own, which one worker starts once.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("runbook_roles")]


def commands() -> list[str]:
    """Return the text after `skeldir` in every block of the run-book, without comments."""
    blocks = re.findall(r"^```\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    lines = re.findall(r"^skeldir (.+?)(?:\s+#.*)?$", "".join(blocks), re.MULTILINE)
    return [line for line in lines if line.split()[0] not in LONG | EMBEDDED]


def for_operators() -> list[str]:
    """Return the commands that the table of roles leaves to the role that migrates."""
    row = re.search(
        r"^\| the role that migrates \|.*? may run (.*?), look a tenant up", TEXT, re.MULTILINE
    )
    assert row is not None
    return re.findall(r"`skeldir ([a-z ]+)`", row[1])


def words_of(line: str, tenant: str, key: str) -> list[str]:
    """Return a command's words, filled in for a tenant and a key, without open placeholders."""
    line = re.sub(r" ?\[[^\]]*\]", "", line).replace('"My shop"', f"Another-{uuid4()}")
    meant = {"TENANT": tenant, "ID": tenant, "KEY": key}
    words = [meant.get(word, word) for word in line.split()]
    asks = words[:2] in (["models", "set"], ["models", "retire"]) or (
        words[:2] == ["tenants", "time-zone"] and len(words) > 3 and "--preview" not in words
    )
    return [*words, "--yes"] if asks else words


@pytest.fixture(scope="module")
def shared(server: EmbeddedServer) -> Iterator[Clone]:
    """One database for all commands: each of them has a tenant of its own."""
    with scratch_database(server, template=TEMPLATE) as database:
        yield database


def new_tenant(clone: Clone, name: str) -> tuple[str, str]:
    """Create a tenant with a key; return its id and the prefix of the key."""
    tenant = run_here(clone.app_url, "tenants", "create", name).strip()
    shown = run_here(clone.app_url, "keys", "create", tenant, "--scope", "read")
    found = re.search(r"^skd_\S{8}", shown, re.MULTILINE)
    assert found is not None
    return tenant, found[0]


def test_the_run_book_has_many_commands_and_names_those_that_are_for_operators() -> None:
    assert len(commands()) >= 18
    assert for_operators() == [
        "migrate", "jobs", "tenants list", "tenants delete", "tenants deletions", "scale plan",
    ]  # fmt: skip
    assert "who-runs-what" in sections()


@pytest.mark.parametrize("line", [line for line in commands() if "jobs retry ID" not in line])
def test_a_command_runs_as_the_role_that_migrates_and_as_app_user_where_it_may(
    shared: Clone, line: str, tmp_path: Path
) -> None:
    is_for_operators = any(line.startswith(one) for one in for_operators())
    for url, status in ((shared.app_url, 1 if is_for_operators else 0), (shared.migrator_url, 0)):
        tenant, key = new_tenant(
            shared, f"{line[:40]} as {'app_user' if url == shared.app_url else 'migrator'}"
        )
        if line.startswith("privacy erase"):
            file = tmp_path / f"{tenant}.csv"
            file.write_text(
                f"order_id,amount,currency,occurred_at\n{tenant},1.00,EUR,2026-11-02T10:00:00Z\n"
            )
            run_here(
                url,
                "import",
                "conversions",
                str(file),
                "--tenant",
                tenant,
                "--amount-unit",
                "major",
            )
        shown = run_here(url, *words_of(line, tenant, key), status=status)
        assert ("operator_needed" in shown) is bool(status), shown


def test_a_superuser_is_refused_and_the_message_names_the_role(shared: Clone) -> None:
    for words in (["refresh"], ["credit"], ["matviews"], ["jobs", "retry", "--all"]):
        shown = run_here(shared.superuser_url, *words, status=1)
        assert "runtime_role_unsafe" in shown
        assert "app_user" in shown
    for words in (["tenants", "list"], ["tenants", "deletions"], ["jobs"], ["migrate"]):
        run_here(shared.superuser_url, *words)


def test_a_superuser_that_deletes_a_tenant_by_its_name_is_refused_before_anything_is_requested(
    shared: Clone,
) -> None:
    name = "Shop of a superuser's mistake"
    tenant, _ = new_tenant(shared, name)
    for words in ((), ("--yes", "--no-keep-ledger", "--confirm", name)):
        shown = run_here(shared.superuser_url, "tenants", "delete", name, *words, status=1)
        assert "runtime_role_unsafe" in shown
    assert tenant not in run_here(shared.migrator_url, "tenants", "deletions")
