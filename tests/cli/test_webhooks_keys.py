"""`skeldir webhooks rotate-key`: after it, no secret in force needs another key than the first."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from typer.testing import CliRunner

from skeldir.cli import app
from skeldir.inbox.sealing import read_sealer
from tests.conftest import Clone
from tests.support.webhook_commands import (
    Address,
    create,
    make_payment,
    plain,
    refused,
    run,
)


def new_key() -> str:
    return run("webhooks", "new-key").stdout.strip()


@pytest.fixture
def shops(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> dict[UUID, Address]:
    """Two tenants, each with an endpoint whose secret was sealed with the first key that there was."""
    monkeypatch.setenv("DATABASE_URL", clone.migrator_url)
    monkeypatch.setenv("SKELDIR_SEALING_KEYS", new_key())
    tenants = [UUID(run("tenants", "create", f"Shop {uuid4()}").stdout.strip()) for _ in range(2)]
    return {tenant: create(clone, tenant, "standard") for tenant in tenants}


def keys(monkeypatch: pytest.MonkeyPatch, *entries: str) -> None:
    monkeypatch.setenv("SKELDIR_SEALING_KEYS", ",".join(entries))


def test_a_new_key_is_alone_on_stdout_and_never_the_same() -> None:
    first, second = new_key(), new_key()
    assert read_sealer(f"{first},{second}").key_ids == tuple(
        one.partition(":")[0] for one in (first, second)
    )


def test_after_the_rotation_of_all_tenants_the_old_key_may_go(
    shops: dict[UUID, Address], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = new_key(), new_key()
    keys(monkeypatch, old)
    for tenant, address in shops.items():
        run("webhooks", "secret", tenant, address.id, "--new", "--overlap", "0")
    keys(monkeypatch, new, old)
    made = {
        tenant: run("webhooks", "secret", tenant, one.id, "--new").stdout.strip()
        for tenant, one in shops.items()
    }
    # Of each tenant the former secret, which is in force for a day, still needs the old key.
    rotated = run("webhooks", "rotate-key")
    new_id, old_id = (one.partition(":")[0] for one in (new, old))
    assert f"2 secrets were sealed again, with the key {new_id}" in rotated.stdout
    assert f"Remove {old_id} from SKELDIR_SEALING_KEYS" in plain(rotated.stderr)
    assert "0 secrets" in run("webhooks", "rotate-key").stdout
    keys(monkeypatch, new)
    for tenant, address in shops.items():
        assert address.send(make_payment(), secret=made[tenant]) == [200]


def test_the_rotation_of_one_tenant_leaves_the_others_as_they_are(
    shops: dict[UUID, Address], monkeypatch: pytest.MonkeyPatch, clone: Clone
) -> None:
    monkeypatch.setenv("DATABASE_URL", clone.app_url)
    assert refused("webhooks", "rotate-key").code == "operator_needed"
    old, new = new_key(), new_key()
    keys(monkeypatch, old)
    (first, one), (second, other) = shops.items()
    for tenant, address in shops.items():
        run("webhooks", "secret", tenant, address.id, "--new", "--overlap", "0")
    keys(monkeypatch, new, old)
    rotated = run("webhooks", "rotate-key", first)
    assert "1 secrets were sealed again" in rotated.stdout
    assert "Other tenants may have secrets" in rotated.stderr
    keys(monkeypatch, new)
    assert one.send(make_payment()) == [401]  # signed with a former secret, which could be read
    assert other.send(make_payment()) == [503]
    assert second != first


def test_a_tenant_whose_key_is_lost_is_reported_and_the_others_are_done(
    shops: dict[UUID, Address], monkeypatch: pytest.MonkeyPatch
) -> None:
    (first, one), (second, _) = shops.items()
    known, new = new_key(), new_key()
    keys(monkeypatch, known)
    run("webhooks", "secret", first, one.id, "--new", "--overlap", "0")
    keys(monkeypatch, new, known)
    result = CliRunner().invoke(app, ["webhooks", "rotate-key"])
    assert result.exit_code == 1
    assert "1 secrets were sealed again" in result.stdout
    assert f"Tenant {second}: A secret was sealed with the key" in plain(result.stderr)
    assert "Remove" not in result.stderr
    assert str(first) not in result.stderr


def test_without_a_key_the_rotation_says_how_to_get_one(
    shops: dict[UUID, Address], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SKELDIR_SEALING_KEYS")
    assert refused("webhooks", "rotate-key").code == "sealing_key_missing"
    assert len(shops) == 2
