"""`skeldir users` as operators use it: links, who is a member, who may no longer sign in, and what was done."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from skeldir.cli.addresses import announced, find_announced, pages_url
from skeldir.settings import load_settings
from tests.conftest import Clone
from tests.support.command import run_here

ANNA = "anna@shop.example"


@pytest.fixture
def shop(clone: Clone) -> str:
    return str(UUID(run_here(clone.app_url, "tenants", "create", "Shop").split()[0]))


def test_a_link_makes_a_member_who_is_listed_and_removed_again(clone: Clone, shop: str) -> None:
    url = clone.migrator_url
    for email, role in ((" Anna@Shop.example", "admin"), ("ben@shop.example", "viewer")):
        printed = run_here(url, "users", "link", email, "--tenant", shop, "--role", role)
        assert re.search(r"^http://127\.0\.0\.1:8000/sign-in/[\w-]{43}$", printed, re.MULTILINE)
        assert "signs in by it once" in printed
    members = run_here(clone.app_url, "users", "members", shop)
    assert ANNA in members
    assert "ben@shop.example" in members
    assert "no longer a member" in run_here(
        clone.app_url, "users", "remove", shop, "BEN@shop.example"
    )
    assert "member_unknown" in run_here(
        clone.app_url, "users", "remove", shop, "ben@shop.example", status=1
    )
    assert "last_admin" in run_here(clone.app_url, "users", "remove", shop, ANNA, status=1)
    done = run_here(clone.app_url, "users", "log", shop)
    assert done.index("member.remove") < done.index("ben@shop.example as viewer")
    assert "ben@shop.example" not in run_here(clone.app_url, "users", "members", shop)


def test_a_disabled_user_is_shown_as_such_until_there_is_a_new_link(clone: Clone) -> None:
    url = clone.migrator_url
    run_here(url, "users", "link", ANNA)
    assert "disabled" not in run_here(url, "users", "list")
    assert "can no longer sign in" in run_here(url, "users", "disable", ANNA)
    assert "nothing: disabled" in run_here(url, "users", "list")
    run_here(url, "users", "link", ANNA)
    assert "disabled" not in run_here(url, "users", "list")
    assert "user_unknown" in run_here(url, "users", "disable", "eve@shop.example", status=1)


def test_a_user_is_deleted_after_a_preview(clone: Clone, shop: str) -> None:
    url = clone.migrator_url
    run_here(url, "users", "link", ANNA, "--tenant", shop, "--role", "admin")
    preview = run_here(url, "users", "delete", ANNA)
    assert "only admin" in preview
    assert "Nothing was deleted" in preview
    assert ANNA in run_here(url, "users", "list")
    assert f"{ANNA} is deleted." in run_here(url, "users", "delete", ANNA, "--yes")
    assert ANNA not in run_here(url, "users", "list")
    assert ANNA not in run_here(clone.app_url, "users", "members", shop)
    assert "member.remove" in run_here(clone.app_url, "users", "log", shop)
    assert "user_unknown" in run_here(url, "users", "delete", ANNA, "--yes", status=1)


def test_a_link_begins_with_the_address_that_is_stated(
    monkeypatch: pytest.MonkeyPatch, clone: Clone
) -> None:
    url = clone.migrator_url
    monkeypatch.setenv("SKELDIR_PUBLIC_URL", "https://Skeldir.example/")
    assert "\nhttps://skeldir.example/sign-in/" in "\n" + run_here(url, "users", "link", ANNA)
    at = ("--base", "http://localhost:9000/")
    assert "\nhttp://localhost:9000/sign-in/" in "\n" + run_here(url, "users", "link", ANNA, *at)
    monkeypatch.setenv("SKELDIR_PUBLIC_URL", "http://skeldir.example")
    refused = run_here(url, "users", "link", ANNA, status=1)
    assert "configuration_invalid: SKELDIR_PUBLIC_URL" in refused


def test_passkeys_are_listed_and_removed_with_the_sessions_that_began_by_them(clone: Clone) -> None:
    url = clone.migrator_url
    run_here(url, "users", "link", ANNA)
    assert "last used" in run_here(url, "users", "passkeys", ANNA)
    first, second = (str(UUID(int=number)) for number in (1, 2))
    with psycopg.connect(clone.superuser_url) as admin:
        for key in (first, second):
            admin.execute(
                "INSERT INTO passkeys (id, user_id, credential_id, public_key, sign_count, name) "
                "SELECT %s::uuid, id, uuid_send(%s::uuid), 'x', 0, '[red]phone' FROM users",
                (key, key),
            )
        for by in ("passkey", "link"):
            admin.execute(
                "INSERT INTO user_sessions (id, token_sha256, user_id, device_sha256, device, signed_in_by, "
                "signed_in_at, seen_at, ends_at) SELECT gen_random_uuid(), sha256(%s), id, sha256('x'), 'x', %s, "
                "now(), now(), now() + interval '1 day' FROM users",
                (by.encode(), by),
            )
    assert first in run_here(url, "users", "passkeys", ANNA)
    left = run_here(url, "users", "passkeys", ANNA, "--remove", first)
    assert "[red]phone is removed." in left
    assert first not in left
    assert second in left
    with psycopg.connect(clone.superuser_url) as admin:
        ended = admin.execute("SELECT signed_in_by FROM user_sessions WHERE ended_at IS NOT NULL")
        assert ended.fetchall() == [("passkey",)]
    assert second not in run_here(url, "users", "passkeys", ANNA, "--remove", "all")
    for words, code in (
        ((ANNA, "--remove", first), "passkey_unknown"),
        ((ANNA, "--remove", "phone"), "input_invalid"),
        (("eve@shop.example",), "user_unknown"),
        (("eve@shop.example", "--remove", "all"), "user_unknown"),
    ):
        assert code in run_here(url, "users", "passkeys", *words, status=1)


def test_a_link_says_when_it_is_not_known_where_the_api_runs(clone: Clone) -> None:
    assert "No running API is known" in run_here(clone.migrator_url, "users", "link", ANNA)


def test_the_running_api_is_found_by_the_home_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SKELDIR_HOME", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    settings = load_settings()
    assert find_announced(settings) is None
    with socket.create_server(("127.0.0.1", 0)) as listening:
        at = pages_url("::", listening.getsockname()[1])
        with announced(settings, at):
            assert find_announced(settings) == at
            listening.close()
            # It was killed, and could not take back what it announced.
            assert find_announced(settings) is None
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("DATABASE_URL", "postgresql://app_user@localhost/skeldir")
    with announced(load_settings(), at):
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("anna",), "email_invalid"),
        ((ANNA, "--role", "admin"), "input_invalid"),
        ((ANNA, "--tenant", "00000000-0000-4000-8000-000000000001"), "input_invalid"),
        (
            (ANNA, "--tenant", "00000000-0000-4000-8000-000000000001", "--role", "admin"),
            "tenant_unknown",
        ),
        ((ANNA, "--base", "javascript:alert(1)"), "input_invalid"),
    ],
)
def test_a_link_for_what_makes_no_sense_is_refused(
    clone: Clone, words: tuple[str, ...], code: str
) -> None:
    assert code in run_here(clone.migrator_url, "users", "link", *words, status=1)


def test_only_an_operator_lets_people_in(clone: Clone) -> None:
    for words in (("link", ANNA), ("list",), ("disable", ANNA), ("passkeys", ANNA)):
        refused = run_here(clone.app_url, "users", *words, status=1)
        assert "skeldir_owner" in refused, words
