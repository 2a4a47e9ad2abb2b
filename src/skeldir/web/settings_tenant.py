"""Settings: time zone, retention, hosts and own channels of a tenant, for admins."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Final
from zoneinfo import ZoneInfo, available_timezones

from fastapi import APIRouter, Query, Request, Response

from skeldir.attribution import retain_touches, set_time_zone
from skeldir.days import UTC_NAME, read_rules
from skeldir.errors import InputInvalid
from skeldir.ingest import add_channels, add_hosts, list_channels, list_hosts, remove_host
from skeldir.rollups import list_zone_changes, preview_time_zone
from skeldir.tenants import RetentionInvalid, load_retention
from skeldir.web.access import AdminForm, AdminPage, Fields, Membership
from skeldir.web.answers import PageRoute, frame_of, go_to, send_page
from skeldir.web.settings import TENANT, note, settings_tabs
from skeldir.web.tables import Cell, Column, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skeldir.rollups import ZonePreview
    from skeldir.web.frames import Frame

router = APIRouter(include_in_schema=False, route_class=PageRoute)

_DONE: Final = frozenset({"zone", "zone_same", "retention", "host", "host_removed", "channel"})
_KINDS: Final = ("own", "payment")


@router.get(TENANT)
async def show_tenant(
    request: Request,
    page: AdminPage,
    zone: Annotated[str | None, Query(max_length=100)] = None,
    done: Annotated[str | None, Query(max_length=20)] = None,
) -> Response:
    """Show the settings; with `zone`, what days of that zone would move, before it is set."""
    connection, tenant_id = page.connection, page.profile.tenant_id
    changes = await list_zone_changes(connection, tenant_id)
    present = changes[0].time_zone if changes else UTC_NAME
    frame = frame_of(
        request, "settings.tenant", membership=page, zone=ZoneInfo(present), current="settings"
    )
    preview = None
    if zone is not None and zone != present:
        rules = await asyncio.to_thread(read_rules, zone)
        preview = await preview_time_zone(connection, tenant_id, rules)
    return send_page(
        "settings_tenant.html",
        frame,
        tabs=settings_tabs(frame.phrases, TENANT),
        action=TENANT,
        present=present,
        changes=changes,
        zones=await asyncio.to_thread(_list_zones, present),
        asked=zone,
        preview=preview,
        moves=None if preview is None else _moves(frame, preview),
        retention=await load_retention(connection, tenant_id),
        hosts=await list_hosts(connection, tenant_id),
        kinds=_KINDS,
        channels=await list_channels(connection, tenant_id),
        done=done if done in _DONE else None,
    )


@router.post(TENANT)
async def change_tenant(fields: Fields, form: AdminForm) -> Response:
    """Change one of the settings: which one, the field `do` says."""
    match fields.get("do"):
        case "zone":
            done = await _set_zone(form, fields)
        case "retention":
            done = await _set_retention(form, fields)
        case "host":
            done = await _add_host(form, fields)
        case "remove-host":
            done = await _remove_host(form, fields)
        case "channel":
            done = await _add_channel(form, fields)
        case _:
            raise InputInvalid("The form says nothing to do.", cure="Send the form by its page.")
    return go_to(TENANT, done=done)


async def _set_zone(form: Membership, fields: Mapping[str, str]) -> str:
    rules = await asyncio.to_thread(read_rules, fields.get("zone", ""))
    changed = await set_time_zone(
        form.connection, form.profile.tenant_id, rules, changed_by=f"user:{form.session.email}"
    )
    if not changed:
        return "zone_same"
    await note(form, "zone.set", rules.name)
    return "zone"


async def _set_retention(form: Membership, fields: Mapping[str, str]) -> str:
    typed = fields.get("days", "").strip()
    if typed and not (typed.isascii() and typed.isdigit() and len(typed) <= len("100000")):
        raise RetentionInvalid(
            "The days are not a whole number.",
            cure="Give whole days, or leave the field empty to keep touches for ever.",
        )
    await retain_touches(form.connection, form.profile.tenant_id, int(typed) if typed else None)
    await note(form, "retention.set", f"{typed} days" if typed else "for ever")
    return "retention"


async def _add_host(form: Membership, fields: Mapping[str, str]) -> str:
    kind = next((each for each in _KINDS if each == fields.get("kind")), None)
    if kind is None:
        raise InputInvalid("The kind of the host is missing.", cure="Send the form by its page.")
    host = fields.get("host", "").strip()
    added = await add_hosts(form.connection, form.profile.tenant_id, [host], kind)
    if added:
        await note(form, "host.add", f"{added[0]} ({kind})")
    return "host"


async def _remove_host(form: Membership, fields: Mapping[str, str]) -> str:
    host = fields.get("host", "")
    if await remove_host(form.connection, form.profile.tenant_id, host):
        await note(form, "host.remove", host)
    return "host_removed"


async def _add_channel(form: Membership, fields: Mapping[str, str]) -> str:
    code, label = fields.get("code", "").strip(), fields.get("label", "").strip()
    await add_channels(form.connection, form.profile.tenant_id, {code: label})
    await note(form, "channel.add", code)
    return "channel"


def _list_zones(present: str) -> list[str]:
    """Return the zones of places, UTC, and the present one; names such as localtime say nothing elsewhere."""
    places = {zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")}
    return sorted(places | {UTC_NAME, present})


def _moves(frame: Frame, preview: ZonePreview) -> Table:
    """Return the days that would change most, each with its currency: their amounts are of several."""
    say, formats = frame.phrases, frame.formats
    columns = (
        Column(say("settings.day"), "date"),
        Column(say("settings.leaving"), "number"),
        Column(say("settings.leaving_money")),
        Column(say("settings.coming"), "number"),
        Column(say("settings.coming_money")),
    )
    rows = tuple(
        (
            Cell(moved.day),
            Cell(moved.leaving),
            Cell(formats.money_with_code(moved.leaving_cents, moved.currency)),
            Cell(moved.coming),
            Cell(formats.money_with_code(moved.coming_cents, moved.currency)),
        )
        for moved in preview.days
    )
    return Table("moves", say("settings.moves"), columns, rows, say("settings.moves_none"))
