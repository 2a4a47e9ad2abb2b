"""Taking a tenant's data out: parts, formats, files with their sums. The door of the room."""

from skeldir.exports.fitting import WorkbookTooLarge
from skeldir.exports.formats import FILE_FORMATS, FORMATS, Format, require_mark_in_csv
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
    "FILE_FORMATS",
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
    "WorkbookTooLarge",
    "WrittenFile",
    "make_link",
    "read_parts",
    "require_mark_in_csv",
    "write_export",
]
