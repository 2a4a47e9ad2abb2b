"""Measurements, one file a claim; they print figures and ratios, and assert nothing about time."""
