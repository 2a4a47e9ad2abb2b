"""Addresses at which there is nothing: browsers get a page that says so, and programs a problem."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException

from skeldir.errors import SkeldirError
from skeldir.http import answer_error
from skeldir.users import Role
from skeldir.web.access import open_membership, session_of
from skeldir.web.answers import frame_of, send_error
from skeldir.web.hosts import is_for_pages
from skeldir.web.sending import finish

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response

    from skeldir.web.frames import Frame

_SHOWN: Final = {
    404: (
        "not_found",
        "There is no page at this address.",
        "Check the address, or go on from the first page.",
    ),
    405: (
        "method_not_allowed",
        "This address takes forms only; it has no page.",
        "Go on from the first page, and send the form by its page.",
    ),
}
# Nothing below these is a page, whatever the browser says that it takes.
_OF_PROGRAMS: Final = ("v1", "static")


def show_unknown_addresses(app: FastAPI) -> FastAPI:
    """Let an application show unknown addresses as pages to those who ask for pages; return it."""
    app.add_exception_handler(HTTPException, answer_unknown_address)
    return app


async def answer_unknown_address(request: Request, error: Exception) -> Response:
    """Return the response to a request for which there is no route: a page in a browser, else a problem.

    The status, and the methods that the address allows, are the same.
    """
    problem = await answer_error(request, error)
    if problem.status_code not in _SHOWN or not _asks_for_page(request):
        return problem
    frame = await _frame_for(request)
    page = send_error(frame, problem.status_code, *_SHOWN[problem.status_code])
    if "allow" in problem.headers:
        page.headers["Allow"] = problem.headers["allow"]
    return await finish(request, page)


def _asks_for_page(request: Request) -> bool:
    first = request.url.path.lstrip("/").partition("/")[0]
    return (
        request.method == "GET"
        and first not in _OF_PROGRAMS
        and _takes_html(request.headers.get("accept", ""))
        and is_for_pages(request)
    )


def _takes_html(accepted: str) -> bool:
    """Return whether `Accept` names HTML and does not refuse it, as browsers do and programs do not."""
    for part in accepted.lower().split(","):
        kind, _, parameters = part.partition(";")
        if kind.strip() == "text/html":
            weight = parameters.replace(" ", "").removeprefix("q=")
            return not weight or weight.strip("0.") != ""
    return False


async def _frame_for(request: Request) -> Frame:
    """Return the frame for whoever asks: with the pages of the tenant for its members.

    The address is not the site's own, so nothing in the frame repeats it: `//other.example` would lead there.
    """
    frame = frame_of(request, "error.title")
    try:
        session = await session_of(request)
        if session is not None and session.tenant_id is not None:
            opened = open_membership(request, session, Role.VIEWER, is_read_only=True)
            async with opened as membership:
                frame = frame_of(request, "error.title", membership=membership)
        elif session is not None:
            frame = frame_of(request, "error.title", session=session)
    except SkeldirError:
        # No member any more, or the database cannot be reached: the page needs neither.
        pass
    return replace(frame, languages=(), themes=())
