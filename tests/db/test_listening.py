"""Listening outside the pool: what is notified, and that a server that went silent is not trusted."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from time import monotonic

import psycopg
import pytest

from skeldir.db.listening import CURRENT_S, Subscription, listen
from tests.conftest import Clone
from tests.support.api import own_server
from tests.support.embedded import short_place, wait_until
from tests.support.listeners import listeners_of

CHANNEL = "a channel's own name"


async def wait_for(holds: Callable[[], bool], seconds: float = 10) -> None:
    await asyncio.to_thread(wait_until, holds, seconds)


def is_current(subscription: Subscription) -> bool:
    return monotonic() < subscription.current_until_s


def notify(clone: Clone, channel: str = CHANNEL) -> None:
    with psycopg.connect(clone.app_url) as connection:
        connection.execute("SELECT pg_notify(%s, '')", (channel,))


async def test_what_is_notified_on_the_channel_counts_as_a_change_and_nothing_else(
    clone: Clone,
) -> None:
    async with listen(clone.app_url, CHANNEL) as subscription:
        await wait_for(lambda: is_current(subscription))
        before = subscription.changes
        notify(clone, "another channel")
        notify(clone)
        await wait_for(lambda: subscription.changes > before)
        # Beats change nothing.
        until_s = subscription.current_until_s
        await wait_for(lambda: subscription.current_until_s > until_s)
        assert subscription.changes == before + 1
        assert subscription.current_until_s <= monotonic() + CURRENT_S


async def test_it_takes_one_session_of_its_own_as_app_user_which_ends_with_the_block(
    clone: Clone,
) -> None:
    async with listen(clone.app_url, CHANNEL) as subscription:
        await wait_for(lambda: is_current(subscription))
        assert len(listeners_of(clone)) == 1
    assert not is_current(subscription)
    await wait_for(lambda: not listeners_of(clone))


async def test_a_session_that_ends_is_noticed_and_replaced(
    clone: Clone,
) -> None:
    async with listen(clone.app_url, CHANNEL) as subscription:
        await wait_for(lambda: is_current(subscription))
        before, (pid,) = subscription.changes, listeners_of(clone)
        with psycopg.connect(clone.superuser_url) as admin:
            admin.execute("SELECT pg_terminate_backend(%s::integer, 5000)", (pid,))
        await wait_for(lambda: not is_current(subscription))
        # What is notified from now on is not heard.
        assert subscription.changes > before
        await wait_for(lambda: is_current(subscription))
        assert listeners_of(clone) not in ([], [pid])


@pytest.mark.slow
async def test_a_silent_server_is_not_trusted_after_a_second_and_its_session_is_replaced(
    clone: Clone,
) -> None:
    async with listen(clone.app_url, CHANNEL) as subscription:
        await wait_for(lambda: is_current(subscription))
        (pid,) = listeners_of(clone)
        os.kill(pid, signal.SIGSTOP)
        try:
            stopped_at_s = monotonic()
            await wait_for(lambda: not is_current(subscription))
            assert monotonic() - stopped_at_s < 1
            await wait_for(lambda: is_current(subscription), 15)
            assert set(listeners_of(clone)) > {pid}
        finally:
            os.kill(pid, signal.SIGCONT)
        await wait_for(lambda: listeners_of(clone) not in ([], [pid]))


async def test_a_short_pause_of_the_server_ends_no_session(clone: Clone) -> None:
    async with listen(clone.app_url, CHANNEL) as subscription:
        await wait_for(lambda: is_current(subscription))
        before, (pid,) = subscription.changes, listeners_of(clone)
        os.kill(pid, signal.SIGSTOP)
        try:
            notify(clone)
            await wait_for(lambda: not is_current(subscription))
        finally:
            os.kill(pid, signal.SIGCONT)
        await wait_for(lambda: is_current(subscription))
        assert (subscription.changes, listeners_of(clone)) == (before + 1, [pid])


@pytest.mark.slow
async def test_without_a_server_nothing_is_current_and_one_that_comes_back_is_found() -> None:
    with short_place() as place, own_server(place / "home") as server:
        server.kill()
        async with listen(server.url, CHANNEL) as subscription:
            with pytest.raises(AssertionError):
                await wait_for(lambda: is_current(subscription), 1)
            before = subscription.changes
            await asyncio.to_thread(server.start)
            await wait_for(lambda: is_current(subscription), 15)
            # Data read before the listening began may have changed without a notification.
            assert subscription.changes > before
