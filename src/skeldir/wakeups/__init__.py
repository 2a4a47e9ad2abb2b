"""Waking those who do jobs: Celery over PostgreSQL or another broker, pulses, and the processes' loops. The door.

Nothing here imports Celery. What does is imported by the roots alone: `waker`, which sends messages, and `serving`, the
processes of worker and beat.
"""

from skeldir.wakeups.heartbeats import last_heartbeats
from skeldir.wakeups.sweep import PULSES

__all__ = ["PULSES", "last_heartbeats"]
