"""What pages with a report share: its days, how fresh it is, its frame, and its tables as files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from skeldir.errors import SkeldirError
from skeldir.rollups import Freshness, read_freshness
from skeldir.users import Role, SavedReport, list_saved_reports
from skeldir.web.access import Membership
from skeldir.web.addresses import OPENED_FOR, with_parameters
from skeldir.web.answers import frame_of, send_values
from skeldir.web.downloads import send_csv
from skeldir.web.frames import Link
from skeldir.web.periods import ShownDays, read_days, usual_spans

if TYPE_CHECKING:
    from fastapi import Request, Response

    from skeldir.web.access import Visit
    from skeldir.web.formats import Formats
    from skeldir.web.frames import Frame
    from skeldir.web.phrases import Phrases
    from skeldir.web.tables import Table


SAVED: Final = "/saved"
SAVED_PATHS: Final = frozenset(
    {"/overview", "/channels", "/orders", "/paths", "/spend", "/evidence"}
)
"""The paths of the reports that can be saved, which are those that can be shared."""


class TableUnknown(SkeldirError):
    """The page has no table of this name."""

    code = "table_unknown"
    status = 404
    title = "The page has no such table"


@dataclass(frozen=True, slots=True)
class Report:
    """A page with a report: the request, the tenant whose data it reads, and what its template needs in any case."""

    request: Request
    page: Visit
    frame: Frame
    freshness: Freshness
    days: ShownDays
    saved: tuple[SavedReport, ...] = ()
    """What members have saved of this page."""

    @property
    def say(self) -> Phrases:
        """The texts of the page's language."""
        return self.frame.phrases

    @property
    def formats(self) -> Formats:
        """How the page writes values."""
        return self.frame.formats

    @property
    def spans(self) -> tuple[Link, ...]:
        """Links to usual spans of days."""
        today = self.freshness.as_of.astimezone(self.formats.zone).date()
        return usual_spans(self.request, self.say, self.days, today)

    @property
    def kept(self) -> tuple[tuple[str, str], ...]:
        """The parameters of the address that a form of days keeps."""
        return tuple(
            pair
            for pair in self.request.query_params.multi_items()
            if pair[0] not in {"from", "to", "cursor", "download", "done", OPENED_FOR}
        )

    @property
    def is_shared(self) -> bool:
        """Whether the report is read by a link to it."""
        return self.frame.is_shared

    @property
    def may_share(self) -> bool:
        """Whether whoever reads the report may make a link to it."""
        return isinstance(self.page, Membership) and self.page.role.covers(Role.MANAGER)

    @property
    def saved_links(self) -> tuple[Link, ...]:
        """Links to what members have saved of this page; the one that is shown is marked."""
        shown = sorted(self.request.query_params.multi_items())
        return tuple(
            Link(each.name, each.address, sorted(parse_qsl(each.query)) == shown)
            for each in self.saved
        )

    def parameter(self, name: str) -> str | None:
        """Return a parameter of the address; None if it is absent or empty."""
        return self.request.query_params.get(name, "").strip() or None

    def link(self, **changes: str | None) -> str:
        """Return the address of this page with some parameters changed (`web.addresses.with_parameters`)."""
        return with_parameters(self.request, **changes)

    def download_of(self, key: str) -> str:
        """Return the address of a table of this page as a file: of these days, also tomorrow."""
        first, last = self.days.first.isoformat(), self.days.last.isoformat()
        place = self.request.query_params.get("cursor")
        return self.link(from_=first, to=last, download=key, cursor=place)

    def choices(self, name: str, values: Sequence[tuple[str | None, str]]) -> tuple[Link, ...]:
        """Return links that set a parameter to each of some values, with their texts; None leaves it out.

        What is shown now is marked: the value in the address, or the one that stands for its absence.
        """
        current = self.parameter(name)
        return tuple(
            Link(text, self.link(**{name: value}), value == current) for value, text in values
        )


async def open_report(
    request: Request,
    page: Visit,
    name: str,
    *,
    title: str | None = None,
    breadcrumb: tuple[Link, ...] = (),
) -> Report:
    """Return a report's page: `name` is the page in the navigation, `title` what is shown if it is not the page's.

    Reads how fresh the sums are, and the tenant's zone.
    """
    freshness = await read_freshness(page.connection, page.profile.tenant_id)
    zone = ZoneInfo(freshness.time_zone)
    frame = frame_of(
        request,
        f"page.{name}",
        membership=page,
        zone=zone,
        current=name,
        shown_title=title,
        breadcrumb=breadcrumb,
    )
    days = read_days(request.query_params, freshness.as_of, zone)
    return Report(request, page, frame, freshness, days, await _read_saved(request, page))


async def _read_saved(request: Request, page: Visit) -> tuple[SavedReport, ...]:
    path = request.url.path
    if not isinstance(page, Membership) or path not in SAVED_PATHS:
        return ()
    saved = await list_saved_reports(page.connection, page.profile.tenant_id)
    return tuple(each for each in saved if each.path == path)


def send_report(
    template: str, report: Report, tables: Sequence[Table] = (), /, **values: object
) -> Response:
    """Return the page, or one of its tables as a file if the address asks for it.

    The template has `report`, `tables` by their keys, and `values`.

    Raises:
        TableUnknown: the address asks for a table that the page does not have.
    """
    by_key = {table.key: table for table in tables}
    asked = report.parameter("download")
    if asked is None:
        return send_values(template, report.frame, {"report": report, "tables": by_key, **values})
    table = by_key.get(asked)
    if table is None:
        raise TableUnknown(
            "The page has no table of this name for these days.",
            cure="Open the page without download= and follow the link beside the table.",
        )
    days = f"{report.days.first.isoformat()}-{report.days.last.isoformat()}"
    return send_csv(table, report.page.profile.name, days)
