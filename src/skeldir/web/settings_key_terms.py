"""Settings: what a key may collect, for admins: pages move, and events get other names, while the key stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from skeldir.clock import utc_now
from skeldir.db import read_id
from skeldir.errors import InputInvalid
from skeldir.tenants import (
    NO_TERMS,
    ApiKey,
    KeyNotInForce,
    KeyUnknown,
    change_terms_of_key,
    describe_key,
    list_keys,
    read_terms,
)
from skeldir.web.access import AdminForm, AdminPage, Fields, Membership
from skeldir.web.answers import PageRoute, frame_of, go_to, say_in, send_page
from skeldir.web.frames import Link
from skeldir.web.key_forms import (
    EMPTY,
    ORDERS,
    WRITE,
    fields_of,
    has_terms,
    kind_of,
    read_terms_of_form,
)
from skeldir.web.key_rows import is_usable, state_of
from skeldir.web.settings import KEYS, TERMS_OF_KEY, note, settings_tabs, terms_of_key

if TYPE_CHECKING:
    from collections.abc import Mapping

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get(TERMS_OF_KEY)
async def show_terms(request: Request, key_id: str, page: AdminPage) -> Response:
    """Show what a key may collect, in a form that changes it."""
    key = await _find_key(page, key_id)
    terms = await read_terms(page.connection, page.profile.tenant_id)
    return _send_terms(request, page, key, fields_of(terms.get(key.key_id, NO_TERMS)))


@router.post(TERMS_OF_KEY)
async def change_terms(request: Request, key_id: str, fields: Fields, form: AdminForm) -> Response:
    """Change what a key may collect; every process learns of it when it is committed."""
    tenant_id, key = form.profile.tenant_id, await _find_key(form, key_id)
    known = (await read_terms(form.connection, tenant_id)).get(key.key_id, NO_TERMS)
    try:
        wanted = read_terms_of_form(fields, is_write=kind_of(key) == WRITE)
        if wanted != known:
            await change_terms_of_key(form.connection, tenant_id, key.key_id, wanted)
    except InputInvalid as fault:
        return _send_terms(request, form, key, fields, fault=fault)
    if wanted != known:
        label = await describe_key(form.connection, tenant_id, key.key_id)
        await note(form, "key.terms", label)
    return go_to(KEYS, done="terms")


async def _find_key(page: Membership, key_id: str) -> ApiKey:
    """Return a key whose terms can be changed.

    Raises:
        KeyUnknown: the tenant has no such key.
        KeyNotInForce: the key has ended.
        InputInvalid: the key sends nothing.
    """
    found = read_id(key_id)
    keys = await list_keys(page.connection, page.profile.tenant_id)
    key = next((one for one in keys if one.key_id == found), None)
    if key is None:
        raise KeyUnknown("The tenant has no such key.", cure="Follow a link in the list of keys.")
    if not is_usable(state_of(key, utc_now())):
        raise KeyNotInForce("The key has ended.", cure="Make another one on the page of keys.")
    if not has_terms(key):
        raise InputInvalid(
            "The key sends no orders, so there is nothing to state.",
            cure="Follow a link in the list of keys.",
        )
    return key


def _send_terms(
    request: Request,
    page: Membership,
    key: ApiKey,
    fields: Mapping[str, str],
    *,
    fault: InputInvalid | None = None,
) -> Response:
    frame = frame_of(
        request,
        "keys.terms",
        membership=page,
        current="settings",
        breadcrumb=(
            Link(say_in(request)("settings.keys"), KEYS),
            Link(key.name, "", is_current=True),
        ),
    )
    return send_page(
        "settings_key_terms.html",
        frame,
        status=200 if fault is None else fault.status,
        tabs=settings_tabs(frame.phrases, KEYS),
        key=key,
        kind=kind_of(key),
        given={**EMPTY, **fields},
        orders=ORDERS,
        action=terms_of_key(key.key_id),
        back=KEYS,
        fault=fault,
    )
