"""How the statements of a transaction are planned where statistics would mislead."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skeldir.db.pool import Connection


# For fewer rows the settings cost more than the worst plan.
_MANY = 20


async def plan_for_each_list(connection: Connection, length: int) -> None:
    """Have statements planned for their own lists, and on the index that gives their order.

    That lasts until the transaction ends, or until a statement that inserts many rows sets `plan_cache_mode` back while
    it runs: PostgreSQL checks at its end, by a statement of its own for each row, that the row's tenant exists, and
    would plan that check for each row, too. It takes a third of the time of the insertion.

    Nothing is changed for a list of fewer than _MANY rows; `length` is how many it has.

    A plan that serves any list compares each row with each of the list: with 10,000 of either that takes seconds. One
    made for the list at hand looks its values up.

    Of a tenant without statistics the planner expects one row, whichever index it reads, and takes the index of fewest
    levels: for each of 10,000 journeys all captures of the tenant were read. Where sorting is off, a statement that
    orders its rows as one index does is planned on that index. PostgreSQL 17 gives a sort that cannot be avoided a very
    high cost then, for which it would compile the statement: so JIT is off as well.
    """
    if length < _MANY:
        return
    await connection.execute(
        "SELECT set_config('plan_cache_mode', 'force_custom_plan', true),"
        " set_config('enable_sort', 'off', true), set_config('jit', 'off', true)"
    )
