"""The pages that every page links to, in their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from skeldir.users import Role
from skeldir.web.addresses import across_pages
from skeldir.web.frames import Link

if TYPE_CHECKING:
    from fastapi import Request

    from skeldir.web.phrases import Phrases


@dataclass(frozen=True, slots=True)
class Place:
    """A page in the navigation: its name is that of its text, `page.<name>`. It is for members from a role on."""

    name: str
    path: str
    role: Role = Role.VIEWER


PLACES: Final = (
    Place("overview", "/overview"),
    Place("channels", "/channels"),
    Place("orders", "/orders"),
    Place("paths", "/paths"),
    Place("spend", "/spend"),
    Place("health", "/data-health"),
    Place("rules", "/rules"),
    Place("models", "/models"),
    Place("evidence", "/evidence"),
    Place("exports", "/exports"),
    Place("settings", "/settings/members", Role.ADMIN),
)


def links_of(request: Request, say: Phrases, role: Role, current: str | None) -> tuple[Link, ...]:
    """Return the links to all pages that a role may see; those of reports keep days and currency."""
    return tuple(
        Link(say(f"page.{place.name}"), across_pages(request, place.path), place.name == current)
        for place in PLACES
        if role.covers(place.role)
    )
