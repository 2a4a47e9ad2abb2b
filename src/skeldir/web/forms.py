"""Forms that a page of this site sends: where they come from, and what they say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request

from skeldir.errors import SkeldirError
from skeldir.http import BodyTooLarge
from skeldir.web.hosts import is_own_origin

MOST_FORM_BYTES: Final = 64 * 1024
_MOST_FIELDS: Final = 100
_MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
_OWN: Final = frozenset({"same-origin", "none"})
_HIDDEN: Final = "null"
# A path of this site: one slash, and nothing that a browser would read as another host.
_PATH: Final = re.compile(r"/(?![/\\])[\w/.~%&=?:,+-]{0,1000}", re.ASCII)
HOME: Final = "/overview"


class FormForeign(SkeldirError):
    """The form was not sent by a page of this site."""

    code = "form_foreign"
    status = 403
    title = "The form comes from another site"


class FormUnreadable(SkeldirError):
    """The body is not a form."""

    code = "form_unreadable"
    status = 400
    title = "The form cannot be read"


def require_own_form(request: Request) -> None:
    """Check that a request which changes something was sent by a page of this site.

    Browsers say by two headers from where a request comes, and pages cannot change them. One that has neither is
    refused, and one of which either names another site. `Origin: null` says nothing: some send it to hide addresses.

    Raises:
        FormForeign: another site, or an unknown one, has sent it.
    """
    fetched_from = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin", _HIDDEN)
    if fetched_from is None:
        is_own = is_own_origin(request, origin)
    else:
        is_own = fetched_from in _OWN and (origin == _HIDDEN or is_own_origin(request, origin))
    if not is_own:
        raise FormForeign(
            "The form was not sent by a page of this site.",
            cure="Open the page here and send the form again, with a browser that is up to date. Behind a proxy, "
            "SKELDIR_PUBLIC_URL must be set.",
        )


async def read_form(request: Request) -> Mapping[str, str]:
    """Return the fields of a form that a page of this site sent; of a field that is there twice, the last one.

    Raises:
        FormForeign: another site has sent it.
        FormUnreadable: the body is not a form, or has more than 100 fields.
        BodyTooLarge: it has more than 64 KiB.
    """
    return await read_fields(request, MOST_FORM_BYTES)


async def read_fields(request: Request, most: int) -> Mapping[str, str]:
    """Return the fields of a form as `read_form` does, of at most `most` bytes.

    Raises:
        FormForeign, FormUnreadable, BodyTooLarge: as `read_form` does.
    """
    require_own_form(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _MEDIA_TYPE:
        raise _unreadable()
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            raise BodyTooLarge(f"The form has more than {most} bytes.", cure="Send less at once.")
    try:
        fields = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:
        raise _unreadable() from error
    if any("\x00" in text for field in fields for text in field):
        raise _unreadable()
    return MappingProxyType(dict(fields))


def own_path(text: str | None) -> str:
    """Return a path of this site to go on to; the first page for anything else."""
    return text if text is not None and _PATH.fullmatch(text) and "//" not in text else HOME


def _unreadable() -> FormUnreadable:
    return FormUnreadable(
        "The body is not a form of at most 100 fields in UTF-8.",
        cure="Send the form by its page.",
    )
