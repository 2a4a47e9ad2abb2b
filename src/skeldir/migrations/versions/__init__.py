"""The revisions, in the order of their ids."""
