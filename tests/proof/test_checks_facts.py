"""A seeded fault in the credit, the metrics or the health turns red the checks that are there for it, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from proof.checks import ledger, observability
from tests.support.faulty import Fault, copy_program, red_checks, seed

RULES = "attribution/models/rules.py"
FIRST_TOUCH = '"first_touch": lambda touches: {touches[0].channel_code: 1}'
LARGEST_FIRST = "sorted(range(len(parts)), key=remainders.__getitem__, reverse=True)"
COUNTED = "HTTP_SECONDS.labels(method, route, status)"
HEALTH = "http/health.py"
# What is seeded together is far apart, and seen by checks of its own: each run starts a service.
FAULTS = {
    "a first touch that is the last, a client's address in a route, any revision ready, nobody a worker": (
        (
            Fault(RULES, FIRST_TOUCH, FIRST_TOUCH.replace("[0]", "[-1]")),
            Fault("http/middleware.py", COUNTED, COUNTED.replace("route", "scope['client'][0]")),
            Fault(HEALTH, "if found == self._needs.revision:", "if found:"),
            Fault(
                HEALTH,
                'if "worker" in processes and processes["worker"].alive:',
                "if heard is not None:",
            ),
        ),
        {
            "LEDGER/models",
            "LEDGER/rollups",
            "H-OBS-01/labels",
            "H-OBS-01/readiness",
            "H-OBS-01/worker",
        },
    ),
    "a remainder for the first channel by name, a tenant's id without hyphens in a label, any views ready": (
        (
            Fault("money.py", LARGEST_FIRST, "range(len(parts))"),
            Fault(
                "observability/context.py",
                "    _tenant_id.set(tenant_id)\n",
                "    _tenant_id.set(tenant_id)\n"
                "    from skeldir.observability.metrics import INGEST_ITEMS\n"
                '    INGEST_ITEMS.labels("touch", tenant_id.hex)\n',
            ),
            Fault(HEALTH, "sorted(found ^ self._needs.view_names)", "[]"),
        ),
        # The cents that were credited otherwise are lost with the sums of channels that touches left by a rule.
        {
            "LEDGER/models",
            "LEDGER/rollups",
            "LEDGER/drift",
            "H-OBS-01/labels",
            "H-OBS-01/readiness",
        },
    ),
}

pytestmark = [pytest.mark.worker, pytest.mark.slow]


@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_seeded_fault_turns_its_own_checks_red_and_no_other(tmp_path: Path, fault: str) -> None:
    faults, seen_by = FAULTS[fault]
    seed(copy_program(tmp_path), *faults)
    assert red_checks(tmp_path, [*ledger.CHECKS, *observability.CHECKS]) == seen_by
