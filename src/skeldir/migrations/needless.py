"""Functions of PostgreSQL that everybody may run and the program does not need: they are revoked from PUBLIC."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

# Large objects have no row-level security, a message in the write-ahead log can be of any size, and a role may end the
# sessions of its own name, which are the program's.
_OPEN = r"""
    SELECT p.oid::regprocedure::text, pg_has_role(p.proowner, 'USAGE') FROM pg_catalog.pg_proc p
    WHERE p.pronamespace = 'pg_catalog'::regnamespace
      AND (p.proname LIKE 'lo\_%' OR p.proname IN ('loread', 'lowrite', 'pg_logical_emit_message',
                                                   'pg_cancel_backend', 'pg_terminate_backend'))
      AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                  WHERE a.grantee = 0 AND a.privilege_type = 'EXECUTE')
    ORDER BY 1"""
# Members of this role may end the sessions of others, and operators those of their own role.
_SIGNALS = ("pg_cancel_backend(integer)", "pg_terminate_backend(integer,bigint)")
_SIGNALLERS = "pg_signal_backend, skeldir_owner"


def open_functions(connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    """Return the needless functions of this database that everybody may run, with the types of their arguments."""
    return [str(name) for name, _ in connection.execute(_OPEN.encode())]


def close_functions(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Revoke the needless functions from PUBLIC, as far as the role may: as a rule a superuser owns them."""
    ours = [str(name) for name, is_ours in connection.execute(_OPEN.encode()) if is_ours]
    for statement in closing_statements(ours):
        connection.execute(statement.encode())


def closing_statements(functions: list[str]) -> list[str]:
    """Return the statements that revoke `functions`, for their owner or a superuser; empty if there are none."""
    if not functions:
        return []
    signals = [name for name in functions if name in _SIGNALS]
    statements = [f"REVOKE EXECUTE ON FUNCTION {', '.join(functions)} FROM PUBLIC"]
    if signals:
        statements.append(f"GRANT EXECUTE ON FUNCTION {', '.join(signals)} TO {_SIGNALLERS}")
    return statements
