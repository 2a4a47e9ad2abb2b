"""Waiting for what a test needs, and no longer."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from skeldir.db.pool import Database


async def until_waiting_for_a_lock(database: Database) -> None:
    """Return once a transaction of the database's role waits for a lock that another one holds."""
    async with database.statement() as connection, asyncio.timeout(10):
        while not await connection.fetchval(  # noqa: ASYNC110 - only the server knows
            """SELECT count(*) FROM pg_stat_activity
               WHERE datname = current_database() AND usename = current_user AND wait_event_type = 'Lock'"""
        ):
            await asyncio.sleep(0.005)


async def until_waiting_for_table(admin: psycopg.Connection, table: str) -> None:
    """Return once a transaction waits for a lock on the table that another one holds."""
    waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
    for _ in range(1_000):
        if admin.execute(waiting, (table,)).fetchone():
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"nobody came to {table}")
