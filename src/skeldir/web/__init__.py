"""Pages. The door."""
