"""Compares the database's catalogue with `expected`: roles, owners, rights, policies, functions and views."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, TypedDict

from skeldir.audit import expected, expected_functions
from skeldir.audit.differences import CheckResult, StructureCheck, compare
from skeldir.audit.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection


class _FoundRow(TypedDict):
    """A catalogue object by name, with its description."""

    name: str
    found: str


class _Listing(Protocol):
    """A statement that lists catalogue objects."""

    def __call__(self, connection: Connection, /) -> Awaitable[Sequence[_FoundRow]]: ...


_Comparison: TypeAlias = tuple[_Listing, Mapping[str, str]]

_SUB_SELECT: Final = r"\( SELECT ((?:public\.)?current_tenant_id\(\)) AS current_tenant_id\)"


async def check_structure(connection: Connection, server_major: int) -> list[CheckResult]:
    """Compare the catalogue with what is expected; any role may do this.

    `server_major` is the server's version: definitions of views are compared only on the version they are stated for.
    What Citus itself puts beside the program's objects is left out.
    """
    of_citus = frozenset(row["name"] for row in await queries.select_of_citus(connection))
    roles = expected.ROLES_ON_CITUS if of_citus else expected.ROLES
    policies = await queries.select_row_security(connection, sub_select=_SUB_SELECT)
    return [
        await _check_views(connection, server_major, of_citus),
        _compare("row_security", "protection", policies, expected.ROW_SECURITY),
        await _check(
            connection,
            "owners",
            "owner",
            (queries.select_owners, expected.OWNERS),
            (queries.select_owned_by_app_user, {}),
            but=of_citus,
        ),
        await _check(
            connection, "rights", "rights", (queries.select_rights, expected.RIGHTS), but=of_citus
        ),
        await _check(connection, "roles", "attributes", (queries.select_roles, roles)),
        await _check(
            connection,
            "functions",
            "function",
            (queries.select_functions, expected_functions.FUNCTIONS),
        ),
        await _check(
            connection,
            "triggers",
            "trigger",
            (queries.select_triggers, expected.TRIGGERS),
            but=of_citus,
        ),
    ]


async def _check_views(
    connection: Connection, server_major: int, of_citus: frozenset[str]
) -> CheckResult:
    comparisons: list[_Comparison] = [
        (queries.select_views, expected.VIEWS),
        (queries.select_readers, expected.READERS),
    ]
    is_comparable = server_major == expected.DEFINITIONS_MAJOR
    if is_comparable:
        comparisons.append((queries.select_definitions, expected.DEFINITIONS))
    result = await _check(connection, "views", "view", *comparisons, but=of_citus)
    if not is_comparable:
        result.note = (
            f"Definitions are not compared: PostgreSQL {server_major} may format them differently."
        )
    return result


async def _check(
    connection: Connection,
    name: StructureCheck,
    noun: str,
    *comparisons: _Comparison,
    but: frozenset[str] = frozenset(),
) -> CheckResult:
    """Compare each listing with what is wanted, except the objects named in `but`."""
    result = CheckResult(name)
    for list_found, wanted in comparisons:
        found = [row for row in await list_found(connection) if row["name"] not in but]
        part = _compare(name, noun, found, wanted)
        result.join(part)
    return result


def _compare(
    name: StructureCheck, noun: str, rows: Sequence[_FoundRow], wanted: Mapping[str, str]
) -> CheckResult:
    result = CheckResult(name)
    compare(
        result,
        {(row["name"],): (_without_schema(row["found"]),) for row in rows},
        {(key,): (text,) for key, text in wanted.items()},
        (noun,),
    )
    return result


def _without_schema(text: str) -> str:
    """Remove the schema `public`, which the server leaves out if it is on the search path."""
    return text.replace("public.", "")
