"""Thousands of requests that nobody would send on purpose, sent to a real API process, each answer judged."""
