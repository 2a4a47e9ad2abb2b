"""Pages that lead to the provider.

A page, and not a redirect: browsers apply `form-action` to the redirects that follow a form, and a provider may lead on
to hosts that nobody here knows. A link may lead anywhere, and so may Refresh.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skeldir.web.answers import frame_of, send_page

if TYPE_CHECKING:
    from fastapi import Request, Response

    from skeldir.web.providers import Provider


def lead_away(request: Request, template: str, place: str, provider: Provider) -> Response:
    """Return a page that leads to a place of the provider at once, and by a link where browsers do not."""
    page = send_page(
        template,
        frame_of(request, "provider.title"),
        place=place,
        provider=provider.settings.name,
    )
    page.headers["Refresh"] = f"0; url={place}"
    return page
