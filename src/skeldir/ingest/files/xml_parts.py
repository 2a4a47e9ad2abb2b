"""Reading XML of files that anybody may have written: as a stream, without entities, within bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import IO, Final, TypeAlias
from xml.parsers import expat

from skeldir.ingest.files.layout import FileUnreadable

Start: TypeAlias = Callable[[str, Mapping[str, str]], None]
"""Is called with an element's local name, and its attributes."""

_PIECE: Final = 8 * 1024
_LONGEST_TAG: Final = 1024 * 1024
_DEEPEST: Final = 64


def read_xml(
    stream: IO[bytes],
    name: str,
    start: Start,
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Call the handlers with what a stream of XML holds; yield after each piece of it.

    Raises:
        FileUnreadable: it is not well-formed, declares entities, or exceeds a bound.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    depth = 0

    def start_element(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise broken(name, f"elements are nested more than {_DEEPEST} deep")
        start(tag.rpartition(" ")[2], attributes)

    def end_element(tag: str) -> None:
        nonlocal depth
        depth -= 1
        if end is not None:
            end(tag.rpartition(" ")[2])

    def refuse(*_: object) -> None:
        raise broken(name, "it declares a document type")

    parser.StartElementHandler = start_element
    parser.EndElementHandler = end_element
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    fed = 0
    try:
        while piece := stream.read(_PIECE):
            parser.Parse(piece, False)
            fed += len(piece)
            # A tag that does not end is kept whole until it does.
            if fed - parser.CurrentByteIndex > _LONGEST_TAG:
                raise broken(name, f"a tag has more than {_LONGEST_TAG} bytes")
            yield
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise broken(name, str(error)) from error
    yield


def broken(name: str, reason: str) -> FileUnreadable:
    """Return the error for a workbook that is not as Excel would write it."""
    return FileUnreadable(
        f"{name} is not a workbook that can be read: {reason}.",
        cure="Open it in a spreadsheet program, and save it again as .xlsx or as CSV UTF-8.",
    )
