"""Lift tests: what experiments measured of channels, beside what models credit to them. The door of the room."""

from skeldir.lifts.files import COLUMNS, read_lift_file
from skeldir.lifts.reading import list_lift_tests
from skeldir.lifts.recording import RecordedTests, record_lift_tests
from skeldir.lifts.refusals import LiftTestsInvalid
from skeldir.lifts.schemas import LiftTest, ModelFigure
from skeldir.lifts.stating import MILLION, LiftKey, Measured

__all__ = [
    "COLUMNS",
    "MILLION",
    "LiftKey",
    "LiftTest",
    "LiftTestsInvalid",
    "Measured",
    "ModelFigure",
    "RecordedTests",
    "list_lift_tests",
    "read_lift_file",
    "record_lift_tests",
]
