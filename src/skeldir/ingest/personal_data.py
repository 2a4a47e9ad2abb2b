"""The scan for personal data: reads what a tenant has stored; records where something looks personal, never what."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypedDict
from uuid import UUID

import orjson

from skeldir.db import new_ids
from skeldir.ingest.shapes import shapes_in
from skeldir.ingest.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection, Database
    from skeldir.jobs import Job

ROWS_PER_TRANSACTION = 1_000
# The first places are enough to show that a cell is full of addresses.
MOST_PLACES_OF_A_CELL = 100

_BEFORE_ALL = UUID(int=0)
_AFTER_ALL = UUID(int=2**128 - 1)
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
# A path is part of a unique key, and an index entry has a limit of 2,700 bytes.
_LONGEST_PATH = 400


class Place(NamedTuple):
    """Where in a tenant's rows something looks personal, and which shape it has (one of `shapes.SHAPES`).

    `path` is empty for a plain text, a JSON path from `$` in a document, and the row's key where that is not a UUID.
    """

    column_name: str
    row_id: UUID
    path: str
    shape: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A place as it is stored; `found_at` is when a scan first found it."""

    relation: str
    column_name: str
    row_id: UUID
    path: str
    shape: str
    found_at: datetime


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What a scan did: the rows read, the places found, how many are new, and how many earlier ones were cleared."""

    rows: int
    places: int
    new: int
    cleared: int


class _ScannedRow(TypedDict):
    """The column that the rows of every scanned table have."""

    row_id: UUID


class _SelectToScan(Protocol):
    """A statement that returns up to `most` rows of a tenant after a given row."""

    async def __call__(
        self, connection: Connection, /, *, tenant_id: UUID, after: UUID, most: int
    ) -> Sequence[_ScannedRow]: ...


@dataclass(frozen=True, slots=True)
class _Relation:
    """A table to scan. Its statement returns `row_id`, perhaps `row_key`, and the columns to inspect.

    `identifiers` are the columns, or the fields of a document, where digits are normal.
    """

    name: str
    select: _SelectToScan
    documents: frozenset[str] = frozenset()
    identifiers: frozenset[str] = frozenset()


_RELATIONS = (
    _Relation(
        "attribution_events",
        queries.select_events_to_scan,
        documents=frozenset({"raw_payload"}),
        identifiers=frozenset({"idempotency_key", "session_id"}),
    ),
    _Relation(
        "dead_events",
        queries.select_dead_events_to_scan,
        documents=frozenset({"item"}),
        identifiers=frozenset({"idempotency_key", "session_id", "order_id"}),
    ),
    _Relation(
        "revenue_ledger",
        queries.select_entries_to_scan,
        identifiers=frozenset({"business_key", "order_id"}),
    ),
    _Relation("channels", queries.select_channels_to_scan, identifiers=frozenset({"code"})),
    _Relation("imports", queries.select_imports_to_scan, identifiers=frozenset({"fingerprint"})),
    _Relation(
        "ad_days",
        queries.select_ad_days_to_scan,
        identifiers=frozenset({"account", "campaign"}),
    ),
    _Relation("ad_loads", queries.select_ad_loads_to_scan),
    _Relation("undoings", queries.select_undoings_to_scan, identifiers=frozenset({"target"})),
    _Relation("jobs", queries.select_jobs_to_scan, documents=frozenset({"arguments"})),
    _Relation("api_keys", queries.select_keys_to_scan),
)


async def scan_for_personal_data(
    database: Database,
    tenant_id: UUID,
    *,
    job: Job | None = None,
    most: int = ROWS_PER_TRANSACTION,
) -> ScanReport:
    """Scan the tenant's rows, `most` per transaction, and update its findings.

    A place that was found before keeps its finding; when a place is clean or its row is gone, the finding is deleted.
    With a `job`, each transaction is fenced by it, and the last one ends it.
    """
    total = ScanReport(0, 0, 0, 0)
    for relation in _RELATIONS:
        after = _BEFORE_ALL
        while after != _AFTER_ALL:
            async with database.tenant(tenant_id) as connection:
                rows = await relation.select(
                    connection, tenant_id=tenant_id, after=after, most=most
                )
                until = rows[-1]["row_id"] if len(rows) == most else _AFTER_ALL
                places = [place for row in rows for place in _places_of(relation, row)]
                new, cleared = await _settle(
                    connection, tenant_id, relation.name, (after, until), places
                )
                if job is not None:
                    is_last = relation is _RELATIONS[-1] and until == _AFTER_ALL
                    await (job.finish(connection) if is_last else job.hold(connection))
            after = until
            total = ScanReport(
                total.rows + len(rows),
                total.places + len(places),
                total.new + new,
                total.cleared + cleared,
            )
    return total


async def list_findings(
    connection: Connection, tenant_id: UUID, *, most: int = 1_000
) -> list[Finding]:
    """Return up to `most` findings of the transaction's tenant, by relation, column and row."""
    rows = await queries.select_findings(connection, tenant_id=tenant_id, most=most)
    return [Finding(**row) for row in rows]


