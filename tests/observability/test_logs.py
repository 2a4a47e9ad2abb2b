"""Log lines as they arrive on stderr: structured, with their correlation id and tenant, and redacted."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import orjson
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from skeldir.clock import utc_now
from skeldir.errors import InputInvalid
from skeldir.observability.context import note_tenant, work_context
from skeldir.observability.logs import StderrHandler, configure_logging
from skeldir.settings import Settings
from tests.observability.test_redaction import SHAPES, names_a_host

Lines = Callable[[], list[dict[str, object]]]
logger = logging.getLogger("skeldir.somewhere")


@pytest.fixture(autouse=True)
def _the_loggers_are_put_back() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    libraries = {name: logging.getLogger(name).level for name in ("celery.beat", "httpx2", "kombu")}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, known in libraries.items():
        logging.getLogger(name).setLevel(known)


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    configure_logging(Settings(), process="api")
    return lambda: [orjson.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_has_time_place_and_event(lines: Lines) -> None:
    logger.warning("jobs.lease_not_extended %s: %s", "0198", "TimeoutError", extra={"attempt": 2})
    (line,) = lines()
    moment = datetime.fromisoformat(str(line.pop("time")))
    assert abs(utc_now() - moment) < timedelta(seconds=5)
    assert moment.tzinfo == UTC
    assert line == {
        "level": "warning",
        "logger": "skeldir.somewhere",
        "process": "api",
        "event": "jobs.lease_not_extended",
        "detail": "0198: TimeoutError",
        "attempt": 2,
    }


def test_a_line_carries_the_work_it_belongs_to(lines: Lines) -> None:
    correlation_id, tenant_id = uuid4(), uuid4()
    with work_context(correlation_id):
        logger.info("http.begun")
        note_tenant(tenant_id)
        logger.info("http.answered")
    logger.info("http.rested")
    before, within, after = lines()
    assert before["correlation_id"] == within["correlation_id"] == str(correlation_id)
    assert "tenant_id" not in before
    assert within["tenant_id"] == str(tenant_id)
    assert not {"correlation_id", "tenant_id", "detail"} & after.keys()


def test_fields_that_a_caller_adds_cannot_replace_ours(lines: Lines) -> None:
    extra = {
        "event": "x",
        "time": "x",
        "tenant_id": "x",
        "correlation_id": "x",
        "detail": "x",
        "level": "x",
    }
    logger.info("http.answered now", extra=extra)
    (line,) = lines()
    assert "x" not in line.values()


def test_an_error_is_logged_by_type_and_place_without_the_values_that_it_quotes(
    lines: Lines,
) -> None:
    def ask() -> None:
        raise asyncpg.DataError(
            "invalid input for query argument $1: 'Ann Smith' (expected int)\nDETAIL: Ann"
        )

    try:
        try:
            ask()
        except asyncpg.DataError as error:
            raise InputInvalid("Nobody is called ann@example.com.", cure="Try again.") from error
    except InputInvalid:
        logger.exception("http.request_failed")
    (line,) = lines()
    last, first = line["error"]  # type: ignore[misc]  # JSON
    assert last["type"] == "skeldir.errors.InputInvalid"
    assert last["message"] == "input_invalid: Nobody is called [e-mail]. Try again."
    assert first["type"] == "asyncpg.exceptions.DataError"
    assert first["message"] == "invalid input for query argument $1: '…' (expected int)"
    assert first["stack"][-1].startswith("tests/observability/test_logs.py:")
    assert first["stack"][-1].endswith(" ask")
    assert not [part for part in ("Ann", "/home", "/work", "Traceback") if part in str(line)]


def test_the_names_that_a_database_error_quotes_stay(lines: Lines) -> None:
    logger.error("db.failed", exc_info=ValueError('relation "jobs" does not exist'))
    (line,) = lines()
    assert 'relation "jobs" does not exist' in str(line["error"])


@given(value=SHAPES.filter(names_a_host))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_way_into_a_line_lets_a_personal_value_through(lines: Lines, value: str) -> None:
    try:
        raise ValueError(value)
    except ValueError:
        logger.exception("room.failed %s", value, extra={"a": value, "b": {"c": [value]}, value: 1})
    logger.info(value)
    written = lines()
    assert len(written) == 2
    assert value not in orjson.dumps(written).decode()


def test_a_line_of_a_library_is_an_event_of_its_logger(lines: Lines) -> None:
    logging.getLogger("uvicorn.error").info(
        "Started server process [%d]", 7, extra={"color_message": "Started"}
    )
    (line,) = lines()
    assert (line["event"], line["detail"]) == ("uvicorn.error", "Started server process [7]")
    assert "color_message" not in line


def test_libraries_bring_no_handlers_of_their_own_and_no_line_per_message(lines: Lines) -> None:
    own = logging.StreamHandler(sys.stderr)
    logging.getLogger("uvicorn.error").addHandler(own)
    logging.getLogger("uvicorn.error").propagate = False
    configure_logging(Settings(), process="worker")
    logging.getLogger("uvicorn.error").warning("once")
    logging.getLogger("celery.beat").info("Scheduler: Sending due task")
    logging.getLogger("celery.beat").error("beat fails")
    assert [(line["process"], line["detail"]) for line in lines()] == [
        ("worker", "once"),
        ("worker", "beat fails"),
    ]


def test_the_level_is_that_of_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(skeldir_log_level="error"), process="api")
    logger.warning("jobs.late")
    assert capsys.readouterr().err == ""
    configure_logging(Settings(skeldir_log_level="debug"), process="api")
    logging.getLogger("celery.beat").debug("jobs.seen")
    assert "jobs.seen" in capsys.readouterr().err


def test_the_console_shows_the_same_on_a_line_for_people(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(Settings(skeldir_log_format="console"), process="api")
    logger.warning("jobs.put_back ann@example.com\nforged", exc_info=ValueError("'Ann'"))
    shown = capsys.readouterr().err
    assert "jobs.put_back" in shown
    assert "[e-mail]" in shown
    assert shown.count("\n") == 1
    assert not [part for part in ("ann@", "Ann") if part in shown]


def test_the_loss_of_a_line_is_logged_without_its_values(lines: Lines) -> None:
    # The test runner's own handler would raise here.
    logging.getLogger().handlers[:] = [
        known for known in logging.getLogger().handlers if "skeldir" in type(known).__module__
    ]
    logger.info("jobs.ended %d", "ann@example.com")
    (line,) = lines()
    assert line["event"] == "log.line_lost"
    assert "ann" not in str(line)


def test_a_closed_stderr_stops_nothing() -> None:
    script = (
        "import logging, os, sys\n"
        "from skeldir.observability.logs import StderrHandler, configure_logging\n"
        "from skeldir.settings import Settings\n"
        "configure_logging(Settings(), process='api')\n"
        "sys.stderr.close()\n"
        "logging.getLogger('x').error('room.failed')\n"
        "print('continued')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert ended.stdout == "continued\n"


def test_a_lone_surrogate_in_a_line_is_written(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without pytest's own handlers: its report could not be sent from one worker to another.
    ours = [
        handler for handler in logging.getLogger().handlers if isinstance(handler, StderrHandler)
    ]
    monkeypatch.setattr(logging.getLogger(), "handlers", ours)
    logger.info("room.seen %s", "\ud800", extra={"a": "\ud800", "\ud800": 1})
    (line,) = lines()
    assert line["event"] == "room.seen"


def test_paths_as_they_were_sent_are_not_logged(lines: Lines) -> None:
    logging.getLogger("uvicorn.access").info('127.0.0.1 - "GET /v1/orders/%s HTTP/1.1" 200', "bob")
    logging.getLogger("uvicorn.error").info("Application startup complete.")
    (line,) = lines()
    assert "startup" in str(line)
