"""What `make demo` shows when the user brings no data: a sample shop of our own. The door."""

from skeldir.demo.isolation import IsolationReport, check_isolation
from skeldir.demo.sample import SampleSize, write_sample

__all__ = ["IsolationReport", "SampleSize", "check_isolation", "write_sample"]
