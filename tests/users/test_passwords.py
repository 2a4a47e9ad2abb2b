"""Passwords: hashed aside, compared in the same time for nobody, and refused when they are easy to guess."""

from __future__ import annotations

import asyncio

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher

from skeldir.users import Passwords, PasswordWeak, SignInBusy

GOOD = "violet anchor seventy marmalade"


async def test_a_password_is_recognised_and_no_other() -> None:
    passwords = Passwords()
    kept = await passwords.hash_new(GOOD, "anna@shop.example")
    assert kept.startswith("$argon2id$")
    assert GOOD not in kept
    assert await passwords.check(GOOD, kept)
    assert not await passwords.check(GOOD + "x", kept)
    assert not await passwords.check(GOOD, None)
    assert not await passwords.check(GOOD, "not a hash")


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short",
        "password123",
        "qwertyuiop",
        "1234567890123",
        "aaaaaaaaaaaaaaa",
        "skeldirskeldir",
        "anna@shop.example",
        "x" * 101,
    ],
)
async def test_a_password_that_is_tried_first_is_refused(password: str) -> None:
    with pytest.raises(PasswordWeak):
        await Passwords().hash_new(password, "anna@shop.example")


async def test_more_than_a_few_at_once_are_refused_instead_of_waiting() -> None:
    passwords = Passwords()
    # How long each takes does not matter here.
    kept = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1).hash("right")
    outcomes = await asyncio.gather(
        *(passwords.check("wrong", kept) for _ in range(24)), return_exceptions=True
    )
    assert [each for each in outcomes if isinstance(each, bool)] == [False] * 20
    assert sum(isinstance(each, SignInBusy) for each in outcomes) == 4
