"""Seeing it run: the context of a log line, structured logs, metrics with closed label sets, and traces."""
