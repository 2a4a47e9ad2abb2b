"""The types of a statement as PostgreSQL describes them, as Python types.

What PostgreSQL and the syntax leave open, the statement's comment says:

- `Never null: a, b.` of columns of the result, or `Never null: every column.`
- `May be null: x, y[].` of parameters; `y[]` are the elements of an array, which may be a column, too.
- `Always a row.`
- `Column a is one of x, y.` of a text that no CHECK of a table holds to these.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import psycopg
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from skeldir.db.queries import Statement
from tests.support.nulls import Nulls, Schema

# The Python types that asyncpg returns for PostgreSQL's types.
_PYTHON = {
    "bool": "bool",
    "bytea": "bytes",
    "date": "dt.date",
    "float8": "float",
    "int2": "int",
    "int4": "int",
    "int8": "int",
    "json": "str",
    "jsonb": "str",
    "name": "str",
    "numeric": "Decimal",
    "text": "str",
    "timestamptz": "dt.datetime",
    "uuid": "UUID",
    "varchar": "str",
}
_TYPES = "SELECT oid::int, typname::text, typelem::int FROM pg_type"
_NOT_NULL = """
    SELECT c.oid::int, n.nspname || '.' || c.relname, a.attnum::int, a.attname::text
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE a.attnotnull"""
_AGGREGATES = "SELECT proname::text FROM pg_proc WHERE prokind = 'a'"
_CHECKS = """
    SELECT conrelid::int, conkey[1]::int, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE contype = 'c' AND cardinality(conkey) = 1"""
# A check that limits a column to some texts.
_ONE_OF = re.compile(r"CHECK \(\(\w+ = ANY \(ARRAY\[((?:'\w+'::text(?:, )?)+)\]\)\)\)")
HAS_ROWS = {"fetch", "fetchrow"}
_EVERY = "every column"
_DECLARED = re.compile(r"(Never null|May be null): ([^.]+)\.|(Always a row)\.")
_ONE_OF_TEXTS = "Column is one of"
_ENUMERATED = re.compile(r"Column (\w+) is one of ([^.]+)\.")


@dataclass(frozen=True)
class Signature:
    """A statement's parameters and columns with their types in Python, and whether a row is certain."""

    name: str
    parameters: dict[str, str]
    columns: dict[str, str]
    way: str
    has_row: bool


class Describer:
    """Has a migrated database describe statements; it runs none."""

    def __init__(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        self._pg = connection.pgconn
        self._types = {oid: (name, of) for oid, name, of in connection.execute(_TYPES)}
        columns = connection.execute(_NOT_NULL).fetchall()
        self._not_null = {(oid, number) for oid, _, number, _ in columns}
        self._texts = {
            (oid, number): re.findall(r"'(\w+)'", found[1])
            for oid, number, check in connection.execute(_CHECKS)
            if (found := _ONE_OF.fullmatch(check))
        }
        self._schema = Schema(
            frozenset((table, column) for _, table, _, column in columns),
            frozenset(name for (name,) in connection.execute(_AGGREGATES)),
        )

    def describe(self, statement: Statement) -> Signature:
        """Return the types of a statement.

        Raises:
            ValueError: PostgreSQL refuses it, or its comment says of NULL what is known or of nothing that is there.
        """
        _require(self._pg.prepare(b"", statement.sql.encode()))
        described = _require(self._pg.describe_prepared(b""))
        nulls = Nulls(statement.sql, self._schema)
        declared = _Declared(statement.comment)
        parameters = {
            name: self._parameter(
                name, described.param_type(place), nulls.takes_null(place + 1), declared
            )
            for place, name in enumerate(statement.parameters)
        }
        columns = {}
        for place in range(described.nfields):
            name = (described.fname(place) or b"").decode()
            if name in columns or (statement.way in HAS_ROWS and not name.isidentifier()):
                raise ValueError(f"give each column a name of its own, other than {name}")
            columns[name] = self._column(name, described, place, nulls, declared)
        has_row = declared.settle("Always a row", "", is_known=nulls.always_gives_a_row())
        declared.require_all_needed()
        return Signature(statement.name, parameters, columns, statement.way, has_row)

    def _parameter(self, name: str, oid: int, takes_null: bool, declared: _Declared) -> str:
        takes_null = declared.settle("May be null", name, is_known=takes_null)
        holds_null = declared.settle("May be null", f"{name}[]", is_known=False)
        kind, is_array = self._python(oid)
        if kind == "Decimal":
            kind = "Decimal | int"
        return _or_none(_array("Collection", kind, holds_null) if is_array else kind, takes_null)

    def _column(
        self, name: str, described: PGresult, place: int, nulls: Nulls, declared: _Declared
    ) -> str:
        origin = described.ftable(place), described.ftablecol(place)
        is_known = nulls.never_gives_null(place, is_not_null_column=origin in self._not_null)
        never_null = declared.settle("Never null", name, is_known=is_known)
        holds_null = declared.settle("May be null", f"{name}[]", is_known=False)
        kind, is_array = self._python(described.ftype(place))
        if texts := declared.texts(name, self._texts.get(origin, [])):
            kind = f"Literal[{', '.join(map(repr, texts))}]"
        return _or_none(_array("list", kind, holds_null) if is_array else kind, not never_null)

    def _python(self, oid: int) -> tuple[str, bool]:
        """Return the type's name in Python, or that of its elements, and whether it is an array."""
        name, element = self._types[oid]
        if name.startswith("_"):
            return self._python(element)[0], True
        if name not in _PYTHON:
            raise ValueError(f"say in tests/support/describing.py what {name} is in Python")
        return _PYTHON[name], False


class _Declared:
    """The claims of a statement's comment."""

    def __init__(self, comment: str) -> None:
        comment = comment.replace("\n", " ")
        self._texts = {
            found[1]: re.split(r",\s*", found[2]) for found in _ENUMERATED.finditer(comment)
        }
        self._claims = {
            (found[1] or found[3], name.strip())
            for found in _DECLARED.finditer(comment)
            for name in (found[2] or "").split(",")
        } | {(_ONE_OF_TEXTS, name) for name in self._texts}
        self._needed: set[tuple[str, str]] = set()

    def settle(self, what: str, name: str, *, is_known: bool) -> bool:
        """Return whether `what` is true of a name: because that is known, or because the comment claims it."""
        claims = {(what, name), (what, _EVERY)} & self._claims
        if not is_known:
            self._needed |= claims
        return is_known or bool(claims)

    def texts(self, name: str, known: list[str]) -> list[str]:
        """Return the texts that a column can be; [] when it can be any."""
        is_one_of_some = self.settle(_ONE_OF_TEXTS, name, is_known=bool(known))
        return known or (self._texts[name] if is_one_of_some else [])

    def require_all_needed(self) -> None:
        if superfluous := self._claims - self._needed:
            texts = sorted(f"{what}: {name}" if name else what for what, name in superfluous)
            raise ValueError(f"its comment need not say {'; '.join(texts)}")


def _require(result: PGresult) -> PGresult:
    if result.status != ExecStatus.COMMAND_OK:
        raise ValueError(result.error_message.decode().strip())
    return result


def _array(container: str, kind: str, holds_null: bool) -> str:
    return f"{container}[{_or_none(kind, holds_null)}]"


def _or_none(kind: str, is_nullable: bool) -> str:
    return f"{kind} | None" if is_nullable else kind
