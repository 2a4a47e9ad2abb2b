"""Whether the process answers at all."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The process is up."""

    status: Literal["healthy"]


@router.get("/health", response_model=Health, summary="The process answers")
async def health() -> dict[str, str]:
    """Say that the process answers; it does not ask the database."""
    return {"status": "healthy"}
