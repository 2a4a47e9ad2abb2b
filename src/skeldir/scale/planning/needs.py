"""From what a database holds to what ten times as much needs; pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Final, Literal, TypeAlias

from skeldir.scale.planning.costs import COSTS, ROOM
from skeldir.scale.planning.counting import Stock

TEN_FOLD: Final = 10
# With fewer rows than these the empty parts of pages would be counted as costs of a row.
_ENOUGH_TOUCHES: Final = 100_000
_ENOUGH_ORDERS: Final = 10_000
_DAY_S: Final = 86_400
_GIB: Final = 2**30
_MIB: Final = 2**20
_TOUCHES: Final = ("attribution_events",)
_ORDERS: Final = ("revenue_ledger", "order_journeys")

Bound: TypeAlias = Literal["memory", "disk", "cores"]


@dataclass(frozen=True, slots=True)
class Machine:
    """One server that could be had."""

    memory_gib: float
    cores: int
    disk_gib: float


@dataclass(frozen=True, slots=True)
class Needs:
    """What a multiple of a stock needs, all servers together, and how many servers of a kind that is.

    `touch_bytes` and `order_bytes` are for the table and its indexes, and from the database itself if `is_own` is
    true. `memory_bytes` holds every index of touches and orders, so that no insert waits for the disk, and the
    program's processes. `bound_by` is what decides the number of nodes. `largest_fits` is false when the largest tenant
    alone needs more than one server: a tenant is never divided. `months` until then at the pace of these days;
    None if nothing grew.
    """

    factor: int
    tenants: int
    touches: int
    orders: int
    touch_bytes: tuple[float, float]
    order_bytes: tuple[float, float]
    is_own: bool
    disk_bytes: int
    memory_bytes: int
    cores: float
    events_per_s: float
    nodes: int
    bound_by: Bound
    largest_fits: bool
    months: float | None


def plan_for(stock: Stock, machine: Machine, *, factor: int = TEN_FOLD) -> Needs:
    """Return what `factor` times the stock, at `factor` times its growth, needs of machines like this one."""
    is_own = stock.touches >= _ENOUGH_TOUCHES and stock.orders >= _ENOUGH_ORDERS
    touch, order = _bytes_of_each(stock) if is_own else _measured_bytes()
    touches, orders = factor * stock.touches, factor * stock.orders
    others = stock.total_bytes - sum(stock.of(*_TOUCHES, *_ORDERS))
    data = touches * sum(touch) + orders * sum(order) + factor * others
    disk = data * (1 + ROOM["free_disk"].value)
    memory = touches * touch[1] + orders * order[1] + _process_bytes()
    events = factor * (stock.growth.touches + stock.growth.entries) / (stock.growth.days * _DAY_S)
    cores = events * ROOM["peak"].value * COSTS["event_cpu_ms"].value / 1_000 / ROOM["busy"].value
    shares: dict[Bound, float] = {
        "memory": memory / (machine.memory_gib * _GIB),
        "disk": disk / (machine.disk_gib * _GIB),
        "cores": cores / machine.cores,
    }
    bound_by = max(shares, key=lambda name: shares[name])
    return Needs(
        factor,
        factor * stock.tenants,
        touches,
        orders,
        touch,
        order,
        is_own,
        round(disk),
        round(memory),
        cores,
        events,
        max(1, ceil(shares[bound_by])),
        bound_by,
        largest_fits=shares[bound_by] * stock.largest_share <= 1,
        months=_months(stock, factor),
    )


def _bytes_of_each(stock: Stock) -> tuple[tuple[float, float], tuple[float, float]]:
    table, index = stock.of(*_TOUCHES)
    of_orders = stock.of(*_ORDERS)
    return (
        (table / stock.touches, index / stock.touches),
        (of_orders[0] / stock.orders, of_orders[1] / stock.orders),
    )


def _measured_bytes() -> tuple[tuple[float, float], tuple[float, float]]:
    return (
        (COSTS["touch_table_bytes"].value, COSTS["touch_index_bytes"].value),
        (COSTS["order_table_bytes"].value, COSTS["order_index_bytes"].value),
    )


def _process_bytes() -> float:
    """Return what one API, two workers and one beat use: what `skeldir up` starts."""
    mib = COSTS["api_mib"].value + 2 * COSTS["worker_mib"].value + COSTS["beat_mib"].value
    return mib * _MIB


def _months(stock: Stock, factor: int) -> float | None:
    if not stock.growth.touches:
        return None
    return (factor - 1) * stock.touches / stock.growth.touches * stock.growth.days / (365 / 12)
