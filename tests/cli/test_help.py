"""`skeldir --help`: what it names exists, and what it states about roles is true of the database."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer
from typer.testing import CliRunner

from skeldir.cli import app
from skeldir.db.embedded import EmbeddedServer
from tests.conftest import TEMPLATE, Clone, scratch_database

TOP = typer.main.get_command(app)  # type: ignore[attr-defined]  # not re-exported
# As app_user these are refused for every tenant: what the help names, and the other words that they need.
FOR_OPERATORS: dict[str, list[str]] = {
    "tenants list": [],
    "tenants delete": ["0199fe3b-8a62-7cc1-b9d6-2f2c3f1f7a11"],
    "tenants deletions": [],
    "jobs": [],
    "matviews": [],
    "scale plan": [],
    "webhooks rotate-key": [],
}


@pytest.fixture(scope="module")
def without_tenants(server: EmbeddedServer) -> Iterator[Clone]:
    """A database without tenants, to which no test of this module writes."""
    with scratch_database(server, template=TEMPLATE) as database:
        yield database


def find_command(words: str) -> object:
    command: object = TOP
    for word in words.split():
        command = getattr(command, "commands", {}).get(word)
    return command


def test_every_command_of_the_usual_order_exists() -> None:
    line = re.search(r"The usual order: (.+)\.$", TOP.help, re.MULTILINE)
    assert line is not None
    named = line[1].split(" · ")
    assert len(named) >= 6
    assert [words for words in named if find_command(words) is None] == []


@pytest.mark.parametrize("words", FOR_OPERATORS)
def test_what_app_user_is_refused_is_named_in_the_help(
    without_tenants: Clone, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", without_tenants.app_url)
    result = CliRunner().invoke(app, [*words.split(), *FOR_OPERATORS[words]])
    assert "operator_needed" in str(result.exception)
    assert f"`{words}`" in TOP.help


def test_the_help_names_the_commands_that_exist() -> None:
    named = re.findall(r"`([a-z][a-z -]*)`", TOP.help)
    assert len(named) >= 6
    assert [words for words in named if find_command(words) is None] == []


def test_the_views_are_counted_by_a_role_that_may_act_as_their_owner(
    without_tenants: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", without_tenants.app_url)
    assert "matview_owner" in str(CliRunner().invoke(app, ["matviews"]).exception)
    monkeypatch.setenv("DATABASE_URL", without_tenants.migrator_url)
    assert CliRunner().invoke(app, ["matviews"]).exit_code == 0
    assert re.search(r"`matviews`[^,;.]* matview_owner", " ".join(TOP.help.split()))


def test_a_command_starts_without_what_only_others_need() -> None:
    """Starting is what users wait for, and what is loaded counts in the memory of an export."""
    script = (
        "import sys, skeldir.exports, skeldir.ingest\n"
        "from skeldir.cli import app\n"
        "from typer.main import get_group\n"
        "assert get_group(app).commands['export'].params and 'skeldir.cli.audit' not in sys.modules\n"
        "print(*({'cryptography', 'fastapi', 'phonenumbers', 'psycopg', 'pyarrow', 'xlsxwriter'} & {*sys.modules}))\n"
        "from skeldir.exports.formats import make_encoder\n"
        "make_encoder('parquet', skeldir.exports.PARTS['entries'], open('/dev/null', 'wb'), {})\n"
        "print(sys.modules['pyarrow'].default_memory_pool().backend_name)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert loaded.stdout == "\nsystem\n"


def test_a_process_does_not_search_the_program_for_garbage_as_it_starts_and_ends() -> None:
    script = (
        "import atexit, gc\n"
        "atexit.register(lambda: print(gc.get_freeze_count() > 1_000))\n"  # called last
        "import skeldir\n"
        "print(gc.get_threshold()[0] >= 20_000)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert ended.stdout == "True\nTrue\n"


def list_commands(command: object, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield words
    for name, one in getattr(command, "commands", {}).items():
        yield from list_commands(one, (*words, name))


@pytest.mark.parametrize("words", [*list_commands(TOP)], ids=" ".join)
def test_the_help_of_every_parameter_is_shown_in_full(words: tuple[str, ...]) -> None:
    """Rich takes words in square brackets for markup, and drops them."""
    result = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "400"})
    assert result.exit_code == 0
    shown = re.sub(r"[│\s]", "", result.output)
    parameters = getattr(find_command(" ".join(words)), "params", [])
    helps = [text for one in parameters if (text := getattr(one, "help", None))]
    assert [one for one in helps if re.sub(r"\s", "", one) not in shown] == []
