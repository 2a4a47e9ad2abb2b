"""The three roles that the schema needs, created or checked before the first table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skeldir.migrations.guard import OPEN_THE_SCHEMA, MigrationRefused, driver_connection

if TYPE_CHECKING:
    import psycopg

_ROLES = {"skeldir_owner": "NOLOGIN", "matview_owner": "NOLOGIN", "app_user": "LOGIN"}

_CREATE_ROLE = """
DO $$
BEGIN
    CREATE ROLE {role} {login} NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- roles belong to the cluster: another database's migration was first
END
$$
"""


def ensure_roles() -> None:
    """Create missing roles, check existing ones, and make the migrating role a member of the owners.

    Raises:
        MigrationRefused: the migrating role may not create or use a role, or a role has rights it must not have.
    """
    connection = driver_connection()
    for role, login in _ROLES.items():
        if _attributes(connection, role) is None:
            _require_createrole(connection, role)
            connection.execute(_CREATE_ROLE.format(role=role, login=login).encode())
        _require_harmless(connection, role)
    for role in ("skeldir_owner", "matview_owner"):
        _become_member(connection, role)
    _open_schema(connection)


def _one(connection: psycopg.Connection[tuple[object, ...]], sql: str, *values: object) -> object:
    row = connection.execute(sql.encode(), values).fetchone()
    return None if row is None else row[0]


def _attributes(connection: psycopg.Connection[tuple[object, ...]], role: str) -> object:
    return _one(
        connection, "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = %s", role
    )


def _require_createrole(connection: psycopg.Connection[tuple[object, ...]], missing: str) -> None:
    if not _one(
        connection, "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
    ):
        raise MigrationRefused(
            f"Role {missing} does not exist and the migrating role may not create it.",
            cure="Run the migration as a role with CREATEROLE, or have an administrator create "
            "skeldir_owner and matview_owner (NOLOGIN) and app_user (LOGIN) first.",
        )


def _require_harmless(connection: psycopg.Connection[tuple[object, ...]], role: str) -> None:
    if _attributes(connection, role):
        raise MigrationRefused(
            f"Role {role} is SUPERUSER or BYPASSRLS: row-level security would not bind it.",
            cure=f"ALTER ROLE {role} NOSUPERUSER NOBYPASSRLS, then run the migration again.",
        )


def _become_member(connection: psycopg.Connection[tuple[object, ...]], role: str) -> None:
    """Grant `role` to the migrating role, with INHERIT and SET, unless it already has both."""
    is_member = (
        "SELECT pg_has_role(current_user, %s, 'SET') AND pg_has_role(current_user, %s, 'USAGE')"
    )
    if _one(connection, is_member, role, role):
        return
    may_grant = """SELECT EXISTS (SELECT FROM pg_auth_members m
        WHERE m.roleid = %s::regrole AND m.member = current_user::regrole AND m.admin_option)"""
    if not _one(connection, may_grant, role):
        raise MigrationRefused(
            f"The migrating role is not a member of {role}, which another role made.",
            cure=f"Have its creator or a superuser run: GRANT {role} TO <migrating role> WITH INHERIT TRUE, SET TRUE.",
        )
    connection.execute(f"GRANT {role} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE".encode())


def _open_schema(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Let only the owner create in schema public, and only the views' owner use TEMPORARY.

    `app_user` may create nothing, temporary tables included; but REFRESH … CONCURRENTLY makes one, as the
    owner of the view. A role that does not own the database cannot revoke TEMPORARY from PUBLIC: then these
    statements only warn, and the database's owner has to run them.
    """
    connection.execute("GRANT USAGE, CREATE ON SCHEMA public TO skeldir_owner")
    connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    database = _one(connection, "SELECT quote_ident(current_database())")
    connection.execute(f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC".encode())
    connection.execute(f"GRANT TEMPORARY ON DATABASE {database} TO matview_owner".encode())
    may_create = """SELECT has_schema_privilege(current_user, 'public', 'CREATE WITH GRANT OPTION')
        OR (has_schema_privilege('skeldir_owner', 'public', 'CREATE')
            AND has_schema_privilege('matview_owner', 'public', 'CREATE'))"""
    if not _one(connection, may_create):
        raise MigrationRefused(
            "skeldir_owner and matview_owner may not create in schema public.", cure=OPEN_THE_SCHEMA
        )
