"""Reports as they were while the service was being filled, to be compared with what is said of those moments later."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx2

from skeldir.clock import utc_now


@dataclass(frozen=True, slots=True)
class NotedReport:
    """What the channel report of a tenant said at a moment. `when` says how far the service was filled."""

    whose: str
    key: str
    when: str
    moment: datetime
    report: dict[str, Any]


def read_report(base: str, key: str, **query: str) -> dict[str, Any]:
    """Return the first 1,000 rows of the channel report of the key's tenant. Raises `httpx2.HTTPStatusError`."""
    answer = httpx2.get(
        f"{base}/v1/attribution/channels",
        params={"limit": "1000", **query},
        headers={"Authorization": f"Bearer {key}"},
        timeout=30,
    )
    answer.raise_for_status()
    report: dict[str, Any] = answer.json()
    return report


def note_reports(
    base: str, tenants: Iterable[str], keys: Sequence[str], when: str
) -> list[NotedReport]:
    """Return the channel reports of tenants as they are now."""
    reports = [read_report(base, key) for key in keys]
    return [
        NotedReport(whose, key, when, utc_now(), report)
        for whose, key, report in zip(tenants, keys, reports, strict=True)
    ]
