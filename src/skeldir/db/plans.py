"""How the statements of a transaction are planned where statistics mislead the planner."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skeldir.db.pool import Connection


# For fewer rows the settings cost more than the worst plan.
_MANY = 20


async def plan_for_each_tenant(connection: Connection) -> None:
    """Have the statements of the transaction planned for its tenant and the values at hand, until it ends.

    A generic plan is for a tenant of average size. Among many tenants that has few rows, so an index with all of them
    looks as good as one that finds those of some days; for a large tenant it takes ten times as long.
    """
    await connection.execute("SELECT set_config('plan_cache_mode', 'force_custom_plan', true)")


async def plan_for_each_list(
    connection: Connection, length: int, *, may_sort: bool = False
) -> None:
    """Have statements planned for the list at hand, and on the index that gives their order.

    This lasts until the transaction ends, or until a statement that inserts many rows sets `plan_cache_mode` back; call
    it again before the next statement with a list. At the end of an insertion PostgreSQL checks for each row that its
    tenant exists, by a statement that would otherwise be planned for each row too. Setting it back saves a third of the
    time of the insertion.

    For a list of fewer than _MANY rows nothing changes; `length` is the number of rows.

    A generic plan compares each row with each element of the list: with 10,000 of both that takes seconds. A plan for
    the list at hand looks the values up.

    For a tenant without statistics the planner expects one row from any index, and chooses the index with the fewest
    levels: for each of 10,000 journeys it read all captures of the tenant. With sorting off, a statement that orders
    its rows as an index does is planned on that index. PostgreSQL 17 then gives an unavoidable sort a very high cost,
    which would trigger JIT compilation: so JIT is off as well.
    """
    if length < _MANY:
        return
    if may_sort:
        # Where a statement must sort, a plan that avoids it reads all rows of the tenant in that order.
        await connection.execute(
            "SELECT set_config('plan_cache_mode', 'force_custom_plan', true),"
            " set_config('enable_sort', 'on', true), set_config('jit', 'off', true)"
        )
        return
    await connection.execute(
        "SELECT set_config('plan_cache_mode', 'force_custom_plan', true),"
        " set_config('enable_sort', 'off', true), set_config('jit', 'off', true)"
    )
