"""Alembic's entry: a guarded upgrade of DATABASE_URL, in one transaction unless tables are distributed."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import sqlalchemy
from alembic import context

from skeldir.errors import ConfigurationInvalid
from skeldir.migrations.guard import is_distributed, prepare_session, prepare_steps
from skeldir.settings import load_settings, psycopg_url


def _url() -> str:
    url = context.config.attributes.get("url")
    if url is None:
        secret = load_settings().database_url
        if secret is None:
            raise ConfigurationInvalid(
                "DATABASE_URL is not set, so there is no server to migrate.",
                cure="Set it to the database and a role that may create roles; "
                "`skeldir migrate` migrates the embedded server.",
            )
        url = secret.get_secret_value()
    return psycopg_url(str(url))


def _migrate() -> None:
    engine = sqlalchemy.create_engine(_url(), poolclass=sqlalchemy.pool.NullPool)
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        goes_in_steps = is_distributed(driver)
        if goes_in_steps:
            prepare_steps(driver)
            driver.commit()
        with nullcontext() if goes_in_steps else connection.begin():
            if not goes_in_steps:
                prepare_session(driver)
            context.configure(connection=connection, transaction_per_migration=goes_in_steps)
            with context.begin_transaction():
                context.run_migrations()
    engine.dispose()


if context.is_offline_mode():
    raise ConfigurationInvalid(
        "These migrations read the database before they change it, so they cannot be generated as SQL.",
        cure="Run them online, without --sql.",
    )
_migrate()
