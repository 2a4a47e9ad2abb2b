"""What members did, in words: names in the place of the ids that the log keeps, with links to what they name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.ingest import list_imports
from skeldir.notices import list_destinations
from skeldir.reconcile import list_reconciliations
from skeldir.spend import list_loads
from skeldir.web.frames import Link
from skeldir.web.import_tables import IMPORTS
from skeldir.web.settings import NOTICES
from skeldir.web.spend_tables import COMPARISONS, RECORDED

if TYPE_CHECKING:
    from skeldir.users import Action
    from skeldir.web.access import Membership
    from skeldir.web.frames import Frame

_MOST_READ: Final = 1_000
_IMPORT, _COMPARISON, _LOAD, _NOTICES = "import.", "reconciliation.", "spend.", "notices."

Named = Mapping[str, Link]
"""What each id names, and where that is shown."""


async def name_subjects(
    page: Membership, frame: Frame, actions: Collection[Action]
) -> dict[UUID, Link]:
    """Return to what each action was done, where its subject has an id, by the action's own id.

    What is not among the latest of its kind, and destinations that were removed, keep their ids.
    """
    found: dict[UUID, Link] = {}
    for prefix, read in (
        (_IMPORT, _read_imports),
        (_COMPARISON, _read_comparisons),
        (_LOAD, _read_loads),
        (_NOTICES, _read_destinations),
    ):
        some = [each for each in actions if each.action.startswith(prefix)]
        if not some:
            continue
        names = await read(page, frame)
        for each in some:
            named = _find(each.subject, names)
            if named is not None:
                found[each.action_id] = named
    return found


def _find(subject: str, names: Named) -> Link | None:
    """Return a subject with the name in the place of the id; it may say more before or after it."""
    for word in subject.replace(":", " ").split():
        if (named := names.get(word)) is not None:
            return Link(subject.replace(word, named.text), named.href)
    return None


async def _read_imports(page: Membership, _frame: Frame) -> Named:
    imports = await list_imports(page.connection, page.profile.tenant_id, most=_MOST_READ)
    return {one.fingerprint: Link(one.file_name, f"{IMPORTS}/{one.fingerprint}") for one in imports}


async def _read_comparisons(page: Membership, frame: Frame) -> Named:
    say, day = frame.phrases, frame.formats.day
    compared = await list_reconciliations(page.connection, page.profile.tenant_id, most=_MOST_READ)
    return {
        str(one.id): Link(
            say("spend.days_of", first=day(one.first_day), last=day(one.last_day)),
            f"{COMPARISONS}/{one.id}",
        )
        for one in compared
    }


async def _read_loads(page: Membership, _frame: Frame) -> Named:
    loads = await list_loads(page.connection, page.profile.tenant_id, most=_MOST_READ)
    return {str(one.id): Link(one.source, RECORDED) for one in loads}


async def _read_destinations(page: Membership, _frame: Frame) -> Named:
    destinations = await list_destinations(page.connection, page.profile.tenant_id)
    return {str(one.id): Link(one.address, NOTICES) for one in destinations}
