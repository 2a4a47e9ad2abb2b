"""What a tenant without money shows instead of reports: the way in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skeldir.ingest import has_facts
from skeldir.users import Role
from skeldir.web.access import Membership
from skeldir.web.answers import go_to
from skeldir.web.import_tables import NEW_IMPORT
from skeldir.web.reports import Report, send_report

if TYPE_CHECKING:
    from fastapi import Response


async def send_without_money(report: Report) -> Response:
    """Lead whoever may import to the import if the tenant has no facts at all; else return how money comes in."""
    page = report.page
    may_import = isinstance(page, Membership) and page.role.covers(Role.MANAGER)
    if may_import and not await has_facts(page.connection, page.profile.tenant_id):
        return go_to(NEW_IMPORT)
    new_import = NEW_IMPORT if may_import else None
    return send_report("overview_empty.html", report, new_import=new_import)
