"""Taking a tenant's data out: parts, formats, files with their sums. The door of the room."""

from skeldir.exports.formats import FORMATS, Format, require_mark_in_csv
from skeldir.exports.links import ExportLink, LinkInvalid, LinksTooMany, make_link
from skeldir.exports.parts import PART_NAMES, PARTS, Part, PartName, read_parts
from skeldir.exports.turns import ExportsBusy, ExportTurns
from skeldir.exports.writing import (
    MANIFEST,
    Asked,
    ExportFolderTaken,
    ExportNotResumable,
    WrittenFile,
    write_export,
)

__all__ = [
    "FORMATS",
    "MANIFEST",
    "PARTS",
    "PART_NAMES",
    "Asked",
    "ExportFolderTaken",
    "ExportLink",
    "ExportNotResumable",
    "ExportTurns",
    "ExportsBusy",
    "Format",
    "LinkInvalid",
    "LinksTooMany",
    "Part",
    "PartName",
    "WrittenFile",
    "make_link",
    "read_parts",
    "require_mark_in_csv",
    "write_export",
]