async def _settle(
    connection: Connection,
    tenant_id: UUID,
    relation: str,
    between: tuple[UUID, UUID],
    places: Sequence[Place],
) -> tuple[int, int]:
    """Make `places` the findings of the rows after the first and up to the second id; return (new, cleared)."""
    columns = [place.column_name for place in places]
    row_ids = [place.row_id for place in places]
    paths = [place.path for place in places]
    shapes = [place.shape for place in places]
    cleared = await queries.delete_cleared_findings(
        connection,
        tenant_id=tenant_id,
        relation=relation,
        after=between[0],
        until=between[1],
        columns=columns,
        row_ids=row_ids,
        paths=paths,
        shapes=shapes,
    )
    new = 0
    if places:
        new = await queries.insert_findings(
            connection,
            tenant_id=tenant_id,
            relation=relation,
            ids=new_ids(len(places)),
            columns=columns,
            row_ids=row_ids,
            paths=paths,
            shapes=shapes,
        )
    return new, cleared


def _places_of(relation: _Relation, row: _ScannedRow) -> Iterator[Place]:
    for column, value in row.items():
        # Nearly every touch has an empty document.
        if column in ("row_id", "row_key") or not value or value == "{}":
            continue
        if column in relation.documents and isinstance(value, str):
            found = find_shapes(_read_document(value), identifiers=relation.identifiers)
        else:
            found = find_shapes(value, _root_of(row), is_identifier=column in relation.identifiers)
        for path, shape in islice(dict.fromkeys(found), MOST_PLACES_OF_A_CELL):
            yield Place(column, row["row_id"], path, shape)


def _root_of(row: Mapping[str, object]) -> str:
    """Return the root of the row's paths where its key is a text: the key itself, or only its shapes if it has any."""
    key = row.get("row_key")
    if not isinstance(key, str):
        return ""
    return f"<{'+'.join(shapes_in(key))}>" if shapes_in(key) else key


def _read_document(text: str) -> object:
    """Return the value of a JSON text; if it is nested too deeply to be parsed, return the text itself."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def find_shapes(
    value: object,
    root: str = "$",
    *,
    is_identifier: bool = False,
    identifiers: frozenset[str] = frozenset(),
) -> Iterator[tuple[str, str]]:
    """Yield (path, shape) of everything that looks personal in a text or a JSON value, keys included.

    A key that looks personal is masked in its own path and in the paths below it: `$.orders["<e_mail>"].note`.
    Fields of the outermost object that are among `identifiers` are inspected as identifiers.
    """
    waiting: list[tuple[object, str, str, bool]] = [(value, root, "", is_identifier)]
    while waiting:
        value, path, key, is_identifier = waiting.pop()
        if isinstance(value, str | int) and not isinstance(value, bool):
            for shape in shapes_in(str(value), key=key, is_identifier=is_identifier):
                yield _shorten(path), shape
        elif isinstance(value, list):
            for index, part in enumerate(value):
                waiting.append((part, f"{path}[{index}]", key, is_identifier))
        elif isinstance(value, dict):
            for name, part in value.items():
                shapes = shapes_in(name)
                below = path + _step(name, shapes)
                for shape in shapes:
                    yield _shorten(below), shape
                waiting.append((part, below, name, path == root and name in identifiers))


def _step(name: str, shapes: Sequence[str]) -> str:
    if shapes:
        return f'["<{"+".join(shapes)}>"]'
    if _PLAIN_KEY.fullmatch(name):
        return f".{name}"
    return f"[{orjson.dumps(name).decode()}]"


def _shorten(path: str) -> str:
    if len(path) <= _LONGEST_PATH:
        return path
    digest = hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{path[: _LONGEST_PATH - 20]}...{digest}"
