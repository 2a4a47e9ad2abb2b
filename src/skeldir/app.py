"""The HTTP application: wires the rooms' routes to one pool. `uvicorn skeldir.app:app` serves it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from skeldir import __version__
from skeldir.db.pool import open_database
from skeldir.errors import ConfigurationInvalid
from skeldir.http.health import router as health_router
from skeldir.http.problems import install_problems
from skeldir.ingest.routes import router as ingest_router
from skeldir.settings import load_settings


def create_app(database_url: str | None = None) -> FastAPI:
    """Return the application on `database_url`, or on DATABASE_URL when it starts without one."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        settings = load_settings()
        url = database_url
        if url is None:
            if settings.database_url is None:
                raise ConfigurationInvalid(
                    "DATABASE_URL is not set.",
                    cure="Set it, or run `skeldir serve`, which starts the embedded server.",
                )
            url = settings.database_url.get_secret_value()
        async with open_database(
            url,
            pool_size=settings.skeldir_pool_size,
            statement_timeout_ms=settings.skeldir_statement_timeout_ms,
        ) as database:
            app.state.database = database
            yield

    app = FastAPI(
        title="skeldir",
        version=__version__,
        summary="Which marketing channels earned the money, to the cent.",
        lifespan=lifespan,
    )
    install_problems(app)
    app.include_router(health_router)
    app.include_router(ingest_router)
    return app


app = create_app()
