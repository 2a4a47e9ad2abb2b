"""Advisory locks: one holder at a time, and never longer than its transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from skeldir.db.locks import lock_key, share_lock, try_lock, wait_for_lock
from tests.conftest import Clone

Pair = tuple["asyncpg.Connection[asyncpg.Record]", "asyncpg.Connection[asyncpg.Record]"]


@pytest.fixture
async def pair(clone: Clone) -> AsyncIterator[Pair]:
    """Two sessions outside any pool, which would release all locks when one is returned."""
    first, second = [await asyncpg.connect(clone.app_url) for _ in range(2)]
    yield first, second
    await first.close()
    await second.close()


async def fail_with_the_lock(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    async with connection.transaction():
        assert await try_lock(connection, "x")
        await connection.execute("SELECT 1 / 0")


async def test_a_lock_has_one_holder_until_its_transaction_ends(pair: Pair) -> None:
    first, second = pair
    async with first.transaction():
        assert await try_lock(first, "x")
        async with second.transaction():
            assert not await try_lock(second, "x")
            assert await try_lock(second, "y")
    async with second.transaction():
        assert await try_lock(second, "x")


async def test_a_lock_is_gone_after_a_failed_transaction(pair: Pair) -> None:
    first, second = pair
    with pytest.raises(asyncpg.DivisionByZeroError):
        await fail_with_the_lock(first)
    async with second.transaction():
        assert await try_lock(second, "x")


async def test_sharers_of_a_lock_do_not_wait_for_each_other_but_whoever_wants_it_alone_does(
    pair: Pair,
) -> None:
    first, second = pair
    async with first.transaction():
        await share_lock(first, "x")
        async with second.transaction():
            await share_lock(second, "x")
        async with second.transaction():
            assert not await try_lock(second, "x")
    async with second.transaction():
        await second.execute("SET LOCAL lock_timeout = 1000")
        await wait_for_lock(second, "x")


def test_keys_are_signed_and_of_64_bits() -> None:
    keys = [lock_key(str(number)) for number in range(1000)]
    assert len(set(keys)) == 1000
    assert min(keys) < -(2**62) < 2**62 < max(keys)
    assert all(-(2**63) <= key < 2**63 for key in keys)
