"""Faults that are seeded in copies of the commit, to see that the checks find them."""
