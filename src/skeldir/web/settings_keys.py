"""Settings: the API keys of a tenant, for admins. A secret is shown once, in the answer that made it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response

from skeldir.clock import utc_now
from skeldir.collect import PROTOCOLS, make_script_line
from skeldir.db import read_id
from skeldir.errors import InputInvalid
from skeldir.rollups import read_time_zone
from skeldir.tenants import (
    NO_TERMS,
    SCOPES,
    IssuedKey,
    KeyUnknown,
    describe_key,
    issue_key,
    list_keys,
    read_terms,
    revoke_key,
    rotate_key,
)
from skeldir.web.access import AdminForm, AdminPage, Fields, Membership
from skeldir.web.addresses import address
from skeldir.web.answers import PageRoute, frame_of, go_to, send_page
from skeldir.web.frames import Link
from skeldir.web.hosts import origin_of
from skeldir.web.key_forms import EMPTY, KINDS, ORDERS, PRIVATE, WRITE, kind_of, read_key
from skeldir.web.key_rows import make_row
from skeldir.web.settings import KEYS, note, settings_tabs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skeldir.web.phrases import Phrases

router = APIRouter(include_in_schema=False, route_class=PageRoute)

_OVERLAPS: Final = {"now": timedelta(0), "day": timedelta(days=1), "week": timedelta(days=7)}
_DONE: Final = frozenset({"revoked", "terms"})
_CONSENT: Final = "session"
# The libraries whose guides are named beside a new write key; the collector has the line.
_GUIDES: Final = tuple(one for one in PROTOCOLS if one != "collector")


@router.get(KEYS)
async def show_keys(
    request: Request,
    page: AdminPage,
    done: Annotated[str | None, Query(max_length=20)] = None,
    kind: Annotated[str | None, Query(max_length=20)] = None,
) -> Response:
    """Show the keys of the tenant, those that ended too, and a form for one of a kind."""
    return await _send_keys(
        request,
        page,
        done=done if done in _DONE else None,
        fields={"kind": WRITE if kind == WRITE else PRIVATE},
    )


@router.post(KEYS)
async def make_key(request: Request, fields: Fields, form: AdminForm) -> Response:
    """Make a key, and show its secret once."""
    try:
        wanted = read_key(fields)
        key = await issue_key(
            form.connection,
            form.profile.tenant_id,
            name=wanted.name,
            scopes=wanted.scopes,
            expires_at=wanted.expires_at,
            terms=wanted.terms,
        )
    except InputInvalid as fault:
        # Nothing was written by then, so the page can be read in the same transaction.
        return await _send_keys(request, form, fault=fault, fields=fields)
    await note(form, "key.create", key.prefix)
    return await _send_keys(request, form, made=key, fields={"kind": fields["kind"]})


@router.post(KEYS + "/{key_id}")
async def change_key(request: Request, key_id: str, fields: Fields, form: AdminForm) -> Response:
    """Revoke a key, or put a new one in its place and show that one's secret once."""
    tenant_id, found = form.profile.tenant_id, read_id(key_id)
    if found is None:
        raise KeyUnknown("The address names no key.", cure="Send the form by its page.")
    label = await describe_key(form.connection, tenant_id, found)
    if fields.get("do") == "revoke":
        await revoke_key(form.connection, tenant_id, found)
        await note(form, "key.revoke", label)
        return go_to(KEYS, done="revoked")
    overlap = _OVERLAPS.get(fields.get("overlap", ""))
    if fields.get("do") != "rotate" or overlap is None:
        raise InputInvalid("The form says nothing to do.", cure="Send the form by its page.")
    rotation = await rotate_key(form.connection, tenant_id, found, overlap=overlap)
    await note(form, "key.rotate", label)
    return await _send_keys(request, form, made=rotation.new)


async def _send_keys(
    request: Request,
    page: Membership,
    *,
    done: str | None = None,
    made: IssuedKey | None = None,
    fault: InputInvalid | None = None,
    fields: Mapping[str, str] | None = None,
) -> Response:
    tenant_id = page.profile.tenant_id
    zone = ZoneInfo(await read_time_zone(page.connection, tenant_id))
    frame = frame_of(request, "settings.keys", membership=page, zone=zone, current="settings")
    given = {**EMPTY, **(fields or {})}
    if given["kind"] not in KINDS:
        given["kind"] = PRIVATE
    keys = await list_keys(page.connection, tenant_id)
    terms = await read_terms(page.connection, tenant_id)
    now = utc_now()
    is_for_pages = made is not None and any(
        key.key_id == made.key_id and kind_of(key) == WRITE for key in keys
    )
    return send_page(
        "settings_keys.html",
        frame,
        status=200 if fault is None else fault.status,
        tabs=settings_tabs(frame.phrases, KEYS),
        keys=[make_row(frame, key, terms.get(key.key_id, NO_TERMS), now) for key in reversed(keys)],
        kinds=_kinds(frame.phrases, given["kind"]),
        given=given,
        scopes=SCOPES,
        orders=ORDERS,
        overlaps=tuple(_OVERLAPS),
        action=KEYS,
        done=done,
        secret=None if made is None else made.secret,
        line=make_script_line(origin_of(request), made.secret, consent=_CONSENT, is_pinned=True)
        if made is not None and is_for_pages
        else None,
        guides=_GUIDES,
        fault=fault,
    )


def _kinds(say: Phrases, current: str) -> tuple[Link, ...]:
    return tuple(
        Link(say(f"keys.kind_{kind}"), address(KEYS, kind=kind), kind == current) for kind in KINDS
    )
