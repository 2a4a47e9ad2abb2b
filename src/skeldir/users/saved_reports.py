"""Reports that a tenant's members have saved: the address of a report of this site, under a name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from skeldir.db import new_id, wait_for_lock
from skeldir.errors import InputInvalid, SkeldirError
from skeldir.users.store import queries

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from skeldir.db import Connection

MOST_SAVED: Final = 100
LONGEST_REPORT_NAME: Final = 80
# Control characters, other ends of lines, and marks that turn the direction of what follows.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


class SavedReportUnknown(SkeldirError):
    """The tenant has saved no such report."""

    code = "saved_report_unknown"
    status = 404
    title = "The saved report is not known"


class SavedReportsTooMany(SkeldirError):
    """The tenant has saved as many reports as it may."""

    code = "saved_reports_too_many"
    status = 409
    title = "There are too many saved reports"


class ReportNameTaken(SkeldirError):
    """Another saved report has the name."""

    code = "report_name_taken"
    status = 409
    title = "The name is taken"


@dataclass(frozen=True, slots=True)
class SavedReport:
    """A saved report: the path of its page, and its parameters as an address has them."""

    report_id: UUID
    name: str
    path: str
    query: str
    saved_at: datetime

    @property
    def address(self) -> str:
        """Where it is."""
        return f"{self.path}?{self.query}" if self.query else self.path


async def list_saved_reports(connection: Connection, tenant_id: UUID) -> list[SavedReport]:
    """Return what the transaction's tenant has saved, by report and name."""
    rows = await queries.select_saved_reports(connection, tenant_id=tenant_id, most=MOST_SAVED)
    return [SavedReport(**row) for row in rows]


async def save_report(
    connection: Connection, tenant_id: UUID, name: str, path: str, query: str
) -> str:
    """Save an address of the transaction's tenant, instead of what has the name so far; return the name as it is kept.

    Raises:
        InputInvalid: the name is none.
        SavedReportsTooMany: the tenant has 100.
    """
    kept = _read_name(name)
    await wait_for_lock(connection, f"saved reports {tenant_id}")
    saved = await list_saved_reports(connection, tenant_id)
    is_new = all((each.path, each.name) != (path, kept) for each in saved)
    if is_new and len(saved) >= MOST_SAVED:
        raise SavedReportsTooMany(
            f"The tenant has saved {MOST_SAVED} reports.", cure="Remove those that nobody opens."
        )
    await queries.put_saved_report(
        connection, tenant_id=tenant_id, report_id=new_id(), name=kept, path=path, query=query
    )
    return kept


async def rename_saved_report(
    connection: Connection, tenant_id: UUID, report_id: UUID, name: str
) -> str:
    """Give a saved report of the transaction's tenant another name; return the one that it had.

    Raises:
        InputInvalid: the name is none.
        SavedReportUnknown: there is no such report.
        ReportNameTaken: another address of the same report has the name.
    """
    kept = _read_name(name)
    await wait_for_lock(connection, f"saved reports {tenant_id}")
    saved = {each.report_id: each for each in await list_saved_reports(connection, tenant_id)}
    own = saved.get(report_id)
    if own is None:
        raise saved_report_unknown()
    if any(
        (each.path, each.name) == (own.path, kept)
        for each in saved.values()
        if each.report_id != report_id
    ):
        raise ReportNameTaken(
            f"Another saved report is called {kept}.",
            cure="Choose another name, or remove that one.",
        )
    await queries.rename_saved_report(
        connection, tenant_id=tenant_id, report_id=report_id, name=kept
    )
    return own.name


async def remove_saved_report(connection: Connection, tenant_id: UUID, report_id: UUID) -> str:
    """Remove a saved report of the transaction's tenant; return its name.

    Raises:
        SavedReportUnknown: there is no such report.
    """
    name = await queries.delete_saved_report(connection, tenant_id=tenant_id, report_id=report_id)
    if name is None:
        raise saved_report_unknown()
    return name


def saved_report_unknown() -> SavedReportUnknown:
    """Return the error for one that does not exist, or not any more."""
    return SavedReportUnknown(
        "The tenant has saved no such report, or it was removed.",
        cure="Open the list of saved reports again.",
    )


def _read_name(text: str) -> str:
    name = text.strip()
    if not 1 <= len(name) <= LONGEST_REPORT_NAME or _CONTROL.search(name):
        raise InputInvalid(
            f"The name of a saved report has 1 to {LONGEST_REPORT_NAME} characters on one line.",
            cure="Give it a shorter name, or any.",
        )
    return name
