"""`/v1/lift-tests`: what experiments measured, beside what models credit."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from skeldir.http import READ_PROBLEMS, NoQuery, ReadTransaction
from skeldir.lifts.reading import list_lift_tests
from skeldir.lifts.schemas import LiftTestsReport

router = APIRouter(prefix="/v1/lift-tests", tags=["models"])


@router.get("", responses=READ_PROBLEMS, summary="Lift tests beside models")
async def get_lift_tests(
    query: Annotated[NoQuery, Query()],  # noqa: ARG001 - it refuses what it does not know
    transaction: ReadTransaction,
) -> LiftTestsReport:
    """List what experiments measured of channels, and whether each model's credit is inside the measured interval.

    At most 200 tests, those of the latest days first. `skeldir lift import` records them.
    """
    return LiftTestsReport(
        await list_lift_tests(transaction.connection, transaction.profile.tenant_id)
    )
