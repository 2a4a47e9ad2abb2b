"""The Celery app: JSON only, one queue per kind of work, results kept for errors alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery import Celery
from kombu.entity import Queue
from kombu.transport import TRANSPORT_ALIASES

from skeldir.jobs import QUEUE_OF, QUEUES
from skeldir.settings import broker_url_of, is_postgres_broker, result_backend_of

if TYPE_CHECKING:
    from skeldir.settings import Settings


# Whoever opens a `sqla+` URL in this program gets our transport over kombu's own tables.
TRANSPORT_ALIASES["sqla"] = "skeldir.wakeups.transport:Transport"


def make_celery(settings: Settings, database_url: str) -> Celery:
    """Return an app without tasks, which connects to nothing yet.

    Raises:
        ConfigurationInvalid: the broker or the result backend is of a kind that the program does not use.
    """
    broker = broker_url_of(settings, database_url)
    celery = Celery("skeldir", set_as_current=False)
    celery.conf.update(
        broker_url=broker,
        result_backend=result_backend_of(settings, database_url),
        task_queues=[Queue(name) for name in QUEUES],  # type: ignore[no-untyped-call]  # kombu's
        task_default_queue=QUEUES[0],
        task_routes={name: {"queue": queue} for name, queue in QUEUE_OF.items()},
        **_CONFIGURATION,
    )
    if is_postgres_broker(broker):
        # These tables have no fan-out, which remote control needs.
        celery.conf.worker_enable_remote_control = False
    return celery


_CONFIGURATION: dict[str, Any] = {
    "task_serializer": "json",
    "result_serializer": "json",
    "accept_content": ["json"],
    "enable_utc": True,
    "timezone": "UTC",
    "task_ignore_result": True,
    "task_store_errors_even_if_ignored": True,
    "result_extended": True,
    # Old results are deleted by the sweep; Celery would add a pulse of its own.
    "result_expires": None,
    "database_create_tables_at_setup": False,
    "task_acks_late": False,
    "worker_prefetch_multiplier": 1,
    # It cancels only what is acknowledged late, which nothing is; unset, Celery warns of it at every lost connection.
    "worker_cancel_long_running_tasks_on_connection_loss": True,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "worker_send_task_events": False,
    "broker_connection_retry": True,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "broker_connection_timeout": 4,
}
