"""Orders that cannot be credited by their journeys: each is set aside with a reason, and does not stop the rest."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final, Literal

import asyncpg

logger = logging.getLogger(__name__)

Reason = Literal["journey_too_long", "order_too_large", "credit_failed"]

# What computing the credit of a single order can raise: numbers that do not fit, credit that contradicts its order.
COMPUTING_FAULTS: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)
# What the database raises when it rejects the rows of a single order. Anything else is a failure of the database.
WRITING_FAULTS: Final = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.exceptions.InternalClientError,
)


@dataclass(frozen=True, slots=True)
class SetAside:
    """Why an order is set aside. The detail contains nothing that a tenant sent."""

    reason: Reason
    detail: str


def set_aside_for(fault: Exception) -> SetAside:
    """Return `credit_failed` with the type of the error; the log has the traceback, for whoever fixes the program."""
    logger.error("attribution.order_failed %s", type(fault).__name__, exc_info=fault)
    if isinstance(fault, asyncpg.PostgresError):
        return SetAside("credit_failed", f"{type(fault).__name__} (SQLSTATE {fault.sqlstate})")
    return SetAside("credit_failed", type(fault).__name__)
