"""Measurements, one file per claim. They print figures and ratios, and assert nothing about time."""
