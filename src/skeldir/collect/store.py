"""The statements of the room; see queries.sql."""

from skeldir.db import load_queries

queries = load_queries("skeldir.collect")
