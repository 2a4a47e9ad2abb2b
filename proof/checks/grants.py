"""ISOLATION, by who owns what and was granted what: exact lists, so that a new privilege makes somebody think."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, LiteralString

from proof.contract import Check
from proof.stage.expectations import done, one_row, refused, shows
from proof.stage.ground import APP_USER
from proof.stage.proving import Proof
from skeldir.audit import GATES, OF_READERS, OWNER, RIGHTS, ROLES, VIEW_OWNER

_PRIVILEGES: Final = """
    SELECT n.nspname || '.' || c.relname AS relation,
           concat_ws(' ',
               (SELECT string_agg(p.name, ' ' ORDER BY p.name)
                FROM unnest(ARRAY['DELETE', 'MAINTAIN', 'REFERENCES', 'TRIGGER', 'TRUNCATE', 'UPDATE']) p (name)
                WHERE has_table_privilege(c.oid, p.name)),
               (SELECT 'UPDATE(' || string_agg(a.attname, ', ' ORDER BY a.attname) || ')' FROM pg_attribute a
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                  AND has_column_privilege(c.oid, a.attnum, 'UPDATE') AND NOT has_table_privilege(c.oid, 'UPDATE'))
           ) AS beyond_select_and_insert
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
      AND (has_any_column_privilege(c.oid, 'UPDATE') OR has_any_column_privilege(c.oid, 'REFERENCES')
           OR has_table_privilege(c.oid, 'DELETE, MAINTAIN, TRIGGER, TRUNCATE'))
    ORDER BY 1"""
_RIGHT: Final = re.compile(r"(?!INSERT|SELECT|USAGE)\b[A-Z]+(?:\(.*?\))?")


def _beyond_select_and_insert() -> Iterator[tuple[str, str]]:
    for relation, rights in sorted(RIGHTS.items()):
        for of_role in rights.split("; "):
            beyond = _RIGHT.findall(of_role)
            if beyond and of_role.startswith(f"{APP_USER} "):
                yield relation, " ".join(beyond)


# Neither the ledger nor the touches, conversions, dead events, spend and channels are here: nobody changes them.
_PRIVILEGES_EXPECTED: Final = shows(
    ("relation", "beyond_select_and_insert"), *_beyond_select_and_insert()
)

_ROLES: Final = """
    SELECT rolname, rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
           (SELECT count(*) FROM pg_auth_members m WHERE m.member = r.oid) AS memberships
    FROM pg_roles r WHERE rolname IN ('app_user', 'matview_owner', 'skeldir_owner') ORDER BY 1"""
_ROLES_EXPECTED: Final = shows(
    (
        *("rolname", "rolcanlogin", "rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb"),
        *("rolreplication", "memberships"),
    ),
    *((role, attributes == "LOGIN", *[False] * 5, 0) for role, attributes in sorted(ROLES.items())),
)
_OWNED: Final = """
    SELECT n.nspname || '.' || c.relname AS relation_of_somebody_else
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
      AND pg_get_userbyid(c.relowner) NOT IN ('matview_owner', 'skeldir_owner')
    ORDER BY 1"""
_OWNED_EXPECTED: Final = one_row(relation_of_somebody_else="public.alembic_version")

# All of them, since a trigger runs one whether or not its caller may.
_DEFINERS: Final = """
    SELECT n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS function,
           pg_get_userbyid(p.proowner) AS owner, p.proconfig,
           has_function_privilege(p.oid, 'EXECUTE') AS is_executable
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prosecdef ORDER BY 1"""
_DEFINERS_EXPECTED: Final = shows(
    ("function", "owner", "proconfig", "is_executable"),
    *(
        (name, VIEW_OWNER if name in OF_READERS else OWNER, ["search_path=pg_catalog"], True)
        for name in sorted({*GATES, *OF_READERS})
    ),
)

# Each after all keys of the tenant have ended in the same transaction, which then is rolled back.
_END_KEYS: Final = "UPDATE public.api_keys SET revoked_at = now(), expires_at = now()"
_REVIVALS: Final[tuple[LiteralString, ...]] = (
    "UPDATE public.api_keys SET revoked_at = NULL",
    "UPDATE public.api_keys SET revoked_at = revoked_at + interval '1 second'",
    "UPDATE public.api_keys SET expires_at = NULL",
    "UPDATE public.api_keys SET expires_at = expires_at + interval '1 second'",
)
_OTHER_CHANGES: Final[tuple[LiteralString, ...]] = (
    "UPDATE public.api_keys SET scopes = '{ingest,manage,read}'",
    "UPDATE public.api_keys SET secret_sha256 = sha256('mine')",
    "UPDATE public.api_keys SET tenant_id = gen_random_uuid()",
    "DELETE FROM public.api_keys",
)


def _prove_privileges(proof: Proof) -> None:
    proof.ask(APP_USER, proof.world.database, _PRIVILEGES, expect=_PRIVILEGES_EXPECTED)


def _prove_owners(proof: Proof) -> None:
    with proof.session(APP_USER, proof.world.database) as session:
        session.ask(_ROLES, expect=_ROLES_EXPECTED)
        session.ask(_OWNED, expect=_OWNED_EXPECTED)


def _prove_definers(proof: Proof) -> None:
    proof.ask(APP_USER, proof.world.database, _DEFINERS, expect=_DEFINERS_EXPECTED)


def _prove_key_ends(proof: Proof) -> None:
    world = proof.world
    with proof.session(APP_USER, world.database, tenant=world.a) as session:
        for revival in _REVIVALS:
            session.ask(
                "BEGIN",
                _END_KEYS,
                revival,
                expect=refused("23514", after=("BEGIN", "UPDATE <count>")),
            )
            session.ask("ROLLBACK", expect=done("ROLLBACK"))
        for change in _OTHER_CHANGES:
            session.ask(change, expect=refused("42501", "permission denied <text>"))


CHECKS: Final = (
    Check(
        "ISOLATION/append-only",
        "The runtime role may change and delete what a list names and nothing else: ledger, touches and refused items "
        "only grow.",
        _prove_privileges,
    ),
    Check(
        "ISOLATION/owners",
        "All tables and views except Alembic's own belong to two roles that nobody can log in as and that bypass "
        "nothing; the runtime role is a member of neither.",
        _prove_owners,
    ),
    Check(
        "ISOLATION/definers",
        "What runs with its owner's rights is a list of functions, each on a fixed search path.",
        _prove_definers,
    ),
    Check(
        "ISOLATION/key-ends",
        "The runtime role can end a key, and neither undo nor postpone that end, nor change what else a key is.",
        _prove_key_ends,
    ),
)
