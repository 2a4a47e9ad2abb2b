"""Structured log lines on stderr: one JSON object each, with the work they belong to, and without personal data."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import orjson

from skeldir.errors import SkeldirError
from skeldir.observability.context import current_correlation_id, current_tenant_id
from skeldir.observability.redaction import redact, redact_text

if TYPE_CHECKING:
    from skeldir.settings import Settings

__all__ = ["configure_logging", "redact_text"]

Renderer = Callable[[dict[str, Any]], str]

_OWN_EVENT = re.compile(r"[a-z]+(?:\.[a-z_]+)+")
# Set here, whatever a caller's `extra` holds.
_RESERVED = ("time", "level", "logger", "process", "correlation_id", "tenant_id")
# Libraries attach these for their own formatters: uvicorn a coloured copy, Celery a task's arguments.
_DROPPED = ("color_message", "data", "stack_info", "taskName")
_BRING_HANDLERS = ("uvicorn", "uvicorn.error", "uvicorn.access", "celery", "celery.task")
# One line for each message that only wakes a worker; `jobs.ended` reports what was done.
_CHATTY = (
    "celery.worker.strategy",
    "celery.app.trace",
    "celery.beat",
    "kombu",
    "httpx2",
    "httpcore",
    "mcp",
    "asyncio",
)
# Values quoted in library errors; names of tables and columns may stay.
_QUOTED = re.compile(r"""(["'])(?![a-z_]+\1).*?\1""")
_LONGEST_MESSAGE = 500
_MOST_CAUSES = 5
_MOST_FRAMES = 40


def configure_logging(settings: Settings, *, process: str) -> None:
    """Send every logger of this process to stderr, with `settings.skeldir_log_format` and `…_log_level`.

    `process` is what the process is for (`api`, `worker`, `beat`, `up`); it is in every line. May be called again:
    after a library (uvicorn, Celery) has set up handlers of its own, or with other settings.

    A line has `time` (UTC, ISO 8601), `level`, `logger`, `process`, `event`, and, where known, `detail`,
    `correlation_id`, `tenant_id`, `error` and the keys of the call's `extra`. A message `room.past_participle
    and the rest` becomes event and detail; any other becomes the detail of an event named after its logger.
    """
    root = logging.getLogger()
    for handler in [known for known in root.handlers if isinstance(known, StderrHandler)]:
        root.removeHandler(handler)
    handler = StderrHandler()
    handler.setFormatter(_Lines(process, _renderer(settings)))
    root.addHandler(handler)
    root.setLevel(settings.skeldir_log_level.upper())
    for name in _BRING_HANDLERS:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    # `http.answered` reports it, with the route instead of the path, which may hold anything.
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)
    is_debugging = settings.skeldir_log_level == "debug"
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.NOTSET if is_debugging else logging.WARNING)


def _renderer(settings: Settings) -> Renderer:
    if settings.skeldir_log_format != "console":
        return _render_json
    # Only for people at a terminal; other processes do not wait for its import.
    import structlog  # noqa: PLC0415 - see above

    # Texts are quoted, so that no value can be mistaken for another line.
    console = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), timestamp_key="time", repr_native_str=True
    )
    return lambda line: console(None, "", line)


class _Lines(logging.Formatter):
    """Writes a record as one line. Every request writes one, so there is no intermediate step."""

    def __init__(self, process: str, render: Renderer) -> None:
        super().__init__()
        self._process = process
        self._render = render

    def format(self, record: logging.LogRecord) -> str:
        return self._render(_describe(record, self._process))


class StderrHandler(logging.Handler):
    """Writes to the current stderr; for a line that cannot be formatted, only its loss is logged, without values."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except (TypeError, ValueError, KeyError, AttributeError):
            line = f'{{"level":"error","event":"log.line_lost","logger":"{record.name}"}}'
        try:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()
        except (OSError, ValueError):
            return  # There is nowhere left to report it.


def _describe(record: logging.LogRecord, process: str) -> dict[str, Any]:
    """Return the fields of a record's line, redacted."""
    name, detail = _split(record.name, record.getMessage())
    line: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "process": process,
        "event": name,
    }
    if detail:
        line["detail"] = redact(detail)
    for key, known in (
        ("correlation_id", current_correlation_id()),
        ("tenant_id", current_tenant_id()),
    ):
        if known is not None:
            line[key] = str(known)
    given = vars(record)
    extra = {key: given[key] for key in given if key not in _NOT_EXTRA and not key.startswith("_")}
    line |= {key: value for key, value in _redacted(extra).items() if key not in line}
    if isinstance(record.exc_info, tuple) and isinstance(record.exc_info[1], BaseException):
        line["error"] = _describe_errors(record.exc_info[1])
    return line


_NOT_EXTRA = {"message", "asctime"}.union(vars(logging.makeLogRecord({})), _RESERVED, _DROPPED)


def _redacted(extra: dict[str, object]) -> dict[str, object]:
    redacted = redact(extra)
    assert isinstance(redacted, dict)  # noqa: S101 - a mapping stays one
    return redacted


def _split(logger: str, message: str) -> tuple[str, str]:
    first, _, rest = message.partition(" ")
    return (first, rest.strip()) if _OWN_EVENT.fullmatch(first) else (logger, message)


def _describe_errors(error: BaseException) -> list[dict[str, object]]:
    """Return an error and its causes, the latest first: type, message and traceback locations."""
    described: list[dict[str, object]] = []
    following: BaseException | None = error
    while following is not None and len(described) < _MOST_CAUSES:
        described.append(
            {
                "type": f"{type(following).__module__}.{type(following).__qualname__}",
                "message": _message(following),
                "stack": [
                    f"{_short(frame.filename)}:{frame.lineno} {frame.name}"
                    for frame in traceback.extract_tb(following.__traceback__)[-_MOST_FRAMES:]
                ],
            }
        )
        following = following.__cause__ or (
            None if following.__suppress_context__ else following.__context__
        )
    return described


def _message(error: BaseException) -> str:
    """Return the message of an error as it may be logged: our own in full, others' first line without quoted values.

    The further lines of a PostgreSQL error, or of a validation error, repeat the values that were sent.
    """
    text = str(error)
    if not isinstance(error, SkeldirError):
        text = _QUOTED.sub(r"\1…\1", text.partition("\n")[0])
    return redact_text(text)[:_LONGEST_MESSAGE]


def _short(path: str) -> str:
    """Return the end of a file's path: enough to find the file, without details of the machine."""
    return "/".join(PurePath(path).parts[-3:])


def _render_json(line: dict[str, Any]) -> str:
    return orjson.dumps(line).decode()
