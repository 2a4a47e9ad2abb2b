"""Settings: where weekly digests and alerts go, for admins. The secret of a webhook is shown once."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response

from skeldir.clock import utc_now
from skeldir.db import read_id
from skeldir.errors import InputInvalid, SkeldirError
from skeldir.http import database_of
from skeldir.inbox import Sealer, prepare_sealer
from skeldir.notices import (
    DestinationKind,
    DestinationUnknown,
    Language,
    MailNotConfigured,
    NewDestination,
    add_destination,
    find_mail_server,
    list_deliveries,
    list_destinations,
    make_deliveries,
    read_current_digest,
    remove_destination,
)
from skeldir.rollups import read_time_zone
from skeldir.settings import load_settings
from skeldir.users import note_action
from skeldir.web.access import AdminForm, AdminPage, AdminSending, Fields, Membership
from skeldir.web.answers import PageRoute, frame_of, go_to, send_page
from skeldir.web.locales import LANGUAGES
from skeldir.web.settings import NOTICES, settings_tabs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from skeldir.notices import DeliveryRecord, Destination

logger = logging.getLogger(__name__)
router = APIRouter(include_in_schema=False, route_class=PageRoute)

MOST_DESTINATIONS: Final = 20
"""How many destinations a page adds; commands are the operator's, who may have more."""
MOST_TESTS: Final = 10
"""How many tests a tenant sends by pages in an hour: nobody confirms that an address wants them."""

_HOUR: Final = timedelta(hours=1)
_SHOWN: Final = 20
_LOOKED_AT: Final = 200
_DONE: Final = frozenset({"removed", "test"})
_KINDS: Final[Mapping[str, DestinationKind]] = {"email": "email", "webhook": "webhook"}
_EMPTY: Final = {"kind": "email", "address": "", "digest": "", "alerts": ""}
_AT_FIRST: Final = {"digest": "1", "alerts": "1"}
_LANGUAGES: Final[Mapping[str, Language]] = {"en": "en", "de": "de", "fr": "fr"}


class NoticesLimited(SkeldirError):
    """The tenant has as many destinations, or has sent as many tests, as pages allow."""

    code = "notices_limited"
    status = 429
    title = "Too many notices"


@router.get(NOTICES)
async def show_notices(
    request: Request, page: AdminPage, done: Annotated[str | None, Query(max_length=20)] = None
) -> Response:
    """Show where notices go, and what became of the latest ones."""
    return await _send_notices(request, page, done=done if done in _DONE else None)


@router.post(NOTICES)
async def add(request: Request, fields: Fields, form: AdminForm) -> Response:
    """Add a destination; the page shows the secret of a webhook once."""
    try:
        made = await _add(form, fields)
    except SkeldirError as fault:
        # Without a key for secrets there is no webhook, and the page shows how to get one; e-mails need none.
        if fault.status >= 500 and fault.code != "sealing_key_missing":
            raise
        return await _send_notices(request, form, fault=fault, fields=fields)
    return await _send_notices(request, form, made=made, gets_digest=bool(fields.get("digest")))


@router.post(NOTICES + "/{destination_id}/removal")
async def remove(destination_id: str, _fields: Fields, form: AdminForm) -> Response:
    """Send nothing more to a destination, and forget its address."""
    tenant_id = form.profile.tenant_id
    await remove_destination(
        form.connection, tenant_id, _read_id(destination_id), by=form.session.email
    )
    return go_to(NOTICES, done="removed")


