"""Secrets are stored sealed: keys can be rolled, a wrong one is named by its id, and none is ever shown."""

from __future__ import annotations

import pytest

from skeldir.inbox.sealing import (
    Sealed,
    Sealer,
    SealingKeyInvalid,
    SealingKeyMissing,
    SealingKeyUnknown,
    new_key,
    read_sealer,
)

OLD, NEW = f"old:{new_key().partition(':')[2]}", f"new:{new_key().partition(':')[2]}"


def test_what_is_sealed_can_be_opened_and_is_never_the_same_twice() -> None:
    sealer = read_sealer(OLD)
    sealed = sealer.seal("whsec_ü & <1>")
    assert (sealed.key_id, sealer.open(sealed)) == ("old", "whsec_ü & <1>")
    assert b"whsec" not in sealed.token
    assert sealer.seal("whsec_ü & <1>").token != sealed.token


def test_new_secrets_are_sealed_with_the_first_key_and_older_ones_still_open() -> None:
    sealed = read_sealer(OLD).seal("secret")
    for text in (f"{NEW},{OLD}", f"\n {NEW} \n\n{OLD}\n"):
        both = read_sealer(text)
        assert both.key_ids == ("new", "old")
        assert both.seal("other").key_id == "new"
        assert both.open(sealed) == "secret"


def test_after_a_roll_the_old_key_can_be_left_out() -> None:
    both = read_sealer(f"{NEW},{OLD}")
    resealed = both.reseal(read_sealer(OLD).seal("secret"))
    assert (resealed.key_id, read_sealer(NEW).open(resealed)) == ("new", "secret")
    assert both.reseal(resealed) is resealed


@pytest.mark.parametrize("text", [None, "", " \n ,"])
def test_without_a_key_nothing_is_sealed_and_nothing_opened(text: str | None) -> None:
    sealer = read_sealer(text)
    with pytest.raises(SealingKeyMissing, match="SKELDIR_SEALING_KEYS"):
        sealer.seal("secret")
    with pytest.raises(SealingKeyMissing):
        sealer.open(Sealed("old", b"x"))


def test_a_key_that_is_not_configured_is_named() -> None:
    sealed = read_sealer(OLD).seal("secret")
    for act in (read_sealer(NEW).open, read_sealer(NEW).reseal):
        with pytest.raises(SealingKeyUnknown, match="`old`"):
            act(sealed)


def test_another_key_under_the_same_id_is_found_out() -> None:
    sealed = read_sealer(OLD).seal("secret")
    other = f"old:{new_key().partition(':')[2]}"
    with pytest.raises(SealingKeyInvalid, match="`old`"):
        read_sealer(other).open(sealed)
    with pytest.raises(SealingKeyInvalid, match="`old`"):
        read_sealer(f"{NEW},{other}").reseal(sealed)
    with pytest.raises(SealingKeyInvalid):
        read_sealer(OLD).open(Sealed("old", sealed.token[:-8] + b"AAAAAAA="))


@pytest.mark.parametrize(
    "text",
    [
        "planted",
        ":" + OLD.partition(":")[2],
        "a b:" + OLD.partition(":")[2],
        "old:planted",
        OLD[:-1],
        OLD + "=",
        f"{OLD},{OLD}",
        "old:" + "+" * 43 + "=",
    ],
    ids=range(8),
)
def test_a_key_that_cannot_be_read_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(SealingKeyInvalid) as caught:
        read_sealer(text)
    assert "planted" not in str(caught.value)
    assert OLD.partition(":")[2][:20] not in str(caught.value)


def test_no_key_or_secret_is_shown() -> None:
    sealer: Sealer = read_sealer(f"{NEW},{OLD}")
    assert repr(sealer) == "Sealer(new, old)"
    assert repr(sealer.seal("planted")) == "Sealed(key_id='new')"


def test_each_new_key_is_another_one_and_can_be_used() -> None:
    keys = {new_key() for _ in range(20)}
    assert len(keys) == 20
    sealer = read_sealer("\n".join(keys))
    assert sealer.open(sealer.seal("secret")) == "secret"
