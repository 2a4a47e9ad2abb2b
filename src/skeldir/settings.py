"""The only place that reads the environment."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from skeldir.errors import ConfigurationInvalid

_POSTGRES_URL = re.compile(r"^postgres(?:ql)?(?:\+(?:psycopg|asyncpg))?://")


class Settings(BaseSettings):
    """What can be set from outside; every name is an environment variable of the same name.

    `database_url` empty means: start (or join) the embedded PostgreSQL under `skeldir_home`.
    """

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    database_url: SecretStr | None = None
    skeldir_home: Path = Path(".skeldir")
    skeldir_pool_size: Annotated[int, Field(ge=1, le=200)] = 8
    skeldir_statement_timeout_ms: Annotated[int, Field(ge=100)] = 30_000
    skeldir_refresh_timeout_ms: Annotated[int, Field(ge=1_000)] = 600_000


def load_settings() -> Settings:
    """Read the environment afresh; raises pydantic's ValidationError naming the bad variable."""
    return Settings()


def plain_postgres_url(url: str) -> str:
    """Return `url` as `postgresql://…`, whichever of the three accepted schemes it came with."""
    if not _POSTGRES_URL.match(url):
        raise ConfigurationInvalid(
            "DATABASE_URL does not name a PostgreSQL server.",
            cure="Write it as postgresql://user:password@host:port/database "
            "(postgresql+psycopg:// and postgresql+asyncpg:// are read as the same).",
        )
    return _POSTGRES_URL.sub("postgresql://", url, count=1)


def psycopg_url(url: str) -> str:
    """Return `url` in the form that SQLAlchemy opens with psycopg 3."""
    return _POSTGRES_URL.sub("postgresql+psycopg://", plain_postgres_url(url), count=1)
