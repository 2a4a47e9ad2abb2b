"""Taking a tenant's data out: parts, formats, files with their sums. The door of the room."""

from typing import TYPE_CHECKING

from skeldir.exports.delivery import (
    BucketUnknown,
    DeliveryDenied,
    DeliveryFailed,
    DeliveryTaken,
    ExportAltered,
    Storage,
    deliver,
    read_place,
)
from skeldir.exports.fitting import WorkbookTooLarge
from skeldir.exports.formats import FILE_FORMATS, FORMATS, Format, require_mark_in_csv
from skeldir.exports.links import ExportLink, LinkInvalid, LinksTooMany, make_link
from skeldir.exports.parts import (
    PART_NAMES,
    PARTS,
    Part,
    PartName,
    read_parts,
    require_models_apply,
)
from skeldir.exports.streaming import PartStream, open_stream
from skeldir.exports.turns import ExportsBusy, ExportTurns
from skeldir.exports.writing import (
    MANIFEST,
    Asked,
    ExportFolderTaken,
    ExportNotResumable,
    WrittenFile,
    find_complete,
    write_export,
)
from skeldir.later import load_later

if TYPE_CHECKING:
    from skeldir.exports.answers import StreamedAnswer as StreamedAnswer
    from skeldir.exports.answers import answer_part as answer_part
    from skeldir.exports.answers import turns_of as turns_of
    from skeldir.exports.schemas import ExportQuery as ExportQuery

__all__ = [
    "FILE_FORMATS",
    "FORMATS",
    "MANIFEST",
    "PARTS",
    "PART_NAMES",
    "Asked",
    "BucketUnknown",
    "DeliveryDenied",
    "DeliveryFailed",
    "DeliveryTaken",
    "ExportAltered",
    "ExportFolderTaken",
    "ExportLink",
    "ExportNotResumable",
    "ExportQuery",
    "ExportTurns",
    "ExportsBusy",
    "Format",
    "LinkInvalid",
    "LinksTooMany",
    "Part",
    "PartName",
    "PartStream",
    "Storage",
    "StreamedAnswer",
    "WorkbookTooLarge",
    "WrittenFile",
    "answer_part",
    "deliver",
    "find_complete",
    "make_link",
    "open_stream",
    "read_parts",
    "read_place",
    "require_mark_in_csv",
    "require_models_apply",
    "turns_of",
    "write_export",
]

__getattr__ = load_later(
    __name__,
    {
        "ExportQuery": "schemas",
        "StreamedAnswer": "answers",
        "answer_part": "answers",
        "turns_of": "answers",
    },
)
