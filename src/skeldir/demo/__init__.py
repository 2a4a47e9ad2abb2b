"""The sample shop that `make demo` imports when the user has no data. The door of the room."""

from skeldir.demo.isolation import IsolationReport, check_isolation
from skeldir.demo.sample import SampleSize, write_sample

__all__ = ["IsolationReport", "SampleSize", "check_isolation", "write_sample"]
