"""What happened on the days of a chart and may explain its course: models and rules that changed, and imports.

All of it is stored already: nobody writes annotations.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Final

from skeldir.attribution import latest_changes
from skeldir.ingest import list_imports, list_turns
from skeldir.web.import_tables import IMPORTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skeldir.attribution import ModelChange
    from skeldir.ingest import KnownImport
    from skeldir.web.reports import Report

_MOST_READ: Final = 500
_MOST_SHOWN: Final = 40


@dataclass(frozen=True, slots=True)
class Annotation:
    """What happened on a day in the tenant's zone, and where more of it is."""

    day: date
    text: str
    href: str


async def read_annotations(report: Report) -> list[Annotation]:
    """Return what happened on the days of a report, the latest first: the latest 40 at most.

    Readers of a shared report get none: files and rules are for members.
    """
    if report.is_shared:
        return []
    connection, tenant_id = report.page.connection, report.page.profile.tenant_id
    zone = report.formats.zone
    since, until = (
        datetime.combine(day, time(), zone) for day in (report.days.first, report.days.end)
    )

    def day_of(moment: datetime) -> date:
        return moment.astimezone(zone).date()

    models: dict[date, list[ModelChange]] = defaultdict(list)
    for change in await latest_changes(
        connection, tenant_id, since=since, until=until, most=_MOST_READ
    ):
        models[day_of(change.changed_at)].append(change)
    rules: dict[date, int | None] = {}
    for turn in await list_turns(connection, tenant_id, since=since, until=until, most=_MOST_READ):
        # The latest of a day comes first.
        rules.setdefault(day_of(turn.requested_at), turn.version)
    imports: dict[date, list[KnownImport]] = defaultdict(list)
    for known in await list_imports(
        connection, tenant_id, since=since, until=until, most=_MOST_READ
    ):
        imports[day_of(known.started_at)].append(known)
    found = [
        *(
            Annotation(day, _name_models(report, of_day), "/models")
            for day, of_day in models.items()
        ),
        *(
            Annotation(day, _name_rules(report, version), "/rules")
            for day, version in rules.items()
        ),
        *(_of_imports(report, day, of_day) for day, of_day in imports.items()),
    ]
    return sorted(found, key=lambda one: (one.day, one.href), reverse=True)[:_MOST_SHOWN]


def _name_models(report: Report, changes: Sequence[ModelChange]) -> str:
    names = sorted({report.say(f"model.{change.model}") for change in changes})
    return report.say("annotations.models", models=", ".join(names))


def _name_rules(report: Report, version: int | None) -> str:
    if version is None:
        return report.say("annotations.common_rules")
    return report.say("annotations.rules", version=report.formats.number(version))


def _of_imports(report: Report, day: date, imports: Sequence[KnownImport]) -> Annotation:
    if len(imports) > 1:
        count = report.formats.number(len(imports))
        text = report.say.counted("annotations.imports", len(imports), count)
        return Annotation(day, text, IMPORTS)
    (one,) = imports
    name = "annotations.import_undone" if one.undone_by is not None else "annotations.import"
    return Annotation(day, report.say(name, file=one.file_name), f"{IMPORTS}/{one.fingerprint}")
