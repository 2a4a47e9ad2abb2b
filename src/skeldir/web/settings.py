"""What the pages of settings share: their tabs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from skeldir.web.frames import Link

if TYPE_CHECKING:
    from skeldir.web.phrases import Phrases

MEMBERS: Final = "/settings/members"
KEYS: Final = "/settings/keys"
TENANT: Final = "/settings/tenant"

_TABS: Final = (("members", MEMBERS), ("keys", KEYS), ("tenant", TENANT))


def settings_tabs(say: Phrases, current: str) -> tuple[Link, ...]:
    """Return links to the pages of settings."""
    return tuple(Link(say(f"settings.{name}"), path, path == current) for name, path in _TABS)
