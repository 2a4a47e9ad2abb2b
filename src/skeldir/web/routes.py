"""`GET /static/…`: the files that pages load. No key is needed, and no tenant's data is among them."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from skeldir.errors import SkeldirError
from skeldir.http import takes_gzip
from skeldir.web.account import router as account_router
from skeldir.web.account_deletion import router as account_deletion_router
from skeldir.web.answers import go_to
from skeldir.web.assets import PREFIX, load_assets
from skeldir.web.channel_days import router as channel_days_router
from skeldir.web.channels import router as channels_router
from skeldir.web.comparisons import router as comparisons_router
from skeldir.web.evidence import router as evidence_router
from skeldir.web.exports import router as exports_router
from skeldir.web.fits import router as fits_router
from skeldir.web.fits_asked import router as fits_asked_router
from skeldir.web.forms import HOME
from skeldir.web.health import router as health_router
from skeldir.web.identity import router as identity_router
from skeldir.web.import_new import router as import_new_router
from skeldir.web.imports import router as imports_router
from skeldir.web.members import router as members_router
from skeldir.web.models import router as models_router
from skeldir.web.order import router as order_router
from skeldir.web.orders import router as orders_router
from skeldir.web.overview import router as overview_router
from skeldir.web.passkeys import router as passkeys_router
from skeldir.web.paths import router as paths_router
from skeldir.web.portfolio import router as portfolio_router
from skeldir.web.rules import router as rules_router
from skeldir.web.saved import router as saved_router
from skeldir.web.settings_key_terms import router as settings_key_terms_router
from skeldir.web.settings_keys import router as settings_keys_router
from skeldir.web.settings_notices import router as settings_notices_router
from skeldir.web.settings_tenant import router as settings_tenant_router
from skeldir.web.sharing import router as sharing_router
from skeldir.web.sign_in import router as sign_in_router
from skeldir.web.spend import router as spend_router
from skeldir.web.spend_records import router as spend_records_router
from skeldir.web.unknown_addresses import show_unknown_addresses

__all__ = ["routers", "show_unknown_addresses"]

router = APIRouter(include_in_schema=False)

_FOREVER: Final = "public, max-age=31536000, immutable"


class AssetUnknown(SkeldirError):
    """No file has this address; one of an earlier version of the program had another digest."""

    code = "asset_unknown"
    status = 404
    title = "There is no such file"


@router.api_route(PREFIX + "{name}", methods=["GET", "HEAD"])
async def get_asset(name: str, request: Request) -> Response:
    """Send a file, compressed if the client takes gzip; for HEAD the server leaves it out. Raises `AssetUnknown`."""
    asset = load_assets().get(name)
    if asset is None:
        raise AssetUnknown(
            "No file has this address.", cure="Load the page again: it names the present files."
        )
    headers = {"Cache-Control": _FOREVER, "Vary": "Accept-Encoding"}
    if asset.compressed is None or not takes_gzip(request.headers.get("accept-encoding", "")):
        return Response(asset.content, media_type=asset.media_type, headers=headers)
    headers["Content-Encoding"] = "gzip"
    return Response(asset.compressed, media_type=asset.media_type, headers=headers)


@router.get("/")
async def show_first() -> Response:
    """Lead to the first page."""
    return go_to(HOME)


routers: Final = (
    router,
    sign_in_router,
    identity_router,
    passkeys_router,
    account_router,
    account_deletion_router,
    members_router,
    settings_key_terms_router,
    settings_keys_router,
    settings_notices_router,
    settings_tenant_router,
    overview_router,
    channels_router,
    channel_days_router,
    sharing_router,
    saved_router,
    spend_router,
    spend_records_router,
    comparisons_router,
    rules_router,
    models_router,
    fits_asked_router,
    fits_router,
    evidence_router,
    exports_router,
    portfolio_router,
    orders_router,
    order_router,
    health_router,
    paths_router,
    import_new_router,
    imports_router,
)
