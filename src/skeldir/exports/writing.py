"""Writes an export into a folder: each file under another name until it is complete, the manifest last of all.

A state file says how far it has come. After a kill the same command continues: the parts of facts are read as the first
snapshot saw them, so the files are those that it would have written.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

import orjson
from pydantic import ConfigDict, Field

from skeldir.errors import SkeldirError
from skeldir.exports.fitting import require_fit
from skeldir.exports.formats import FileFormat, make_encoder
from skeldir.exports.pages import Page, Sums
from skeldir.exports.parts import PARTS, Part, require_models_apply
from skeldir.exports.reading import ROWS_OF_PAGE, Source, Span
from skeldir.exports.snapshots import Snapshot, take_snapshot

if TYPE_CHECKING:
    from datetime import date
    from typing import BinaryIO

    from skeldir.db import Connection

MANIFEST: Final = "manifest.json"
_STATE: Final = ".export-state.json"
_VERSION: Final = 1
_UNFINISHED: Final = ".part"
_PAGES_BETWEEN_STATES: Final = 20


class ExportFolderTaken(SkeldirError):
    """The folder holds something else, or an export that is complete."""

    code = "export_folder_taken"
    status = 409
    title = "The folder is not empty"


class ExportNotResumable(SkeldirError):
    """There is nothing to continue, or it was another export."""

    code = "export_not_resumable"
    status = 409
    title = "The export cannot be continued"


@dataclass(frozen=True, slots=True)
class Asked:
    """What an export is of. Days are those of the tenant's zone, [first, end); None leaves a side open."""

    tenant_id: UUID
    parts: tuple[str, ...]
    format: FileFormat = "csv"
    first_day: date | None = None
    end_day: date | None = None
    model_versions: tuple[str, ...] = ()
    has_bom: bool = False

    def as_stored(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        stored: dict[str, Any] = orjson.loads(orjson.dumps(asdict(self), default=str))
        return stored


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A complete file: its part, its name, how large it is, its SHA-256, its rows, and the sums of its cents."""

    __pydantic_config__ = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "part": "entries",
                    "file": "entries.csv",
                    "bytes": 1043,
                    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                    "rows": 7,
                    "sums": [{"currency": "EUR", "amount_cents": 20050}],
                }
            ]
        }
    )

    part: str
    file: str
    bytes: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    rows: Annotated[int, Field(ge=0)]
    sums: Annotated[
        Sequence[Mapping[str, object]],
        Field(
            description="an object for each currency, and model version if rows are of one: sums of columns of cents, "
            "of what is known; null if nothing is"
        ),
    ]


@dataclass(slots=True)
class _State:
    """How far an export has come: what is complete, and of the part that is being written, up to where."""

    asked: Mapping[str, Any]
    snapshot: Snapshot
    done: list[WrittenFile] = field(default_factory=list)
    part: str | None = None
    cursor: str | None = None
    bytes: int = 0
    sums: Sums = field(default_factory=Sums)

    def save(self, folder: Path) -> None:
        stored = {
            "version": _VERSION,
            "asked": self.asked,
            "snapshot": self.snapshot.as_stored(),
            "done": [asdict(one) for one in self.done],
            "part": self.part,
            "cursor": self.cursor,
            "bytes": self.bytes,
            "sums": self.sums.as_stored(),
        }
        _write_whole(folder / _STATE, orjson.dumps(stored))


async def write_export(
    connection: Connection,
    folder: Path,
    asked: Asked,
    *,
    is_resumed: bool = False,
    rows_at_once: int = ROWS_OF_PAGE,
    report: Callable[[WrittenFile], None] = lambda _: None,
) -> list[WrittenFile]:
    """Write the parts of the transaction's tenant into `folder`, and return its files; `report` is called for each.

    The transaction must be a read-only one: all parts are of its one snapshot.

    Raises:
        ExportFolderTaken: the folder is not empty, or holds an unfinished export that `is_resumed` does not continue.
        ExportNotResumable: there is no unfinished export, or another one was asked for.
        InputInvalid: there are model versions, and no part is worked out by them.
        ModelVersionUnknown: the tenant never had one of the model versions.
        WorkbookTooLarge: a part does not fit into a workbook; nothing was written.
        OSError: the folder cannot be written.
    """
    require_models_apply(asked.parts, asked.model_versions)
    snapshot, days = await take_snapshot(connection, asked.tenant_id)
    span = Span.of_days(asked.first_day, asked.end_day, days)
    if asked.format == "xlsx":
        now = Source(connection, asked.tenant_id, snapshot, span, asked.model_versions)
        for name in asked.parts:
            await require_fit(PARTS[name], now.pages(PARTS[name]))
    state = _open_folder(folder, asked, snapshot, is_resumed=is_resumed)
    source = Source(
        connection,
        asked.tenant_id,
        state.snapshot,
        span,
        asked.model_versions,
        rows_at_once,
    )
    for one in state.done:
        report(one)
    done = {one.part for one in state.done}
    for name in asked.parts:
        if name not in done:
            written = await _write_part(folder, asked, state, source, PARTS[name])
            report(written)
    _write_manifest(folder, asked, state, days.rules.name)
    return state.done


def find_complete(folder: Path, asked: Asked) -> list[WrittenFile] | None:
    """Return the files of a complete export of what is asked; None if the folder holds none."""
    manifest_file = folder / MANIFEST
    if not manifest_file.exists() or (folder / _STATE).exists():
        return None
    manifest, stored = orjson.loads(manifest_file.read_bytes()), asked.as_stored()
    if {name: manifest.get(name) for name in stored} != stored:
        return None
    return [WrittenFile(**one) for one in manifest["files"]]


def _open_folder(folder: Path, asked: Asked, snapshot: Snapshot, *, is_resumed: bool) -> _State:
    folder.mkdir(parents=True, exist_ok=True)
    state_file = folder / _STATE
    if is_resumed:
        if not state_file.exists():
            raise ExportNotResumable(
                f"{folder} holds no unfinished export.", cure="Leave out --resume."
            )
        state = _read_state(folder, snapshot)
        if state.asked != asked.as_stored():
            raise ExportNotResumable(
                f"The unfinished export in {folder} is of other parts, days, models or another format.",
                cure="Give the same options as before, or begin again in another folder.",
            )
        return state
    if any(folder.iterdir()):
        is_unfinished = state_file.exists()
        raise ExportFolderTaken(
            f"{folder} holds an unfinished export." if is_unfinished else f"{folder} is not empty.",
            cure="Continue it with --resume."
            if is_unfinished
            else "Name a folder that is new or empty.",
        )
    state = _State(asked.as_stored(), snapshot)
    state.save(folder)
    return state


def _read_state(folder: Path, snapshot: Snapshot) -> _State:
    """Return where an export stopped. Unless all that follows from facts is complete, it begins again, as of now."""
    stored = orjson.loads((folder / _STATE).read_bytes())
    if stored["version"] != _VERSION:
        raise ExportNotResumable(
            "The unfinished export was begun by another version of the program.",
            cure="Begin again in another folder.",
        )
    if stored["snapshot"]["beyond"] is None:
        raise ExportNotResumable(
            "On a database that is distributed with Citus, an export cannot be continued.",
            cure="Begin again in another folder.",
        )
    state = _State(
        stored["asked"],
        Snapshot.of_stored(stored["snapshot"]),
        [WrittenFile(**one) for one in stored["done"]],
        stored["part"],
        stored["cursor"],
        stored["bytes"],
        Sums.of_stored(stored["sums"]),
    )
    done = {one.part for one in state.done}
    if all(PARTS[name].is_of_facts or name in done for name in state.asked["parts"]):
        return state
    for one in state.done:
        (folder / one.file).unlink(missing_ok=True)
        (folder / sums_file_of(one.file)).unlink(missing_ok=True)
    return _State(state.asked, snapshot)


async def _write_part(
    folder: Path, asked: Asked, state: _State, source: Source, part: Part
) -> WrittenFile:
    name = f"{part.name}.{asked.format}"
    unfinished = folder / f"{name}{_UNFINISHED}"
    # Parquet and workbooks have an index at their end, and what follows from facts has no cursor: these begin again.
    can_continue = part.is_of_facts and asked.format in ("csv", "ndjson")
    is_continued = can_continue and state.part == part.name and state.cursor is not None
    if not is_continued:
        state.part, state.cursor, state.bytes, state.sums = part.name, None, 0, Sums()
    with unfinished.open("r+b" if is_continued else "wb") as file:
        file.truncate(state.bytes)
        file.seek(state.bytes)
        encoder = make_encoder(
            asked.format,
            part,
            file,
            describe(asked, state.snapshot, part),
            is_continued=is_continued,
            has_bom=asked.has_bom,
        )
        pages = source.pages(part, state.cursor)
        number = 0
        async for page in read_ahead(pages):
            await asyncio.to_thread(encoder.write, page)
            state.sums.add(part, page)
            number += 1
            if can_continue and number % _PAGES_BETWEEN_STATES == 0:
                _flush(file)
                state.cursor, state.bytes = page.cursor, file.tell()
                state.save(folder)
        encoder.close()
        _flush(file)
        size = file.tell()
    written = WrittenFile(
        part.name,
        name,
        size,
        await asyncio.to_thread(_digest, unfinished),
        state.sums.rows,
        state.sums.totals(),
    )
    _write_whole(folder / sums_file_of(name), as_json(asdict(written)))
    unfinished.replace(folder / name)
    state.done.append(written)
    state.part, state.cursor, state.bytes, state.sums = None, None, 0, Sums()
    state.save(folder)
    return written


async def read_ahead(pages: AsyncIterator[Page]) -> AsyncGenerator[Page, None]:
    """Yield pages, and read the next one while the caller works on this one."""
    coming = asyncio.ensure_future(anext(pages, None))
    try:
        while (page := await coming) is not None:
            coming = asyncio.ensure_future(anext(pages, None))
            yield page
    finally:
        # The connection is free for the end of its transaction only when the statement has ended.
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


def describe(asked: Asked, snapshot: Snapshot, part: Part) -> dict[str, str]:
    """Return what a Parquet file says of itself; only what is the same if the export is continued."""
    return {
        "skeldir.tenant": str(asked.tenant_id),
        "skeldir.part": part.name,
        "skeldir.as_of": snapshot.taken_at.isoformat(),
        "skeldir.model_versions": ",".join(asked.model_versions),
    }


def sums_file_of(name: str) -> str:
    """Return the name of the file that has the rows, sums and digest of an exported file."""
    return f"{name}.sums.json"


def _write_manifest(folder: Path, asked: Asked, state: _State, time_zone: str) -> None:
    manifest = {
        **asked.as_stored(),
        "as_of": state.snapshot.taken_at.isoformat(),
        "time_zone": time_zone,
        "files": [asdict(one) for one in state.done],
    }
    _write_whole(folder / MANIFEST, as_json(manifest))
    (folder / _STATE).unlink()


def as_json(document: Mapping[str, Any]) -> bytes:
    """Return a document as the files beside an export have it."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it has its former content or all of the new one, whenever the program is killed."""
    temporary = path.with_name(f"{path.name}.new")
    with temporary.open("wb") as file:
        file.write(content)
        _flush(file)
    temporary.replace(path)
