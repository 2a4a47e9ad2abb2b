"""`skeldir models` as people use it: a preview, a question, and a list of who changed what."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from skeldir.attribution import RULE_MODELS
from skeldir.cli import app
from skeldir.db.pool import open_database
from skeldir.errors import SkeldirError
from tests.conftest import Clone
from tests.support.credit import credit_until_complete
from tests.support.make import at, make_conversion, make_touch, send_conversions, send_touches


@pytest.fixture
def shop(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> UUID:
    """A tenant made by the command line, which then works on its database as app_user."""
    monkeypatch.setenv("DATABASE_URL", clone.app_url)
    return UUID(run("tenants", "create", "Shop").stdout.strip())


def run(*words: object, typed: str | None = None, status: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words], input=typed)
    assert not isinstance(result.exception, SkeldirError), (words, result.exception)
    assert result.exit_code == status, result.output
    return result


def refused(*words: object) -> SkeldirError:
    fault = CliRunner().invoke(app, [str(word) for word in words]).exception
    assert isinstance(fault, SkeldirError), words
    return fault


def cells(output: str, first: str) -> list[list[str]]:
    """Return the rows of tables that begin with `first`."""
    rows = [
        [cell.strip() for cell in line.strip("│").split("│")]
        for line in output.splitlines()
        if line.startswith("│")
    ]
    return [row for row in rows if row[0] == first]


@pytest.fixture
def sales(clone: Clone, shop: UUID) -> None:
    """An order of 100.00 USD with a touch of e-mail 25 days and one of SMS 5 days before it, credited."""

    async def sell() -> None:
        async with open_database(
            clone.app_url, pool_size=2, statement_timeout_ms=30_000
        ) as database:
            sms = make_touch(occurred_at=at(20), channel="sms")
            await send_touches(database, shop, make_touch(), sms)
            await send_conversions(database, shop, make_conversion(occurred_at=at(25)))
            await credit_until_complete(database, shop)

    asyncio.run(sell())


def test_the_list_shows_models_in_force_and_who_put_them_there(shop: UUID) -> None:
    listed = run("models", "list", shop).stdout
    for model in RULE_MODELS:
        (row,) = cells(listed, model)
        assert row[1:5] == [f"{model}@1", "30 days", "7 days", "keep"]
    assert len(re.findall(r"tenant created +│ \w+ +│ not in force +│ \w+@1", listed)) == 6


def test_a_change_shows_the_parameters_before_and_after(shop: UUID) -> None:
    run("models", "set", shop, "linear", "--lookback-days", "14", "--yes")
    run("models", "retire", shop, "last_touch", "--yes")
    listed = " ".join(re.split(r"[\s│]+", run("models", "list", shop).stdout))
    assert "last_touch last_touch@1 retired" in listed
    assert re.search(
        r"linear linear@1 linear@2 .*30 days of lookback, .*14 days of lookback,", listed
    )
    printed = json.loads(run("models", "list", shop, "--json").stdout)
    assert set(printed) == {"data", "changes"}
    assert [one["model"] for one in printed["data"]] == [
        m for m in RULE_MODELS if m != "last_touch"
    ]
    retired, changed = printed["changes"][:2]
    assert (retired["from_version"], retired["parameters_after"]) == ("last_touch@1", None)
    assert changed["changed_at"].endswith("Z")
    assert [changed[f"parameters_{side}"]["lookback_days"] for side in ("before", "after")] == [
        30,
        14,
    ]


@pytest.mark.usefixtures("sales")
def test_a_preview_comes_first_and_the_change_is_the_commands(shop: UUID) -> None:
    shown = run("models", "set", shop, "linear", "--lookback-days", "10", "--yes").stdout
    assert "linear now: 30 days of lookback, keep, half-life 7 days (linear@1)\n" in shown
    assert "linear then: 10 days of lookback, keep, half-life 7 days\n" in shown
    assert "Over 1 of 1 stored orders" in shown
    assert cells(shown, "USD") == [
        ["USD", "email", "50.00", "0.00", "-50.00"],
        ["USD", "sms", "50.00", "100.00", "50.00"],
    ]
    assert "linear@2 is in force" in shown
    assert "restated" in shown
    run("credit", "--tenant", shop)
    assert "ledger (equal)" in run("report", shop).stdout
    listed = run("models", "list", shop).stdout
    assert re.search(r"command:app_user +│ linear +│ linear@1 +│ linear@2", listed)


@pytest.mark.usefixtures("sales")
def test_a_retired_model_leaves_the_report_and_comes_back(shop: UUID) -> None:
    assert "retired" in run("models", "retire", shop, "linear", "--yes").stdout
    report = run("report", shop).stdout
    assert "linear" not in report
    assert "ledger (equal)" in report
    assert cells(run("models", "list", shop).stdout, "linear") == []
    again = refused("models", "retire", shop, "linear", "--yes")
    assert again.code == "model_not_in_force"
    shown = run("models", "set", shop, "linear", "--yes").stdout
    assert "linear now: not in force\n" in shown
    assert "those of linear@1, which was in force last" in shown
    run("credit", "--tenant", shop)
    report = run("report", shop).stdout
    assert "linear" in report
    assert "ledger (equal)" in report


def test_a_change_to_what_is_in_force_says_that_nothing_was_changed(shop: UUID) -> None:
    before = run("models", "list", shop, "--json").stdout
    for words in ((), ("--lookback-days", "30"), ("--after-conversion", "keep", "--yes")):
        shown = run("models", "set", shop, "linear", *words).stdout
        assert shown == "Nothing was changed: linear@1 is in force with these parameters.\n"
    assert run("models", "list", shop, "--json").stdout == before


def test_without_a_terminal_nothing_is_changed_unless_yes_is_given(shop: UUID) -> None:
    fault = refused("models", "set", shop, "linear", "--lookback-days", "10")
    assert fault.code == "input_invalid"
    assert "--yes" in fault.cure
    assert "linear@1" in run("models", "list", shop).stdout


@pytest.mark.parametrize(("typed", "status", "version"), [("y\n", 0, 2), ("n\n", 1, 1)])
def test_on_a_terminal_the_change_must_be_confirmed(
    shop: UUID, monkeypatch: pytest.MonkeyPatch, typed: str, status: int, version: int
) -> None:
    monkeypatch.setattr("skeldir.cli.models.is_terminal", lambda: True)
    run("models", "set", shop, "linear", "--half-life-days", "3", typed=typed, status=status)
    (row,) = cells(run("models", "list", shop).stdout, "linear")
    assert row[1] == f"linear@{version}"


def test_an_impossible_change_is_refused_with_a_cure(shop: UUID) -> None:
    assert refused("models", "set", shop, "u_shaped", "--yes").code == "model_unknown"
    assert refused("models", "set", shop, "markov", "--yes").code == "model_fitted"
    longer = refused("models", "set", shop, "linear", "--lookback-days", "0", "--yes")
    assert longer.code == "model_version_invalid"
    for model in RULE_MODELS[1:]:
        run("models", "retire", shop, model, "--yes")
    last = refused("models", "retire", shop, RULE_MODELS[0], "--yes")
    assert last.code == "last_model_in_force"
    assert "another model first" in last.cure


def test_what_the_models_of_a_mapping_leave_out_stays_as_it_is(shop: UUID, tmp_path: Path) -> None:
    run("models", "set", shop, "time_decay", "--half-life-days", "3", "--yes")
    run("models", "set", shop, "linear", "--after-conversion", "reset", "--yes")
    visits = tmp_path / "visits.csv"
    visits.write_text("who,at,via\nv1,2026-03-01T10:00:00Z,email\n", encoding="utf-8")
    mapping = tmp_path / "visits.toml"
    mapping.write_text(
        'kind = "touches"\n[columns]\noccurred_at = "at"\njourney_key = "who"\nchannel = "via"\n'
        "[models]\nlookback_days = 40\n",
        encoding="utf-8",
    )
    run("import", "touches", visits, "--tenant", shop, "--map", mapping)
    models = json.loads(run("models", "list", shop, "--json").stdout)["data"]
    shown = {
        one["model"]: (one["lookback_days"], one["after_conversion"], one["half_life_days"])
        for one in models
    }
    assert shown.pop("time_decay") == (40, "keep", 3)
    assert shown.pop("linear") == (40, "reset", 7)
    assert set(shown.values()) == {(40, "keep", 7)}
