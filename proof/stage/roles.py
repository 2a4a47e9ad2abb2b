"""Which roles may act in a proof: those that row-level security binds."""

from __future__ import annotations

from typing import Any

import psycopg

from skeldir.errors import SkeldirError


class SuperuserRefused(SkeldirError):
    """A proof was about to run as a role that row-level security does not bind."""

    code = "superuser_refused"
    status = 500
    title = "A superuser proves nothing"


def require_bound_role(connection: psycopg.Connection[Any]) -> None:
    """Refuse a session whose role is a superuser or bypasses row-level security.

    Raises:
        SuperuserRefused: it is.
    """
    row = connection.execute(
        "SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    if row is None or row[1]:
        raise SuperuserRefused(
            f"{row[0] if row else 'The role'} is a superuser or bypasses row-level security.",
            cure="Name a role with CREATEROLE and CREATEDB that is neither.",
        )
