"""Fits of the world's two tenants, stored as the program stores them: their journeys are too few to make one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from proof.stage.planting import Plan
from skeldir.db import open_database
from skeldir.fits import activate_fit

if TYPE_CHECKING:
    from skeldir.db import Connection

FIT: Final = "shapley@1"
_STORE: Final = """
    INSERT INTO public.model_fits
        (tenant_id, model, version, made_by, first_day, last_day, lookback_days, level_percent, draws, seed, journeys,
         conversions, touches, data_sha256, result)
    VALUES (public.current_tenant_id(), 'shapley', 1, $1::text, '2025-11-01', '2025-11-30', 30, 90, 1000, 0, 500, 100,
            900, sha256($1::text::bytea), $2::jsonb)"""
_ASK: Final = """
    INSERT INTO public.fit_requests
        (tenant_id, id, model, first_day, last_day, lookback_days, level_percent, draws, seed, asked_by)
    VALUES (public.current_tenant_id(), $1, 'shapley', '2025-11-01', '2025-11-30', 30, 90, 1000, 0, $2)"""
_SHARES: Final = (("email", 0.5), ("paid_search", 0.3), ("direct", 0.05))
_OF_ITS_OWN: Final = 0.15
"""The share of a tenant's own channel. The fit does not know others, which rules and corrections give touches."""


async def put_fits_in_force(url: str, plans: Iterable[Plan]) -> None:
    """Give each tenant one fit, and have its orders credited by it beside the other models."""
    async with open_database(url, pool_size=1, statement_timeout_ms=30_000) as database:
        for plan in plans:
            async with database.tenant(plan.tenant_id) as connection:
                await _keep_fit(connection, plan)
                await activate_fit(connection, plan.tenant_id, FIT, changed_by="proof")


async def _keep_fit(connection: Connection, plan: Plan) -> None:
    result = {
        "channels": [_earned(*one) for one in (*_SHARES, (plan.channel, _OF_ITS_OWN))],
        "conversion_probability": None,
        "orders": [],
        "largest_difference": 0.0,
        "without_touch": 0,
        "without_key": 0,
        "over_refunded": 0,
    }
    await connection.execute(_STORE, plan.channel, json.dumps(result))
    await connection.execute(_ASK, fit_request_of(plan.tenant_id), plan.channel)


def fit_request_of(tenant_id: UUID) -> UUID:
    """Return the id of what a tenant has asked for. No job makes it."""
    return UUID(int=tenant_id.int ^ 17)


def _earned(channel: str, share: float) -> dict[str, Any]:
    earned = {"value": share, "lower": None, "upper": None}
    return {
        "channel": channel,
        "journeys": 500,
        "converted": 100,
        "has_enough_data": False,
        "removal_effect": None,
        "share": earned,
        "posterior": None,
        "conversions": earned | {"value": 100 * share},
        "earnings": [],
    }
