"""Exports of ad platforms become days of campaigns, by presets and without guesses. The door of files."""

from skeldir.spend.files.options import Options, read_channel_file
from skeldir.spend.files.reading import Export, read_export
from skeldir.spend.files.refusals import ExportOpen, ExportRefused

__all__ = [
    "Export",
    "ExportOpen",
    "ExportRefused",
    "Options",
    "read_channel_file",
    "read_export",
]
