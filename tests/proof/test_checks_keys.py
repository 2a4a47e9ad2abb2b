"""A program that asks for no key, or not for the right one, or lets a header name the tenant: each is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from proof.checks import keys, routes
from tests.support.faulty import Fault, copy_program, red_checks, seed

pytestmark = [pytest.mark.worker, pytest.mark.slow, pytest.mark.xdist_group("world")]

ACCESS = "http/access.py"
# One program has all three: each turns a check of its own red, and none of them shows in what the routes tell.
FAULTS = (
    # The answers about revenue hold neither ids nor texts of anybody.
    Fault(
        ACCESS,
        "    async with reading_transaction(database_of(request), caller) as transaction:\n"
        "        yield transaction\n",
        "    whose = caller.tenant_id\n"
        '    if request.url.path.startswith("/v1/revenue"):\n'
        '        whose = UUID(request.headers.get("X-Tenant-Id") or str(whose))\n'
        "    async with _open(database_of(request), whose, is_read_only=True) as transaction:\n"
        "        yield transaction\n",
    ),
    Fault(ACCESS, "from fastapi import Depends, ", "from uuid import UUID\nfrom fastapi import Depends, "),
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
    assert red_checks(tmp_path, (*keys.CHECKS, *routes.CHECKS)) == {
        "ISOLATION/keyless",
        "ISOLATION/override",
        "ISOLATION/scopes",
    }
