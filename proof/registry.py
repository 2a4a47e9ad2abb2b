"""The closed list of faults and gates. Cheap hypotheses come first; the one that stops the database comes last."""

from __future__ import annotations

from dataclasses import dataclass

from proof.checks import (
    ad_spend,
    channel_rules,
    claims,
    inbox,
    injection,
    isolation,
    kept_journeys,
    known_at,
    ledger,
    liveness,
    locks,
    migration,
    observability,
    payouts,
    repository,
    views,
)
from proof.contract import Check, Hypothesis


@dataclass(frozen=True, slots=True)
class Gate:
    """What must be shut before the commit is used; it is computed from the verdicts of the hypotheses it requires."""

    name: str
    what: str
    requires: tuple[str, ...]


def _hypothesis(name: str, fault: str, checks: tuple[Check, ...]) -> Hypothesis:
    return Hypothesis(name, fault, tuple(check for check in checks if check.hypothesis == name))


HYPOTHESES = (
    _hypothesis("H-REPO-01", "The state under test cannot be reproduced.", repository.CHECKS),
    _hypothesis("H-MIG-01", "A database with rows does not upgrade to head.", migration.CHECKS),
    _hypothesis("H-INJ-01", "The refresh path can be made to run other SQL.", injection.CHECKS),
    _hypothesis(
        "H-QUAL-01",
        "The refresh path can be made to refresh another schema's view.",
        injection.CHECKS,
    ),
    _hypothesis(
        "H-LOCK-01",
        "Two refreshes of a view run at once, or a lock outlives its holder.",
        locks.CHECKS,
    ),
    _hypothesis(
        "H-MV-01",
        "The view inventory drifts, or `app_user` cannot refresh it, or the views do not show what happened.",
        views.CHECKS,
    ),
    _hypothesis(
        "LEDGER",
        "Credit, rollups or views do not add up to the ledger, to the cent.",
        (
            *ledger.CHECKS,
            *ad_spend.CHECKS,
            *claims.CHECKS,
            *payouts.CHECKS,
            *channel_rules.CHECKS,
            *kept_journeys.CHECKS,
            *known_at.CHECKS,
        ),
    ),
    _hypothesis("ISOLATION", "One tenant can see or change what is another's.", isolation.CHECKS),
    _hypothesis(
        "LIVENESS",
        "One tenant, one request or one hot key stops what serves the others.",
        liveness.CHECKS,
    ),
    _hypothesis(
        "H-INBOX-01",
        "The inbox can be made to book money that its provider did not sign, or twice, or for another tenant, or to "
        "keep personal data.",
        inbox.CHECKS,
    ),
    _hypothesis(
        "H-OBS-01",
        "The running service cannot be seen, or what it shows of itself reveals tenants or persons.",
        observability.CHECKS,
    ),
)

GATES = (
    Gate("S0", "repository truth", ("H-REPO-01",)),
    Gate("S1", "migration determinism on a database with rows", ("H-MIG-01",)),
    Gate("S2", "refresh hardening", ("H-INJ-01", "H-QUAL-01", "H-LOCK-01")),
    Gate(
        "S3",
        "view contract and refresh privilege, contents included",
        ("H-MV-01", "LEDGER", "ISOLATION"),
    ),
    Gate(
        "S4",
        "the same run in CI for the commit itself, with the log anchors",
        tuple(hypothesis.name for hypothesis in HYPOTHESES),
    ),
)
