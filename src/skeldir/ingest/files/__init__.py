"""Files become facts: mappings, readers and the importer. The door for file imports."""

from skeldir.ingest.files.dry_run import ImportPreview, preview_import
from skeldir.ingest.files.importer import (
    ImportOvertaken,
    ImportProgress,
    ImportReport,
    RowRejection,
    fingerprint_file,
    import_file,
)
from skeldir.ingest.files.layout import FileUnreadable
from skeldir.ingest.files.mapping import FileKind, FileMapping, MappingInvalid
from skeldir.ingest.files.mapping_file import mapping_from_settings, read_mapping
from skeldir.ingest.files.recognise import ChosenMapping, choose_mapping, recognise_columns

__all__ = [
    "ChosenMapping",
    "FileKind",
    "FileMapping",
    "FileUnreadable",
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
