"""One part of an export as a stream of bytes: those of the file that the command writes of the same snapshot."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from skeldir.exports.formats import Encoder, make_encoder
from skeldir.exports.pages import Page, Sums
from skeldir.exports.parts import PARTS, Part, require_models_apply
from skeldir.exports.reading import ROWS_OF_PAGE, Source, Span
from skeldir.exports.snapshots import Snapshot, SnapshotInvalid, take_snapshot
from skeldir.exports.store import queries
from skeldir.exports.writing import Asked, WrittenFile, describe, read_ahead

if TYPE_CHECKING:
    from typing import BinaryIO

    from skeldir.db import Connection

LONGEST_STREAM_S: Final = 3_600
"""How long a stream may last, in seconds; its snapshot holds up the cleaning of all tables for as long."""


def part_of(asked: Asked) -> Part:
    """Return the only part that is asked for.

    Raises:
        InputInvalid: an option has no meaning for it.
    """
    require_models_apply(asked.parts, asked.model_versions)
    (name,) = asked.parts
    return PARTS[name]


class _Sink(io.RawIOBase):
    """A file that keeps what is written to it only until it is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        self._size = 0
        self.digest = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]  # whatever has bytes
        self._pieces.append(piece)
        self._size += len(piece)
        self.digest.update(piece)
        return len(piece)

    def tell(self) -> int:
        return self._size

    def take(self) -> bytes:
        piece = b"".join(self._pieces)
        self._pieces = []
        return piece


@dataclass(slots=True)
class PartStream:
    """A part that is written piece by piece, and what has been written of it so far."""

    part: Part
    asked: Asked
    snapshot: Snapshot
    _source: Source
    _sums: Sums = field(default_factory=Sums)
    _sink: _Sink = field(default_factory=_Sink)

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of the file; what they are of must stay open until the end.

        Raises:
            ModelVersionUnknown: the tenant never had one of the model versions; before the first piece.
        """
        encoder: Encoder | None = None
        # Closed with this one: the connection is free for the end of its transaction only then.
        async with aclosing(read_ahead(self._source.pages(self.part))) as pages:
            async for page in pages:
                if encoder is None:
                    encoder = await asyncio.to_thread(self._begin)
                if piece := await asyncio.to_thread(self._write, encoder, page):
                    yield piece
        if encoder is None:
            encoder = await asyncio.to_thread(self._begin)
        if piece := await asyncio.to_thread(self._end, encoder):
            yield piece

    def written(self) -> WrittenFile:
        """Return what describes the file, after its last piece."""
        name = file_name_of(self.asked)
        digest = self._sink.digest.hexdigest()
        rows, sums = self._sums.rows, self._sums.totals()
        return WrittenFile(self.part.name, name, self._sink.tell(), digest, rows, sums)

    def _begin(self) -> Encoder:
        return make_encoder(
            self.asked.format,
            self.part,
            cast("BinaryIO", self._sink),
            describe(self.asked, self.snapshot, self.part),
            has_bom=self.asked.has_bom,
        )

    def _write(self, encoder: Encoder, page: Page) -> bytes:
        encoder.write(page)
        self._sums.add(self.part, page)
        return self._sink.take()

    def _end(self, encoder: Encoder) -> bytes:
        encoder.close()
        return self._sink.take()


async def open_stream(
    connection: Connection,
    asked: Asked,
    named: str | None = None,
    *,
    rows_at_once: int = ROWS_OF_PAGE,
) -> PartStream:
    """Return the stream of a part, of what the transaction sees or, of facts, of an earlier snapshot by its name.

    The transaction must be a read-only one of the tenant, and may wait for the reader of the stream.

    Raises:
        InputInvalid: an option has no meaning for the part.
        SnapshotInvalid: there is no such snapshot, or the part is not one of facts.
    """
    part = part_of(asked)
    snapshot, days = await take_snapshot(connection, asked.tenant_id)
    if named is not None:
        if not part.is_of_facts:
            raise SnapshotInvalid(
                f"The part {part.name} follows from facts, and can only be read as of now.",
                cure="Leave `snapshot` out.",
            )
        snapshot = snapshot.read_name(named)
    await queries.allow_waiting(connection, seconds=LONGEST_STREAM_S)
    span = Span.of_days(asked.first_day, asked.end_day, days)
    source = Source(connection, asked.tenant_id, snapshot, span, asked.model_versions, rows_at_once)
    return PartStream(part, asked, snapshot, source)


def file_name_of(asked: Asked) -> str:
    """Return the name of the only file that is asked for."""
    return f"{asked.parts[0]}.{asked.format}"
