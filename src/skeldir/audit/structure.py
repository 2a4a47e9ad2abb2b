"""The database's own catalogue against what is meant: roles, owners, rights, policies, functions and views."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, TypedDict

from skeldir.audit import expected
from skeldir.audit.differences import CheckResult, StructureCheck, compare
from skeldir.audit.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection


class _FoundRow(TypedDict):
    """What the catalogue says of a thing, by its name."""

    name: str
    found: str


class _Ask(Protocol):
    """A statement that lists things of the catalogue."""

    def __call__(self, connection: Connection, /) -> Awaitable[Sequence[_FoundRow]]: ...


_Question: TypeAlias = tuple[_Ask, Mapping[str, str]]

_SUB_SELECT: Final = r"\( SELECT ((?:public\.)?current_tenant_id\(\)) AS current_tenant_id\)"


async def check_structure(connection: Connection, server_major: int) -> list[CheckResult]:
    """Compare the catalogue with what is meant; any role may ask.

    `server_major` is the server's version: definitions of views are compared where they are written as expected.
    """
    policies = await queries.select_row_security(connection, sub_select=_SUB_SELECT)
    return [
        await _check_views(connection, server_major),
        _compare("row_security", "protection", policies, expected.ROW_SECURITY),
        await _check(
            connection,
            "owners",
            "owner",
            (queries.select_owners, expected.OWNERS),
            (queries.select_owned_by_app_user, {}),
        ),
        await _check(connection, "rights", "rights", (queries.select_rights, expected.RIGHTS)),
        await _check(connection, "roles", "attributes", (queries.select_roles, expected.ROLES)),
        await _check(
            connection, "functions", "function", (queries.select_functions, expected.FUNCTIONS)
        ),
        await _check(
            connection, "triggers", "trigger", (queries.select_triggers, expected.TRIGGERS)
        ),
    ]


async def _check_views(connection: Connection, server_major: int) -> CheckResult:
    questions: list[_Question] = [
        (queries.select_views, expected.VIEWS),
        (queries.select_readers, expected.READERS),
    ]
    is_written_so = server_major == expected.DEFINITIONS_MAJOR
    if is_written_so:
        questions.append((queries.select_definitions, expected.DEFINITIONS))
    result = await _check(connection, "views", "view", *questions)
    if not is_written_so:
        result.note = (
            f"Definitions are not compared: PostgreSQL {server_major} may write them otherwise."
        )
    return result


async def _check(
    connection: Connection, name: StructureCheck, noun: str, *questions: _Question
) -> CheckResult:
    result = CheckResult(name)
    for ask, meant in questions:
        part = _compare(name, noun, await ask(connection), meant)
        result.join(part)
    return result


def _compare(
    name: StructureCheck, noun: str, rows: Sequence[_FoundRow], meant: Mapping[str, str]
) -> CheckResult:
    result = CheckResult(name)
    compare(
        result,
        {(row["name"],): (_without_schema(row["found"]),) for row in rows},
        {(key,): (text,) for key, text in meant.items()},
        (noun,),
    )
    return result


def _without_schema(text: str) -> str:
    """Leave the schema `public` out, as a server does where it is on the search path."""
    return text.replace("public.", "")
