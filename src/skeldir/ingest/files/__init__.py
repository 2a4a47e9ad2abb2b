"""Files become facts: mappings, readers and the importer. The door for file imports."""

from skeldir.ingest.files.choosing import ChosenMapping, choose_mapping
from skeldir.ingest.files.dry_run import ImportPreview, preview_import
from skeldir.ingest.files.formulas import REJECTED_COLUMNS, guard
from skeldir.ingest.files.importer import fingerprint_file, import_file
from skeldir.ingest.files.layout import FileLayout, FileUnreadable
from skeldir.ingest.files.mapping import FileKind, FileMapping, MappingInvalid
from skeldir.ingest.files.mapping_file import mapping_from_settings, read_mapping
from skeldir.ingest.files.outcome import ImportProgress, ImportReport, RowRejection
from skeldir.ingest.files.recognise import recognise_columns
from skeldir.ingest.files.replaying import ImportUnknown, replay_refused
from skeldir.ingest.files.runs import ImportBeingTakenBack, ImportOvertaken

__all__ = [
    "REJECTED_COLUMNS",
    "ChosenMapping",
    "FileKind",
    "FileLayout",
    "FileMapping",
    "FileUnreadable",
    "ImportBeingTakenBack",
    "ImportOvertaken",
    "ImportPreview",
    "ImportProgress",
    "ImportReport",
    "ImportUnknown",
    "MappingInvalid",
    "RowRejection",
    "choose_mapping",
    "fingerprint_file",
    "guard",
    "import_file",
    "mapping_from_settings",
    "preview_import",
    "read_mapping",
    "recognise_columns",
    "replay_refused",
]
