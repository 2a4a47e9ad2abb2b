"""The keys for secrets are those of the variable or, beside an embedded server, of a file that is made once."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from skeldir.inbox.sealing import SealingKeyInvalid, SealingKeyMissing, new_key
from skeldir.inbox.sealing_keys import FILE_NAME, load_sealer, prepare_sealer
from skeldir.settings import Settings, environment_on


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("SKELDIR_SEALING_KEYS", raising=False)
    monkeypatch.setenv("SKELDIR_HOME", str(tmp_path))
    return tmp_path


def test_the_file_is_made_once_and_only_its_owner_may_read_it(home: Path) -> None:
    sealer, made = prepare_sealer(Settings())
    assert made == home / FILE_NAME
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert [one.name for one in home.iterdir()] == [FILE_NAME]
    sealed = sealer.seal("secret")
    again, made_again = prepare_sealer(Settings())
    assert made_again is None
    assert again.open(sealed) == "secret"
    assert again.place == str(made)


def test_many_that_make_the_file_at_once_have_one_key(home: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: prepare_sealer(Settings()), range(8)))
    assert len({sealer.key_ids for sealer, _ in found}) == 1
    assert len([made for _, made in found if made is not None]) == 1
    assert [one.name for one in home.iterdir()] == [FILE_NAME]


def test_a_process_that_was_started_before_finds_the_key(home: Path) -> None:
    early = load_sealer(Settings())
    with pytest.raises(SealingKeyMissing, match="SKELDIR_SEALING_KEYS"):
        early.seal("secret")
    sealer, made = prepare_sealer(Settings())
    assert made is not None
    assert early.open(sealer.seal("secret")) == "secret"
    made.write_text(f"{new_key()}\n{made.read_text()}")
    assert early.open(load_sealer(Settings()).seal("secret")) == "secret"


def test_the_variable_comes_before_the_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare_sealer(Settings())
    key = new_key()
    monkeypatch.setenv("SKELDIR_SEALING_KEYS", key)
    assert load_sealer(Settings()).key_ids == (key.partition(":")[0],)
    monkeypatch.setenv("SKELDIR_SEALING_KEYS", "  ")
    assert load_sealer(Settings()).place == str(home / FILE_NAME)


def test_with_a_server_of_ones_own_no_file_is_made_but_one_that_is_there_is_used(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://app_user@db/skeldir")
    with pytest.raises(SealingKeyMissing):
        prepare_sealer(Settings())
    assert list(home.iterdir()) == []
    (home / FILE_NAME).write_text(f"{new_key()}\n")
    assert prepare_sealer(Settings())[1] is None


def test_a_process_that_was_started_on_the_embedded_server_makes_the_file(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    for name, value in environment_on("postgresql://app_user@/skeldir?host=/run").items():
        monkeypatch.setenv(name, value)
    assert prepare_sealer(Settings())[1] == home / FILE_NAME


def test_a_process_that_was_started_on_another_server_makes_none(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://app_user@db/skeldir")
    for name, value in environment_on("postgresql://app_user@db/skeldir").items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SealingKeyMissing):
        prepare_sealer(Settings())
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("content", [b"not a key\n", b"k1:\xff\n", "k1:ä".encode()])
def test_a_file_that_is_no_list_of_keys_is_named_and_not_replaced(
    home: Path, content: bytes
) -> None:
    (home / FILE_NAME).write_bytes(content)
    with pytest.raises(SealingKeyInvalid, match=FILE_NAME):
        prepare_sealer(Settings())
    assert (home / FILE_NAME).read_bytes() == content


def test_a_home_that_cannot_be_written_is_reported(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKELDIR_HOME", str(home / "missing"))
    with pytest.raises(SealingKeyInvalid, match="cannot be stored"):
        prepare_sealer(Settings())
