"""`GET /v1/collect/claimed-orders`: what pages say of orders, beside the ledger."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from skeldir.collect.claims import ClaimedOrders, list_claims
from skeldir.http import READ_PROBLEMS, NoQuery, ReadTransaction

router = APIRouter(prefix="/v1/collect", tags=["collect"])


@router.get("/claimed-orders", responses=READ_PROBLEMS, summary="Orders that pages claim")
async def get_claimed_orders(
    query: Annotated[NoQuery, Query()],  # noqa: ARG001 - it refuses what it does not know
    transaction: ReadTransaction,
) -> ClaimedOrders:
    """List what came of orders with write keys, the newest first, each with what the ledger has of the order.

    At most 100. Anybody can send with a write key, so such an order is no money until a webhook, a server or a file
    says the same.
    """
    return ClaimedOrders(await list_claims(transaction.connection, transaction.profile.tenant_id))
