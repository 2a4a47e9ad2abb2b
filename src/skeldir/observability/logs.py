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
# Set here, whatever a caller's `extra` says.
_RESERVED = ("time", "level", "logger", "process", "correlation_id", "tenant_id")
# What libraries attach for their own formatters: uvicorn a coloured copy, Celery a task's arguments.
_DROPPED = ("color_message", "data", "stack_info", "taskName")
_BRING_HANDLERS = ("uvicorn", "uvicorn.error", "uvicorn.access", "celery", "celery.task")
# One line for each message that only wakes somebody; what was done is told by `jobs.ended`.
_CHATTY = (
    "celery.worker.strategy",
    "celery.app.trace",
    "celery.beat",
    "kombu",
    "httpx",
    "httpcore",
    "asyncio",
)
# Values that an error of a library quotes; names of tables and columns may stay.
_QUOTED = re.compile(r"""(["'])(?![a-z_]+\1).*?\1""")
_LONGEST_MESSAGE = 500
_MOST_CAUSES = 5
_MOST_FRAMES = 40


def configure_logging(settings: Settings, *, process: str) -> None:
    """Send every logger of this process to stderr, as `settings.skeldir_log_format` and `…_log_level` say.

    `process` is what the process is for (`api`, `worker`, `beat`, `up`); it stands in every line. May be called again:
    after a library that brings handlers of its own (uvicorn, Celery) has set them up, or with other settings.

    A line has `time` (UTC, ISO 8601), `level`, `logger`, `process`, `event`, and where they are known `detail`,
    `correlation_id`, `tenant_id`, `error` and the keys of the call's `extra`. A message `room.past_participle
    and the rest` becomes event and detail; any other becomes the detail of an event called like its logger.
    """
    root = logging.getLogger()
    for handler in [known for known in root.handlers if isinstance(known, _Stderr)]:
        root.removeHandler(handler)
    handler = _Stderr()
    handler.setFormatter(_Lines(process, _renderer(settings)))
    root.addHandler(handler)
    root.setLevel(settings.skeldir_log_level.upper())
    for name in _BRING_HANDLERS:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    # `http.answered` tells it with the route instead of the path, which may hold anything.
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)
    is_debugging = settings.skeldir_log_level == "debug"
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.NOTSET if is_debugging else logging.WARNING)


def _renderer(settings: Settings) -> Renderer:
    if settings.skeldir_log_format != "console":
        return _render_json
    # People at a terminal read it so; whoever else logs does not wait for its import.
    import structlog  # noqa: PLC0415 - as said above

    # Texts are quoted, so that no value can pass for another line.
    console = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), timestamp_key="time", repr_native_str=True
    )
    return lambda line: console(None, "", line)


class _Lines(logging.Formatter):
    """Writes a record as one line. Each request writes one, so nothing stands between the record and its fields."""

    def __init__(self, process: str, render: Renderer) -> None:
        super().__init__()
        self._process = process
        self._render = render

    def format(self, record: logging.LogRecord) -> str:
        return self._render(_describe(record, self._process))


class _Stderr(logging.Handler):
    """Writes to whatever stderr is at the moment; a line that cannot be written is never shown with its values."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except (TypeError, ValueError, KeyError, AttributeError):
            line = f'{{"level":"error","event":"log.line_lost","logger":"{record.name}"}}'
        try:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()
        except (OSError, ValueError):
            return  # There is nobody left to tell.


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
        line["error"] = _tell(record.exc_info[1])
    return line


_NOT_EXTRA = {"message", "asctime"}.union(vars(logging.makeLogRecord({})), _RESERVED, _DROPPED)


def _redacted(extra: dict[str, object]) -> dict[str, object]:
    redacted = redact(extra)
    assert isinstance(redacted, dict)  # noqa: S101 - a mapping stays one
    return redacted


def _split(logger: str, message: str) -> tuple[str, str]:
    first, _, rest = message.partition(" ")
    return (first, rest.strip()) if _OWN_EVENT.fullmatch(first) else (logger, message)


def _tell(fault: BaseException) -> list[dict[str, object]]:
    """Return an error and its causes, the last one first: type, message, and the places it came through."""
    told: list[dict[str, object]] = []
    following: BaseException | None = fault
    while following is not None and len(told) < _MOST_CAUSES:
        told.append(
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
    return told


def _message(fault: BaseException) -> str:
    """Return what may be shown of an error's words: our own sentences; of others the first line, without quotations.

    The further lines of a PostgreSQL error, or of a validation error, repeat the values that were sent.
    """
    text = str(fault)
    if not isinstance(fault, SkeldirError):
        text = _QUOTED.sub(r"\1…\1", text.partition("\n")[0])
    return redact_text(text)[:_LONGEST_MESSAGE]


def _short(path: str) -> str:
    """Return the end of a file's path: enough to find it, and nothing of the machine."""
    return "/".join(PurePath(path).parts[-3:])


def _render_json(line: dict[str, Any]) -> str:
    return orjson.dumps(line).decode()
