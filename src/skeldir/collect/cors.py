"""Requests from pages: browsers ask before they send, and show an answer only to the pages that it names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from fastapi import Response

from skeldir.errors import SkeldirError
from skeldir.tenants import COLLECT

if TYPE_CHECKING:
    from fastapi import Request

    from skeldir.tenants import KeyHolder

_HEADER_NAMES: Final = re.compile(r"[A-Za-z0-9-]{1,60}(?:, ?[A-Za-z0-9-]{1,60}){0,30}", re.ASCII)
_ORIGIN_OF_ADDRESS: Final = re.compile(r"https?://[^/?#]+", re.IGNORECASE)
_USUAL_HEADERS: Final = "authorization, content-type"
_REMEMBERED_S: Final = 3_600


class OriginRefused(SkeldirError):
    """A page sends with a key that is not for it, or where pages of other sites may not send."""

    code = "origin_refused"
    status = 403
    title = "The page may not send this"


def origin_of_page(request: Request) -> str | None:
    """Return the origin of the page that sends; None for a server.

    A browser that fetches an image does not name the page's origin, but the page's address, and how it fetches.
    """
    origin = request.headers.get("origin")
    if origin is not None or "sec-fetch-site" not in request.headers:
        return origin
    found = _ORIGIN_OF_ADDRESS.match(request.headers.get("referer", ""))
    return None if found is None else found.group().lower()


def require_origin(request: Request, holder: KeyHolder) -> None:
    """Check that the page that sends may use the key. A server, which names no origin, may use any.

    Raises:
        OriginRefused: the page's origin is not among those of the key, or the key is a private one.
    """
    origin = origin_of_page(request)
    if origin is None or holder.terms.allows(origin):
        return
    if COLLECT not in holder.scopes:
        raise OriginRefused(
            "The key is a private one, for servers: a page shows it to everybody.",
            cure="Make a key for pages with `skeldir keys create TENANT --scope collect --origin https://YOUR.SHOP`, "
            "and revoke this one if it was in a public page.",
        )
    raise OriginRefused(
        "The key is not for pages of this origin.",
        cure="Add the origin with `skeldir collect terms`, or use a key with the scope `collect` that names it.",
    )


def answer_preflight(request: Request) -> Response:
    """Return the answer to a browser that asks what a page may send: which key comes is not known yet."""
    wanted = request.headers.get("access-control-request-headers", "")
    return with_cors(
        request,
        Response(
            status_code=204,
            headers={
                "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
                "Access-Control-Allow-Headers": wanted
                if _HEADER_NAMES.fullmatch(wanted)
                else _USUAL_HEADERS,
                "Access-Control-Max-Age": str(_REMEMBERED_S),
            },
        ),
    )


def with_cors(request: Request, response: Response) -> Response:
    """Let the page that sent a request read the response, which holds nothing of the tenant.

    Libraries send with credentials; no cookie is read or set here.
    """
    origin = request.headers.get("origin")
    if origin is not None:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Credentials"] = "true"
        response.headers["Access-Control-Expose-Headers"] = "Retry-After"
        response.headers["Vary"] = "Origin"
        # The usual policy of resources would keep the answer from pages of other sites.
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
