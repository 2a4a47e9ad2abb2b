"""What the pages of settings share: their tabs, and the note of what was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from skeldir.users import note_action
from skeldir.web.frames import Link

if TYPE_CHECKING:
    from uuid import UUID

    from skeldir.web.access import Membership
    from skeldir.web.phrases import Phrases

MEMBERS: Final = "/settings/members"
KEYS: Final = "/settings/keys"
TERMS_OF_KEY: Final = KEYS + "/{key_id}/terms"
NOTICES: Final = "/settings/notices"
TENANT: Final = "/settings/tenant"

_TABS: Final = (("members", MEMBERS), ("keys", KEYS), ("notices", NOTICES), ("tenant", TENANT))


def settings_tabs(say: Phrases, current: str) -> tuple[Link, ...]:
    """Return links to the pages of settings."""
    return tuple(Link(say(f"settings.{name}"), path, path == current) for name, path in _TABS)


def terms_of_key(key_id: UUID) -> str:
    """Return the address of the form of what a key may collect."""
    return TERMS_OF_KEY.format(key_id=key_id)


async def note(form: Membership, action: str, subject: str) -> None:
    """Note in the tenant's log what the member of a form did."""
    await note_action(form.connection, form.profile.tenant_id, form.session.email, action, subject)
