"""A program that asks for no key, or not for the right one, or lets a header name the tenant: each is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from proof.checks import keyless, keys, routes
from tests.support.faulty import Fault, copy_program, red_checks, seed

pytestmark = [pytest.mark.worker, pytest.mark.slow, pytest.mark.xdist_group("world")]

ACCESS = "http/access.py"
READING = "http/reading.py"
# One program has all three: each turns a check of its own red, and none of them shows in what the routes tell.
FAULTS = (
    # The answers about revenue hold neither ids nor texts of anybody.
    Fault(
        READING,
        "    return Reading(request, caller)\n",
        '    whose = request.headers.get("X-Tenant-Id")\n'
        '    if whose is not None and request.url.path.startswith("/v1/revenue"):\n'
        "        caller = replace(caller, holder=replace(caller.holder, tenant_id=UUID(whose)))\n"
        "    return Reading(request, caller)\n",
    ),
    Fault(
        READING,
        "from dataclasses import dataclass\n",
        "from dataclasses import dataclass, replace\nfrom uuid import UUID\n",
    ),
    Fault(
        ACCESS,
        "        if caller.holder.scopes.isdisjoint(self._scopes):\n",
        "        if False:\n",
    ),
    Fault(
        "http/health.py",
        '@router.get(\n    "/metrics",\n',
        '@router.post("/v1/hidden", include_in_schema=False)\n'
        "async def hidden() -> Response:\n"
        '    return Response("open")\n\n\n'
        '@router.get(\n    "/metrics",\n',
    ),
)  # fmt: skip


def test_a_hidden_door_a_tenant_in_a_header_and_a_key_for_everything_are_named(
    tmp_path: Path,
) -> None:
    seed(copy_program(tmp_path), *FAULTS)
    assert red_checks(tmp_path, (*keyless.CHECKS, *keys.CHECKS, *routes.CHECKS)) == {
        "ISOLATION/keyless",
        "ISOLATION/override",
        "ISOLATION/scopes",
    }
