"""`skeldir keys` as people use it: a key is rotated without a gap, and revoked by its prefix or id."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from typer.testing import CliRunner, Result

from skeldir.cli import app
from skeldir.cli.durations import read_duration
from skeldir.errors import InputInvalid, SkeldirError
from tests.conftest import Clone


@pytest.fixture
def shop(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> UUID:
    """A tenant made by the command line, which then works on its database as app_user."""
    monkeypatch.setenv("DATABASE_URL", clone.app_url)
    return UUID(run("tenants", "create", "Shop").stdout.strip())


def run(*words: object) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exception is None, (words, result.exception, result.output)
    return result


def refused(*words: object) -> SkeldirError:
    fault = CliRunner().invoke(app, [str(word) for word in words]).exception
    assert isinstance(fault, SkeldirError), words
    return fault


def states(shop: UUID) -> list[str]:
    """Return what `keys list` shows of each key, oldest first, in one line each."""
    rows = [
        [cell.strip() for cell in line.strip("│").split("│")]
        for line in run("keys", "list", shop).stdout.splitlines()
        if line.startswith("│")
    ]
    keys: list[list[str]] = []
    for row in rows:
        # A cell that is too long continues in the next line.
        if row[0]:
            keys.append(row)
        else:
            keys[-1] = [f"{a} {b}".strip() for a, b in zip(keys[-1], row, strict=True)]
    return [row[4] for row in keys]


def test_the_id_of_a_new_tenant_is_alone_on_stdout(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url in (clone.app_url, clone.migrator_url):
        monkeypatch.setenv("DATABASE_URL", url)
        made = run("tenants", "create", f"Shop {uuid4()}")
        assert UUID(made.stdout.strip())
        assert made.stderr == ""


def test_a_key_is_rotated_by_its_prefix_and_works_on_for_the_overlap(shop: UUID) -> None:
    secret = run("keys", "create", shop, "--scope", "read", "--name", "site").stdout.strip()
    rotated = run("keys", "rotate", shop, secret[:12], "--overlap", "36h")
    new = rotated.stdout.strip()
    assert re.fullmatch(r"skd_\S{43}", new)
    assert re.search(
        rf"{secret[:12]} works until 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC", rotated.stderr
    )
    assert f"{new[:12]} takes its place" in rotated.stderr
    assert new not in rotated.stderr
    old_state, new_state = states(shop)
    assert re.fullmatch(rf"expires 20\S+ \d\d:\d\d UTC, replaced by {new[:12]}", old_state)
    assert new_state == "in force"
    again = refused("keys", "rotate", shop, secret[:12])
    assert again.code == "key_not_in_force"
    assert new[:12] in again.cure


def test_without_an_overlap_the_old_key_is_revoked_at_once(shop: UUID) -> None:
    secret = run("keys", "create", shop, "--scope", "read").stdout.strip()
    rotated = run("keys", "rotate", shop, secret[:12], "--overlap", "0", "--days", "30")
    assert "was revoked at" in rotated.stderr
    old_state, new_state = states(shop)
    assert old_state.startswith("revoked 20")
    assert new_state.startswith("expires 20")


def test_a_key_is_revoked_by_its_prefix_and_by_its_id(shop: UUID, clone: Clone) -> None:
    secrets = [run("keys", "create", shop, "--scope", "read").stdout.strip() for _ in range(2)]
    with psycopg.connect(clone.superuser_url) as connection:
        row = connection.execute(
            "SELECT id FROM api_keys WHERE prefix = %s", (secrets[1][:12],)
        ).fetchone()
    assert row is not None
    for given in (secrets[0][:12], row[0]):
        assert "Revoked at" in run("keys", "revoke", secrets[0][:12], given).stdout
    assert all(state.startswith("revoked") for state in states(shop))
    assert refused("keys", "revoke", shop, uuid4()).code == "key_unknown"


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("0", timedelta(0)),
        ("0h", timedelta(0)),
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("24h", timedelta(days=1)),
        ("7d", timedelta(days=7)),
        ("999999999d", timedelta.max // timedelta(days=1) * timedelta(days=1)),
    ],
)
def test_a_duration_is_a_whole_number_with_a_unit(text: str, span: timedelta) -> None:
    assert read_duration(text) == span


@pytest.mark.parametrize(
    "text",
    ["", "24", "h", "-1h", "1.5h", "24 h", "24H", "1h30m", "forever", "٣h", "9999999999d", "1h\n"],
)
def test_any_other_duration_is_refused_with_examples(text: str) -> None:
    with pytest.raises(InputInvalid, match="not a duration") as refusal:
        read_duration(text)
    assert "24h" in refusal.value.cure


def test_a_bad_overlap_is_reported_before_anything_is_done(shop: UUID) -> None:
    secret = run("keys", "create", shop, "--scope", "read").stdout.strip()
    for overlap in ("tomorrow", "400d"):
        assert (
            refused("keys", "rotate", shop, secret[:12], "--overlap", overlap).code
            == "input_invalid"
        )
    assert states(shop) == ["in force"]
