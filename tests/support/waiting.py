"""Waiting for what a test needs, and no longer."""

from __future__ import annotations

import asyncio

from skeldir.db.pool import Database


async def until_waiting_for_a_lock(database: Database, transactions: int = 1) -> None:
    """Return once `transactions` transactions of the database's role wait for a lock that another one holds."""
    async with database.statement() as connection, asyncio.timeout(10):
        while transactions > await connection.fetchval(  # noqa: ASYNC110 - only the server knows
            """SELECT count(*) FROM pg_stat_activity
               WHERE datname = current_database() AND usename = current_user AND wait_event_type = 'Lock'"""
        ):
            await asyncio.sleep(0.005)
