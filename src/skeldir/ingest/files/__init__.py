"""Files become facts: mappings, readers and the importer. The door for file imports."""

from skeldir.ingest.files.amount_evidence import AmountEvidence
from skeldir.ingest.files.amounts import DecimalMark, group_less, take_apart
from skeldir.ingest.files.balance_layouts import BalanceProvider
from skeldir.ingest.files.balances import (
    BalanceFile,
    BalanceRow,
    BalanceUnreadable,
    read_balances,
)
from skeldir.ingest.files.captures import FileCaptures, OrdersUnreadable, read_captures
from skeldir.ingest.files.choosing import ChosenMapping, choose_mapping
from skeldir.ingest.files.currency_signs import currencies_of_sign
from skeldir.ingest.files.dry_run import ImportPreview, preview_import
from skeldir.ingest.files.importer import fingerprint_file, import_file
from skeldir.ingest.files.layout import FileLayout, FileUnreadable
from skeldir.ingest.files.mapping import FileKind, FileMapping, MappingInvalid
from skeldir.ingest.files.mapping_file import (
    HOW_TO_ANSWER,
    mapping_from_settings,
    read_mapping,
)
from skeldir.ingest.files.names import without_case
from skeldir.ingest.files.outcome import ImportProgress, ImportReport, RowRejection
from skeldir.ingest.files.path_counts.asked import SEPARATOR, STEP
from skeldir.ingest.files.path_counts.importing import import_paths, preview_paths
from skeldir.ingest.files.path_counts.surveying import ChosenPaths, PathsGiven, choose_paths
from skeldir.ingest.files.readers import look_at_file, open_rows
from skeldir.ingest.files.recognise import recognise_columns
from skeldir.ingest.files.replaying import ImportUnknown, replay_refused
from skeldir.ingest.files.runs import ImportBeingTakenBack, ImportOvertaken
from skeldir.ingest.files.table_text import TableText, open_table_text
from skeldir.ingest.files.totals import are_totals
from skeldir.ingest.files.written_times import (
    DATE_ORDERS,
    DateOrder,
    possible_orders,
    read_written,
)
from skeldir.ingest.formulas import (
    FORMULA_PATTERN,
    NUMBER_PATTERN,
    REJECTED_COLUMNS,
    guard,
)

__all__ = [
    "DATE_ORDERS",
    "FORMULA_PATTERN",
    "HOW_TO_ANSWER",
    "NUMBER_PATTERN",
    "REJECTED_COLUMNS",
    "SEPARATOR",
    "STEP",
    "AmountEvidence",
    "BalanceFile",
    "BalanceProvider",
    "BalanceRow",
    "BalanceUnreadable",
    "ChosenMapping",
    "ChosenPaths",
    "DateOrder",
    "DecimalMark",
    "FileCaptures",
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
    "OrdersUnreadable",
    "PathsGiven",
    "RowRejection",
    "TableText",
    "are_totals",
    "choose_mapping",
    "choose_paths",
    "currencies_of_sign",
    "fingerprint_file",
    "group_less",
    "guard",
    "import_file",
    "import_paths",
    "look_at_file",
    "mapping_from_settings",
    "open_rows",
    "open_table_text",
    "possible_orders",
    "preview_import",
    "preview_paths",
    "read_balances",
    "read_captures",
    "read_mapping",
    "read_written",
    "recognise_columns",
    "replay_refused",
    "take_apart",
    "without_case",
]
