"""How a tenant and a key are named on the command line, in every command that takes one, for each role."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
import typer
from typer.testing import CliRunner, Result

from skeldir.cli import app
from skeldir.cli.keys import KEY_HELP, TENANT_HELP
from skeldir.db.embedded import EmbeddedServer
from skeldir.db.pool import Database
from skeldir.errors import SkeldirError
from skeldir.tenants import IssuedKey, TenantUnknown, issue_key
from tests.conftest import TEMPLATE, Clone, scratch_database
from tests.support.make import make_tenant

ADDRESS = f"http://127.0.0.1:1/v1/webhooks/stripe/{'A' * 43}"
# What a command needs besides the tenant. The walk below finds the commands; others need nothing else.
OTHER_WORDS = {
    "channels add": ["radio", "Radio"],
    "channels restate": ["--reason", "why"],
    "hosts add": ["shop.example"],
    "hosts remove": ["shop.example"],
    "dead export": [f"{__file__}.csv"],
    "dead replay": [__file__],
    "export": [f"{__file__}.out"],
    "export-link": ["--what", "entries", "--base", "https://skeldir.example"],
    "import conversions": [__file__],
    "import mixed": [__file__],
    "import paths": [__file__],
    "import touches": [__file__],
    "imports redo": ["a1b2", "--reason", "why"],
    "imports show": ["a1b2"],
    "imports undo": ["a1b2", "--reason", "why"],
    "corrections revoke": ["00000000-0000-4000-8000-000000000001", "--reason", "why"],
    "corrections touch": ["key", "--channel", "email", "--reason", "why"],
    "keys create": ["--scope", "read"],
    "collect terms": ["skd_12345678"],
    "keys revoke": ["skd_12345678"],
    "keys rotate": ["skd_12345678"],
    "models activate": ["markov@1"],
    "lift import": [__file__],
    "models compare": ["markov@1", "markov@2"],
    "models fit": ["markov", "--from", "2026-03-01", "--to", "2026-03-31"],
    "models fitted": ["markov@1"],
    "notices destinations add": ["--email", "someone@shop.example"],
    "notices destinations remove": ["00000000-0000-4000-8000-000000000001"],
    "notices send": ["--test"],
    "privacy erase": ["--order", "1001", "--reason", "why"],
    "privacy export": ["--order", "1001"],
    "rates import": [__file__, "--source", "ecb"],
    "rates set": ["2026-09-01", "EUR", "USD", "1.08", "--reason", "why"],
    "reconcile orders": [__file__, "--platform", "shopify"],
    "reconcile payouts": [__file__, "--provider", "other"],
    "reconcile show": ["00000000-0000-4000-8000-000000000001"],
    "reconcile run": ["--model", "linear"],
    "rules apply": ["1", "--reason", "why"],
    "rules check": ["--file", __file__],
    "rules dry-run": ["--to", "none"],
    "rules edit": ["--file", __file__, "--reason", "why"],
    "rules revert": ["--to", "none", "--reason", "why"],
    "spend import": [__file__],
    "spend revisions": ["meta", "1042"],
    "spend withdraw": ["00000000-0000-4000-8000-000000000001"],
    "users link": ["someone@shop.example", "--role", "viewer"],
    "users remove": ["someone@shop.example"],
    "webhooks backfill": ["endpoint", __file__],
    "webhooks create": ["stripe"],
    "webhooks end": ["endpoint"],
    "webhooks secret": ["endpoint", "--new"],
    "webhooks send": [ADDRESS, "capture"],
    "models retire": ["linear", "--yes"],
    "models set": ["linear", "--lookback-days", "20", "--yes"],
}
# What only the migrating role may do, which may also use a tenant's name.
FOR_OPERATORS = {"tenants delete"}
# Parameters with these names are a tenant or a key.
OF_TENANTS, OF_KEYS = re.compile("tenant(_id)?"), re.compile("key(_id)?")


def walk(
    command: object, words: tuple[str, ...] = ()
) -> Iterator[tuple[str, list[typer.core.TyperArgument]]]:  # type: ignore[name-defined]  # its own name for click's
    """Yield each command by its words, with its parameters."""
    for name, inner in sorted(getattr(command, "commands", {}).items()):
        yield from walk(inner, (*words, name))
    if not getattr(command, "commands", {}):
        yield " ".join(words), command.params  # type: ignore[attr-defined]  # a command, as it has no others


COMMANDS = dict(walk(typer.main.get_command(app)))  # type: ignore[attr-defined]  # not re-exported
WITH_TENANT = {
    words: next(p for p in parameters if OF_TENANTS.fullmatch(p.name or ""))
    for words, parameters in COMMANDS.items()
    if any(OF_TENANTS.fullmatch(p.name or "") for p in parameters)
}


@pytest.fixture(scope="module")
def without_tenants(server: EmbeddedServer) -> Iterator[Clone]:
    """A database without tenants, to which no test of this module writes."""
    with scratch_database(server, template=TEMPLATE) as database:
        yield database


def invoke(url: str, monkeypatch: pytest.MonkeyPatch, *words: str) -> Result:
    monkeypatch.setenv("DATABASE_URL", url)
    return CliRunner().invoke(app, list(words))


def call(clone: Clone, monkeypatch: pytest.MonkeyPatch, words: str, tenant: str) -> BaseException:
    """Run a command as app_user with this name of a tenant; return the error that it ends with."""
    is_argument = WITH_TENANT[words].param_type_name == "argument"
    named = [tenant] if is_argument else ["--tenant", tenant]
    result = invoke(clone.app_url, monkeypatch, *words.split(), *named, *OTHER_WORDS.get(words, []))
    assert result.exception is not None, (words, result.output)
    return result.exception


def test_every_parameter_for_a_tenant_or_a_key_has_the_same_help() -> None:
    assert len(WITH_TENANT) >= 17
    for words, parameters in COMMANDS.items():
        for parameter in parameters:
            if OF_TENANTS.fullmatch(parameter.name or ""):
                assert (parameter.help or "").endswith(TENANT_HELP), words
            if OF_KEYS.fullmatch(parameter.name or "") and words.startswith("keys "):
                assert parameter.help == KEY_HELP, words


@pytest.mark.parametrize("words", sorted(WITH_TENANT.keys() - FOR_OPERATORS))
def test_a_name_is_refused_to_app_user_with_a_cure_that_app_user_can_follow(
    without_tenants: Clone, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    fault = call(without_tenants, monkeypatch, words, "Shop Two")
    assert isinstance(fault, SkeldirError)
    assert fault.code == "operator_needed"
    assert "'Shop Two' is no tenant's id" in fault.detail
    assert "skd_xxxxxxxx" in fault.cure
    assert "tenants list" not in fault.cure
    for unknown in (str(uuid4()), "skd_12345678"):
        fault = call(without_tenants, monkeypatch, words, unknown)
        assert isinstance(fault, TenantUnknown), (words, unknown, fault)


async def make_key(db: Database, tenant: UUID) -> IssuedKey:
    async with db.tenant(tenant) as connection:
        return await issue_key(connection, tenant, name="site", scopes=["read"], expires_at=None)


async def test_a_tenant_may_be_named_by_its_id_and_by_the_prefix_of_one_of_its_keys(
    db: Database, clone: Clone, tenant: UUID, other_tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = await make_key(db, tenant), await make_key(db, other_tenant)
    for named in (str(tenant), str(tenant).upper(), mine.prefix, mine.secret):
        outcome = await in_thread(clone.app_url, monkeypatch, "keys", "list", named)
        assert mine.prefix in outcome.output
        assert theirs.prefix not in outcome.output


async def test_the_migrating_role_may_name_a_tenant_by_its_name(
    db: Database, clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = await make_tenant(db, "Shop Two")
    key = await make_key(db, shop)
    outcome = await in_thread(clone.migrator_url, monkeypatch, "keys", "list", "Shop Two")
    assert key.prefix in outcome.output


async def in_thread(url: str, monkeypatch: pytest.MonkeyPatch, *words: str) -> Result:
    """Run a command in a thread, since it has a loop of its own."""
    return await asyncio.to_thread(invoke, url, monkeypatch, *words)
