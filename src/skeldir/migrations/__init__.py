"""The schema, written once, as guarded Alembic revisions over plain SQL files."""
