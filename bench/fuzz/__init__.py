"""Thousands of hostile requests, sent to a real API process, with a check of every answer."""
