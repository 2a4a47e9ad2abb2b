"""`GET /c/v1.js` and `/c/v1.<digest>.js`: the collector's script. No key is needed; it is the same for all tenants."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from skeldir.collect.scripts import CURRENT, Script, load_scripts
from skeldir.errors import SkeldirError
from skeldir.http import takes_gzip

router = APIRouter(include_in_schema=False)

_MEDIA_TYPE: Final = "text/javascript; charset=utf-8"
_AN_HOUR: Final = "public, max-age=3600, stale-while-revalidate=604800"
_FOREVER: Final = "public, max-age=31536000, immutable"
# Any page may load it, also one that isolates itself from other origins.
_FOR_ALL: Final = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Vary": "Accept-Encoding",
}


class ScriptUnknown(SkeldirError):
    """No script of the collector has this address."""

    code = "script_unknown"
    status = 404
    title = "There is no such script"


@router.api_route("/c/v1.js", methods=["GET", "HEAD"])
async def get_script(request: Request) -> Response:
    """Send the current script."""
    return _send(request, load_scripts()[CURRENT], _AN_HOUR)


@router.api_route("/c/v1.{digest}.js", methods=["GET", "HEAD"])
async def get_script_of_digest(digest: str, request: Request) -> Response:
    """Send the script that has this digest; its content never changes. Raises `ScriptUnknown`."""
    script = load_scripts().get(f"v1.{digest}.js")
    if script is None:
        raise ScriptUnknown(
            "No script of the collector has this address.",
            cure="Use the address that `skeldir collect script` prints.",
        )
    return _send(request, script, _FOREVER)


def _send(request: Request, script: Script, lasts: str) -> Response:
    """Send a script, or 304 to whoever has it; for HEAD the server leaves the content out."""
    is_compressed = takes_gzip(request.headers.get("accept-encoding", ""))
    # A strong tag stands for the bytes that are sent.
    tag = f'"{script.digest[:32]}{"-gzip" if is_compressed else ""}"'
    headers = {**_FOR_ALL, "Cache-Control": lasts, "ETag": tag}
    if tag in [one.strip() for one in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    if is_compressed:
        headers["Content-Encoding"] = "gzip"
    content = script.compressed if is_compressed else script.content
    return Response(content, media_type=_MEDIA_TYPE, headers=headers)
