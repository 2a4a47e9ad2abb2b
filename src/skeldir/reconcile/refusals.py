"""Why a comparison is refused: errors with their cures."""

from __future__ import annotations

from skeldir.errors import SkeldirError


class ReconciliationRunning(SkeldirError):
    """A comparison of the tenant has not ended yet."""

    code = "reconciliation_running"
    status = 409
    title = "A comparison is being made"


class ReconciliationUnknown(SkeldirError):
    """The tenant has no comparison with this id."""

    code = "reconciliation_unknown"
    status = 404
    title = "There is no such comparison"


class ModelNotChosen(SkeldirError):
    """Several models are in force, and each verifies other money."""

    code = "model_not_chosen"
    status = 422
    title = "The model is not chosen"


class PlatformUnknown(SkeldirError):
    """Nothing is recorded of this platform."""

    code = "platform_unknown"
    status = 422
    title = "The platform is not known"


class ExpectationOpen(SkeldirError):
    """Nothing says whether a file should have all orders of its days, or only those that a platform brought."""

    code = "expectation_open"
    status = 422
    title = "Which orders the file should have is not known"
