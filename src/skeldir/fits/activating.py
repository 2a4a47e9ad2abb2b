"""Fits in force: what a fit gives each order's channels, as a model version beside the others."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.attribution import (
    FittedVersion,
    part_of_weight,
    put_fit_in_force,
    whole_weights,
)
from skeldir.fits.storing import find_fit

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.fits.schemas import Fit


def weigh_fit(fit: Fit) -> FittedVersion:
    """Return a fit as a model version: each channel weighs its share of the conversions."""
    one = fit.fit
    return FittedVersion(
        one.model,
        int(one.version.partition("@")[2]),
        one.lookback_days,
        whole_weights({each.channel: each.share.value for each in fit.result.channels}),
        {
            each.channel: (part_of_weight(each.share.lower), part_of_weight(each.share.upper))
            for each in fit.result.channels
            if each.share.lower is not None and each.share.upper is not None
        },
    )


async def activate_fit(
    connection: Connection, tenant_id: UUID, version: str, *, changed_by: str
) -> FittedVersion:
    """Put a fit of the transaction's tenant in force in place of the last one of its model, and return it.

    Nothing changes if it is in force already. `retire_model` takes it out of force.

    Raises:
        FitUnknown: there is no such fit.
        ModelVersionInvalid: its lookback is longer than the tenant's touches are kept.
    """
    fitted = weigh_fit(await find_fit(connection, tenant_id, version))
    await put_fit_in_force(connection, tenant_id, fitted, changed_by=changed_by)
    return fitted
