"""The HTTP application: wires the rooms' routes to one pool. `uvicorn skeldir.app:app` serves it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

from fastapi import FastAPI

from skeldir import __version__
from skeldir.attribution.gauges import sample_credit
from skeldir.attribution.model_routes import router as models_router
from skeldir.attribution.routes import polled_router as polled_attribution_router
from skeldir.attribution.routes import router as attribution_router
from skeldir.audit.gauges import sample_audits
from skeldir.collect.coverage_routes import router as collect_coverage_router
from skeldir.collect.report_routes import router as claims_router
from skeldir.collect.routes import documents_router as collect_documents_router
from skeldir.collect.routes import make_intake
from skeldir.collect.routes import router as collect_router
from skeldir.collect.script_routes import router as script_router
from skeldir.db import Database, Opening, Replica, listen, open_database, open_replica
from skeldir.db.gauges import sample_archive, sample_lock_waits
from skeldir.errors import ConfigurationInvalid
from skeldir.exports import ExportTurns
from skeldir.exports.routes import links_router
from skeldir.exports.routes import router as exports_router
from skeldir.fits.routes import router as fits_router
from skeldir.http import (
    Api,
    HeldBytes,
    KeyLimits,
    Needs,
    Offload,
    UnknownKeyLimits,
    Watch,
    health_router,
)
from skeldir.inbox import load_sealer
from skeldir.inbox.desk import open_desk
from skeldir.inbox.routes import deliveries_router
from skeldir.inbox.routes import router as inbox_router
from skeldir.ingest.corrections_routes import router as corrections_router
from skeldir.ingest.routes import intake_router
from skeldir.ingest.routes import router as ingest_router
from skeldir.ingest.rules_routes import router as rules_router
from skeldir.jobs.gauges import sample_jobs
from skeldir.jobs.routes import router as jobs_router
from skeldir.lifts.routes import router as lifts_router
from skeldir.matviews import CANONICAL_VIEWS
from skeldir.matviews.gauges import sample_views
from skeldir.matviews.routes import router as views_router
from skeldir.mcp.routes import router as mcp_router
from skeldir.migrations.revision import head_revision
from skeldir.observability import configure_logging, configure_tracing, watching_the_loop
from skeldir.rates.routes import router as rates_router
from skeldir.reconcile.routes import router as reconcile_router
from skeldir.revenue.routes import polled_router as polled_revenue_router
from skeldir.revenue.routes import router as revenue_router
from skeldir.rollups.gauges import sample_rollups
from skeldir.settings import Settings, load_settings, plain_postgres_url
from skeldir.spend.routes import router as spend_router
from skeldir.spend.rules_routes import router as rules_dry_run_router
from skeldir.tenants import KEYS_CHANNEL, KeyMemory
from skeldir.users import Passwords
from skeldir.wakeups import last_heartbeats
from skeldir.wakeups.gauges import sample_processes
from skeldir.wakeups.waker import Waker
from skeldir.web import Guesses, Imports, Site, TurnLimits, Uploads, open_provider
from skeldir.web.routes import routers as web_routers
from skeldir.web.routes import show_unknown_addresses

# The modules that heavy work needs.
_WORK_ASIDE = ("skeldir.ingest.routes", "skeldir.attribution.routes", "skeldir.collect.routes")
# In the order of the API's description. Other requests than those for direct routes try one route after another.
_ROUTERS = (
    intake_router,
    collect_router,
    polled_attribution_router,
    polled_revenue_router,
    health_router,
    ingest_router,
    spend_router,
    rates_router,
    fits_router,
    lifts_router,
    claims_router,
    reconcile_router,
    rules_router,
    rules_dry_run_router,
    corrections_router,
    deliveries_router,
    inbox_router,
    collect_coverage_router,
    script_router,
    attribution_router,
    models_router,
    revenue_router,
    exports_router,
    links_router,
    views_router,
    jobs_router,
    collect_documents_router,
    mcp_router,
    *web_routers,
)


def create_app(database_url: str | None = None, *, warms_up: bool = False) -> FastAPI:
    """Return the application on `database_url` or, without one, on DATABASE_URL when it starts.

    With `warms_up` the processes for heavy work start with the application, not with the first heavy request.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        settings = load_settings()
        configure_logging(settings, process="api")
        configure_tracing(settings, process="api")
        app.state.receive_timeout_s = settings.skeldir_receive_timeout_s
        app.state.limits = KeyLimits(settings.skeldir_requests_per_second)
        app.state.unknown_keys = UnknownKeyLimits(settings.skeldir_unknown_keys_per_second)
        app.state.held_bytes = HeldBytes()
        app.state.offload = Offload()
        app.state.export_turns = ExportTurns(settings.skeldir_pool_size)
        app.state.shared_commits = {}
        app.state.passwords = Passwords()
        app.state.guesses, app.state.ceremonies = Guesses(), TurnLimits()
        app.state.site = Site(settings.skeldir_public_url)
        app.state.collect = make_intake(
            settings.skeldir_collect_per_address, settings.skeldir_public_url
        )
        with watching_the_loop():
            async with _work_on(app, settings, database_url or _url_of(settings)):
                warming = app.state.offload.warm_up(_WORK_ASIDE) if warms_up else asyncio.sleep(0)
                task = asyncio.create_task(warming)
                yield
                await task

    app = Api(
        title="skeldir",
        version=__version__,
        summary="Shows which marketing channels earned the money, to the cent.",
        lifespan=lifespan,
    )
    for router in _ROUTERS:
        app.include_router(router)
    return show_unknown_addresses(app)


