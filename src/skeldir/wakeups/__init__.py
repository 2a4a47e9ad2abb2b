"""Waking those who do jobs: Celery over PostgreSQL or another broker, pulses, and the processes' loops."""
