"""Files become facts: mappings, readers and the importer. The door for file imports."""

from skeldir.ingest.files.choosing import ChosenMapping, choose_mapping
from skeldir.ingest.files.dry_run import ImportPreview, preview_import
from skeldir.ingest.files.importer import (
    ImportBeingTakenBack,
    ImportOvertaken,
    fingerprint_file,
    import_file,
)
from skeldir.ingest.files.layout import FileLayout, FileUnreadable
from skeldir.ingest.files.mapping import FileKind, FileMapping, MappingInvalid
from skeldir.ingest.files.mapping_file import mapping_from_settings, read_mapping
from skeldir.ingest.files.outcome import ImportProgress, ImportReport, RowRejection
from skeldir.ingest.files.recognise import recognise_columns

__all__ = [
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
    "MappingInvalid",
    "RowRejection",
    "choose_mapping",
    "fingerprint_file",
    "import_file",
    "mapping_from_settings",
    "preview_import",
    "read_mapping",
    "recognise_columns",
]
