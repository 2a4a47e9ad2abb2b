"""Migrations from inside the program: the same ones as `alembic upgrade`, for `skeldir migrate` and the tests."""

from __future__ import annotations

from importlib.resources import files

from alembic import command
from alembic.config import Config


def alembic_config(url: str) -> Config:
    """Return a configuration for the packaged migrations and the database at `url`."""
    config = Config()
    config.set_main_option("script_location", str(files("skeldir.migrations")).replace("%", "%%"))
    config.attributes["url"] = url
    return config


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at `url` to `revision`; the role in `url` needs CREATEROLE the first time."""
    command.upgrade(alembic_config(url), revision)


def downgrade(url: str, revision: str) -> None:
    """Downgrade the database at `url` to `revision`, or raise MigrationRefused where rows would be lost."""
    command.downgrade(alembic_config(url), revision)