@router.post(NOTICES + "/{destination_id}/test")
async def send_test(
    request: Request, destination_id: str, _fields: Fields, member: AdminSending
) -> Response:
    """Have a worker send the last week's digest to a destination, as a test that does not count as the week's.

    The digest is read in a transaction of its own, so no connection waits for another one.
    """
    database, tenant_id, wanted = (
        database_of(request),
        member.profile.tenant_id,
        _read_id(destination_id),
    )
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        known = {one.id for one in await list_destinations(connection, tenant_id)}
        sent = await list_deliveries(connection, tenant_id, most=_LOOKED_AT)
    if wanted not in known:
        raise _no_destination()
    if sum(_is_recent_test(one) for one in sent) >= MOST_TESTS:
        raise NoticesLimited(
            f"The tenant has sent {MOST_TESTS} tests within an hour.", cure="Wait an hour."
        )
    digest = await read_current_digest(database, tenant_id, utc_now())
    async with database.tenant(tenant_id) as connection:
        await make_deliveries(connection, tenant_id, digest, [wanted], kind="test")
        await note_action(connection, tenant_id, member.session.email, "notices.test", str(wanted))
    return go_to(NOTICES, done="test")


def _is_recent_test(one: DeliveryRecord) -> bool:
    return one.kind == "test" and utc_now() - one.made_at < _HOUR


async def _add(form: Membership, fields: Mapping[str, str]) -> NewDestination:
    tenant_id = form.profile.tenant_id
    if len(await list_destinations(form.connection, tenant_id)) >= MOST_DESTINATIONS:
        raise NoticesLimited(
            f"The tenant has {MOST_DESTINATIONS} destinations.", cure="Remove those nobody needs."
        )
    kind, language = _KINDS.get(fields.get("kind", "")), _LANGUAGES.get(fields.get("language", ""))
    if kind is None or language is None:
        raise InputInvalid(
            "The form does not say of which kind the destination is, or in which language it is written to.",
            cure="Choose both on the page.",
        )
    return await add_destination(
        form.connection,
        tenant_id,
        kind=kind,
        address=fields.get("address", ""),
        language=language,
        gets_digest=bool(fields.get("digest")),
        gets_alerts=bool(fields.get("alerts")),
        made_by=form.session.email,
        sealer=_sealer() if kind == "webhook" else None,
    )


def _sealer() -> Sealer:
    """Return what seals the secrets of webhooks; on the embedded server the first one makes the key, as commands do."""
    sealer, key_file = prepare_sealer(load_settings())
    if key_file is not None:
        logger.warning("web.sealing_key_written %s: keep a copy, backups do not have it", key_file)
    return sealer


def _find_mail_fault(destinations: Sequence[Destination]) -> MailNotConfigured | None:
    """Return why no e-mail is sent, if the tenant wants any and the API has no mail server; workers have the same."""
    if not any(one.kind == "email" for one in destinations):
        return None
    try:
        find_mail_server(load_settings())
    except MailNotConfigured as fault:
        return fault
    return None


def _read_id(text: str) -> UUID:
    found = read_id(text)
    if found is None:
        raise _no_destination()
    return found


def _no_destination() -> DestinationUnknown:
    return DestinationUnknown(
        "The tenant has no such destination.",
        cure="Follow the buttons in the list of destinations.",
    )


async def _send_notices(
    request: Request,
    page: Membership,
    *,
    done: str | None = None,
    made: NewDestination | None = None,
    gets_digest: bool = False,
    fault: SkeldirError | None = None,
    fields: Mapping[str, str] | None = None,
) -> Response:
    tenant_id = page.profile.tenant_id
    zone = ZoneInfo(await read_time_zone(page.connection, tenant_id))
    frame = frame_of(request, "notices.title", membership=page, zone=zone, current="settings")
    destinations = await list_destinations(page.connection, tenant_id)
    mail_fault = _find_mail_fault(destinations)
    is_sent = made is not None and (made.kind == "webhook" or mail_fault is None)
    return send_page(
        "settings_notices.html",
        frame,
        status=200 if fault is None else fault.status,
        tabs=settings_tabs(frame.phrases, NOTICES),
        destinations=destinations,
        deliveries=await list_deliveries(page.connection, tenant_id, most=_SHOWN),
        mail_fault=mail_fault,
        languages=LANGUAGES,
        given={"language": frame.formats.locale.language, **_EMPTY, **(fields or _AT_FIRST)},
        action=NOTICES,
        done=done,
        made=made,
        promises=gets_digest and is_sent,
        fault=fault,
    )
