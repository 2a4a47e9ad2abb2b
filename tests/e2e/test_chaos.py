"""The service loses nothing and does nothing twice while its processes, and once its database, are killed.

`make chaos` runs the long form: two minutes with each broker.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.brokers import running_rabbitmq, running_redis
from tests.support.chaos import run_chaos


@contextmanager
def broker(name: str, folder: Path) -> Iterator[dict[str, str]]:
    """Yield the environment that names a broker; it is empty for PostgreSQL itself."""
    if name == "redis":
        with running_redis(folder) as url:
            yield {"CELERY_BROKER_URL": url, "CELERY_RESULT_BACKEND": url}
    elif name == "rabbitmq":
        with running_rabbitmq() as url:
            yield {"CELERY_BROKER_URL": url}
    else:
        yield {}


@pytest.mark.worker
@pytest.mark.slow
@pytest.mark.parametrize("name", ["postgresql", "redis", "rabbitmq"])
@pytest.mark.begins_early
def test_nothing_is_lost_or_done_twice_while_processes_are_killed(
    name: str, request: pytest.FixtureRequest
) -> None:
    seconds = float(request.config.getoption("--chaos-seconds"))
    # A short path: it holds the server's socket.
    with (
        tempfile.TemporaryDirectory(prefix="sk-") as folder,
        broker(name, Path(folder)) as settings,
    ):
        figures = run_chaos(Path(folder) / "home", seconds, environment=settings)
    sys.stderr.write(f"\n{name}: {figures}\n")
    assert figures["touches"] == figures["entries"] == 200 * seconds / 2
