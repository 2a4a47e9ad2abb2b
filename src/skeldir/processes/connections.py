"""How many connections to PostgreSQL the processes take at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skeldir.settings import broker_url_of, is_postgres_broker, result_backend_of

if TYPE_CHECKING:
    from skeldir.settings import Settings

WORKER_POOL_SIZE = 4
"""One for the job's effect, one for its lease or the heartbeat, one for a task that has to read beside its transaction,
and one for pulses that nobody else runs."""
BEAT_POOL_SIZE = 10
"""Beat runs all pulses beside each other, and two jobs of its lane with all that they need."""
_KEY_LISTENER = 1


def most_connections(
    settings: Settings, database_url: str, *, api: int = 0, workers: int = 0, beats: int = 0
) -> int:
    """Return how many connections so many processes take together at most; commands of an operator come on top.

    Those to another database, that CELERY_BROKER_URL names, count as well.

    Raises:
        ConfigurationInvalid: the broker, or what keeps results, is of a kind that the program does not use.
    """
    # Whoever enqueues a job sends a wake-up; whoever is woken also receives them, and stores the errors of tasks.
    sends = int(is_postgres_broker(broker_url_of(settings, database_url)))
    stores = int(result_backend_of(settings, database_url).startswith("db+"))
    return (
        api * (settings.skeldir_pool_size + _KEY_LISTENER + sends)
        + workers * (WORKER_POOL_SIZE + 2 * sends + stores)
        + beats * (BEAT_POOL_SIZE + sends)
    )
