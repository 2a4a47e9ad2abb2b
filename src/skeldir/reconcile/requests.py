"""Asking for a comparison: which days, platform and model; one at a time per tenant."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.attribution import MODEL_NAMES, ModelInForce, models_in_force
from skeldir.db import new_id
from skeldir.errors import InputInvalid
from skeldir.jobs import enqueue, is_enqueued
from skeldir.reconcile.kinds import RECONCILE
from skeldir.reconcile.refusals import ModelNotChosen, PlatformUnknown, ReconciliationRunning
from skeldir.reconcile.store import queries
from skeldir.spend import list_campaigns

if TYPE_CHECKING:
    from skeldir.db import Connection

MOST_DAYS: Final = 400
_FIRST_DAY: Final = date(1900, 1, 1)
_LAST_DAY: Final = date(2999, 12, 31)
_ABANDONED: Final = "abandoned: The processes that made it ended, and no job is left."


async def request_reconciliation(
    connection: Connection,
    tenant_id: UUID,
    *,
    first: date,
    last: date,
    platform: str | None,
    model: str | None,
    requested_by: str,
) -> UUID:
    """Ask for a comparison of the days from `first` to `last`, both included; return its id. A job makes it.

    Raises:
        ReconciliationRunning: one of the tenant has not ended.
        ModelNotChosen: no model is given, and several are in force; or it is not in force.
        PlatformUnknown: nothing is recorded of the platform.
        InputInvalid: the days are in the wrong order, too many, or not of these centuries.
    """
    if first < _FIRST_DAY or last > _LAST_DAY:
        raise InputInvalid(
            f"Days must be from {_FIRST_DAY} to {_LAST_DAY}.",
            cure="Correct --from or --to, or their fields.",
        )
    if first > last:
        raise InputInvalid("The first day is after the last.", cure="Exchange them.")
    if (last - first).days >= MOST_DAYS:
        raise InputInvalid(
            f"More than {MOST_DAYS} days would be compared.", cure="Ask for fewer days at a time."
        )
    chosen = choose_model(await models_in_force(connection, tenant_id), model)
    known = {one.platform for one in await list_campaigns(connection, tenant_id)}
    if platform is not None and platform not in known:
        raise PlatformUnknown(
            f"Nothing is recorded of {platform!r:.50}.",
            cure="`skeldir spend list` shows the platforms that something is recorded of.",
        )
    waiting = await queries.find_waiting(connection, tenant_id=tenant_id)
    if waiting is not None and not await is_enqueued(connection, tenant_id, RECONCILE):
        await queries.note_fault(
            connection, tenant_id=tenant_id, id=waiting, is_final=True, error=_ABANDONED
        )
    made = await queries.insert_reconciliation(
        connection,
        tenant_id=tenant_id,
        id=new_id(),
        first_day=first,
        last_day=last,
        platform=platform,
        model_version=chosen.model_version,
        requested_by=requested_by,
    )
    if made is None:
        raise ReconciliationRunning(
            "A comparison of this tenant has not ended yet.",
            cure="Wait until it has: `skeldir reconcile list` and GET /v1/reconciliations show its state.",
        )
    await enqueue(connection, tenant_id, RECONCILE, {"reconciliation": str(made)})
    return made


def choose_model(in_force: list[ModelInForce], model: str | None) -> ModelInForce:
    """Return the model in force of this name, or the only one. Raises ModelNotChosen."""
    names = ", ".join(one.model for one in in_force)
    chosen = [one for one in in_force if model in (None, one.model)]
    if len(chosen) == 1:
        return chosen[0]
    detail = (
        f"Several models are in force, and each credits other money to a platform: {names}."
        if model is None
        else f"{model!r:.50} is not in force; {names or 'no model'} is."
    )
    raise ModelNotChosen(
        detail,
        cure=f"Choose one: `--model {MODEL_NAMES[0]}`, or `model` in the request."
        if not in_force
        else f"Choose one: `--model {in_force[0].model}`, or `model` in the request.",
    )
