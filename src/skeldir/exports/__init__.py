"""Taking a tenant's data out: parts, formats, files with their sums. The door of the room."""

from skeldir.exports.formats import FORMATS, Format, require_mark_in_csv
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
    "ExportNotResumable",
    "ExportTurns",
    "ExportsBusy",
    "Format",
    "Part",
    "PartName",
    "WrittenFile",
    "read_parts",
    "require_mark_in_csv",
    "write_export",
]
