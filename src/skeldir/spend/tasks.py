"""The room's jobs: campaigns' channels by other rules."""

from __future__ import annotations

from skeldir.ingest import RESTATE_SPEND
from skeldir.jobs import JobKind
from skeldir.spend.restating import restate_for_tenant

RESTATE_KIND = JobKind(RESTATE_SPEND, restate_for_tenant)