@asynccontextmanager
async def _work_on(app: FastAPI, settings: Settings, url: str) -> AsyncIterator[None]:
    """Open the pool and its monitoring; close both at the end of the block."""
    waker = Waker(settings, url)
    try:
        async with (
            open_database(
                url,
                pool_size=settings.skeldir_pool_size,
                statement_timeout_ms=settings.skeldir_statement_timeout_ms,
                pool_timeout_s=settings.skeldir_pool_timeout_s,
                lock_timeout_ms=settings.skeldir_lock_timeout_ms,
                is_shared_out=True,
                wake=waker.wake,
            ) as database,
            _replica_of(settings, database) as replica,
            listen(url, KEYS_CHANNEL) as subscription,
            open_desk(
                database, load_sealer(settings), settings.skeldir_paypal_certificates
            ) as desk,
            open_provider(settings) as app.state.provider,
        ):
            app.state.database = database
            app.state.inbox = desk
            app.state.imports = Imports(
                Uploads(settings.skeldir_upload_bytes), _opening_for_imports(settings, url, waker)
            )
            app.state.replica = replica
            app.state.key_memory = KeyMemory(subscription)
            app.state.watch = Watch(
                database,
                Needs(
                    revision=head_revision(),
                    view_names=frozenset(view.name for view in CANONICAL_VIEWS),
                    heartbeats=last_heartbeats,
                    samplers=(
                        sample_jobs,
                        sample_processes,
                        sample_views,
                        sample_rollups,
                        sample_credit,
                        sample_audits,
                        sample_lock_waits,
                        sample_archive,
                    ),
                ),
                replica,
            )
            try:
                yield
            finally:
                await app.state.imports.close()
                await app.state.watch.close()
    finally:
        await asyncio.to_thread(waker.close)


def _opening_for_imports(
    settings: Settings, url: str, waker: Waker
) -> Callable[[], AbstractAsyncContextManager[Database]]:
    """Return what opens the connections of one import, which waits for its locks as the command does."""
    return partial(
        open_database,
        url,
        pool_size=2,
        statement_timeout_ms=settings.skeldir_statement_timeout_ms,
        wake=waker.wake,
    )


def opening_of_replica(settings: Settings) -> Opening | None:
    """Return what opens the pool on SKELDIR_READ_URL, with the limits of the other pool; None if it is not set."""
    if settings.skeldir_read_url is None:
        return None
    return partial(
        open_database,
        plain_postgres_url(settings.skeldir_read_url.get_secret_value(), "SKELDIR_READ_URL"),
        pool_size=settings.skeldir_pool_size,
        statement_timeout_ms=settings.skeldir_statement_timeout_ms,
        pool_timeout_s=settings.skeldir_pool_timeout_s,
        lock_timeout_ms=settings.skeldir_lock_timeout_ms,
        is_shared_out=True,
    )


@asynccontextmanager
async def _replica_of(settings: Settings, database: Database) -> AsyncIterator[Replica | None]:
    opening = opening_of_replica(settings)
    if opening is None:
        yield None
        return
    most_lag_s = settings.skeldir_read_lag_s
    async with open_replica(opening, database, most_lag_s=most_lag_s) as replica:
        yield replica


def _url_of(settings: Settings) -> str:
    if settings.database_url is None:
        raise ConfigurationInvalid(
            "DATABASE_URL is not set.",
            cure="Set it, or run `skeldir serve`, which starts the embedded server.",
        )
    return settings.database_url.get_secret_value()


app = create_app()
