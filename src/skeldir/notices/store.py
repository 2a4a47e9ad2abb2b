"""The statements of the room; see queries.sql."""

from skeldir.db import load_queries

queries = load_queries("skeldir.notices")
"""What the statements of the room take and give. `make stubs` writes this."""
