"""Files that count paths: one row for each path, with its conversions, their value, and the journeys without one."""
