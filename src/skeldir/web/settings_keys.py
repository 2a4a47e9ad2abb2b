"""Settings: the API keys of a tenant, for admins. A secret is shown once, in the answer that made it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response

from skeldir.clock import utc_now
from skeldir.db import read_id
from skeldir.errors import InputInvalid
from skeldir.rollups import read_time_zone
from skeldir.tenants import (
    SCOPES,
    ApiKey,
    KeyUnknown,
    describe_key,
    issue_key,
    list_keys,
    revoke_key,
    rotate_key,
)
from skeldir.web.access import AdminForm, AdminPage, Fields, Membership
from skeldir.web.answers import PageRoute, frame_of, go_to, send_page
from skeldir.web.settings import KEYS, note, settings_tabs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

router = APIRouter(include_in_schema=False, route_class=PageRoute)

_LONGEST_NAME: Final = 100
_MOST_DAYS: Final = 36_500
_OVERLAPS: Final = {"now": timedelta(0), "day": timedelta(days=1), "week": timedelta(days=7)}


@router.get(KEYS)
async def show_keys(
    request: Request, page: AdminPage, done: Annotated[str | None, Query(max_length=20)] = None
) -> Response:
    """Show the keys of the tenant, those that ended too."""
    return await _send_keys(request, page, done="revoked" if done == "revoked" else None)


@router.post(KEYS)
async def make_key(request: Request, fields: Fields, form: AdminForm) -> Response:
    """Make a key, and show its secret once."""
    name = fields.get("name", "").strip()
    if len(name) > _LONGEST_NAME:
        raise InputInvalid(
            f"The name has more than {_LONGEST_NAME} characters.", cure="Choose a shorter one."
        )
    scopes = [scope for scope in SCOPES if fields.get(f"scope-{scope}")]
    key = await issue_key(
        form.connection,
        form.profile.tenant_id,
        name=name,
        scopes=scopes,
        expires_at=_expiry(fields),
    )
    await note(form, "key.create", key.prefix)
    return await _send_keys(request, form, secret=key.secret)


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
    return await _send_keys(request, form, secret=rotation.new.secret)


def _expiry(fields: Mapping[str, str]) -> datetime | None:
    typed = fields.get("days", "").strip()
    if not typed:
        return None
    # Python reads at most 4,300 digits, and zeros at the beginning are none of a number.
    is_short = typed.isascii() and typed.isdigit() and len(typed) <= len(str(_MOST_DAYS))
    if not (is_short and 1 <= int(typed) <= _MOST_DAYS):
        raise InputInvalid(
            "The days until the key expires are not a whole number from 1 to 36,500.",
            cure="Give whole days, or leave the field empty for a key that does not expire.",
        )
    return utc_now() + timedelta(days=int(typed))


async def _send_keys(
    request: Request, page: Membership, *, done: str | None = None, secret: str | None = None
) -> Response:
    tenant_id = page.profile.tenant_id
    zone = ZoneInfo(await read_time_zone(page.connection, tenant_id))
    frame = frame_of(request, "settings.keys", membership=page, zone=zone, current="settings")
    keys = await list_keys(page.connection, tenant_id)
    now = utc_now()
    return send_page(
        "settings_keys.html",
        frame,
        tabs=settings_tabs(frame.phrases, KEYS),
        keys=[(key, _state(key, now)) for key in reversed(keys)],
        scopes=SCOPES,
        overlaps=tuple(_OVERLAPS),
        action=KEYS,
        done=done,
        secret=secret,
    )


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None and key.revoked_at <= now:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= now:
        return "expired"
    return "replaced" if key.replaced_by else "in_force"
