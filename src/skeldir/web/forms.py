"""Forms that a page of this site sends: where they come from, and what they say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from fastapi import Request

from skeldir.errors import InputInvalid, SkeldirError
from skeldir.http import BodyTooLarge
from skeldir.web.addresses import OPENED_FOR
from skeldir.web.hosts import is_own_origin

if TYPE_CHECKING:
    from uuid import UUID

MOST_FORM_BYTES: Final = 64 * 1024
_MOST_FIELDS: Final = 100
_MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
_OWN: Final = frozenset({"same-origin", "none"})
_HIDDEN: Final = "null"
# A path of this site: one slash, and nothing that a browser would read as another host.
_PATH: Final = re.compile(r"/(?![/\\])[\w/.~%&=?:,+-]{0,1000}", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
HOME: Final = "/overview"


class FormForeign(SkeldirError):
    """The form was not sent by a page of this site."""

    code = "form_foreign"
    status = 403
    title = "The form comes from another site"


class FormOutdated(SkeldirError):
    """The page of the form was opened for another tenant, or by another user."""

    code = "form_outdated"
    status = 409
    title = "The form is of another tenant or user"


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


def mark_of(user_id: UUID | None, tenant_id: UUID | None) -> str:
    """Return what a form carries to say for whom, if anybody, and which tenant, if it is of one, its page was opened.

    Addresses are in the logs of proxies, so it is a digest, which names nobody.
    """
    return sha256(f"{user_id or ''}/{tenant_id or ''}".encode()).hexdigest()[:16]


def require_same_session(request: Request, user_id: UUID | None, tenant_id: UUID | None) -> None:
    """Check that a form is of a page for the user, and the tenant if it is of one, of the session that sends it.

    All tabs of a browser have one session: a form that was opened before another tab changed it would act on a tenant,
    or for a user, that its page does not name. What was not sent by a form of a page says nothing, and passes.

    Raises:
        FormOutdated: it was opened for others.
    """
    said = request.query_params.get(OPENED_FOR)
    if said is not None and said not in {mark_of(user_id, tenant_id), mark_of(user_id, None)}:
        raise FormOutdated(
            "This browser has changed to another tenant or user since the page was opened, so nothing was done.",
            cure="Go back, see for which tenant the form is, change to it in another tab, and send the form again.",
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


def read_day(fields: Mapping[str, str], name: str) -> date:
    """Return the day that a field of a form has.

    Raises:
        InputInvalid: it is no day.
    """
    text = fields.get(name, "")
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise InputInvalid(f"{text!r:.20} is no day.", cure="Write it as 2026-09-01.")


def own_path(text: str | None) -> str:
    """Return a path of this site to go on to; the first page for anything else."""
    return text if text is not None and _PATH.fullmatch(text) and "//" not in text else HOME


def _unreadable() -> FormUnreadable:
    return FormUnreadable(
        "The body is not a form of at most 100 fields in UTF-8.",
        cure="Send the form by its page.",
    )
