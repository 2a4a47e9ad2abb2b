"""The statements of the room; see queries.sql."""

from skeldir.db import load_blocking_queries, load_queries

queries = load_queries("skeldir.wakeups")
# For Celery, which has threads and no loop.
broker_queries = load_blocking_queries("skeldir.wakeups")
