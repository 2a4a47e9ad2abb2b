"""Sending raw bytes, reading while sending, and measuring until the last byte of the answer."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from time import perf_counter
from typing import Literal

from bench.fuzz.answers import Answer, AnswerUnreadable, read_answers
from bench.fuzz.attempts import Attempt, write_request
from bench.fuzz.contract import split_line

_AFTER = write_request("GET", "/health/live", [])
_PART = 1 << 18


@dataclass(slots=True)
class Outcome:
    """The outcome of an attempt.

    `seconds` is the time from the last piece sent to the last byte of the answer; with several answers, the longest
    wait for one. `end` is how it ended: all answers arrived, the server closed, nothing more arrived, or the answer is
    not HTTP. `waited_s` is how long the API's loop waited for a processor during that time, because of the machine.
    `is_out_of_step` if a plain request after this one, on the same connection, got the answer to another request.
    """

    began: float
    ended: float = 0.0
    seconds: float = 0.0
    waited_s: float = 0.0
    answers: list[Answer] = field(default_factory=list)
    end: Literal["answered", "closed", "hanging", "unreadable"] = "hanging"
    rest: bytes = b""
    is_out_of_step: bool = False


async def send(port: int, attempt: Attempt, *, limit_s: float) -> Outcome:
    """Send an attempt over its own connection, and wait at most `limit_s` for its outcome."""
    methods = tuple((split_line(line) or ("GET", ""))[0] for line in attempt.lines)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    outcome = Outcome(perf_counter())
    sent_at = [outcome.began]
    sending = asyncio.create_task(_write(writer, attempt, sent_at))
    received = bytearray()
    try:
        async with asyncio.timeout(limit_s + attempt.pause_s * len(attempt.pieces)):
            while outcome.end == "hanging":
                part = await _read(reader)
                received += part
                before = len(outcome.answers)
                _look(outcome, bytes(received), methods, attempt, is_end=not part)
                if before < len(outcome.answers) < attempt.answers:
                    # The wait for the next one begins.
                    now = perf_counter()
                    outcome.seconds = max(outcome.seconds, now - sent_at[0])
                    sent_at[0] = now
            outcome.ended = perf_counter()
            outcome.seconds = max(outcome.seconds, outcome.ended - sent_at[0])
            if attempt.ending == "complete" and outcome.end == "answered" and sending.done():
                outcome.is_out_of_step = await _is_out_of_step(reader, writer, outcome)
    except TimeoutError:
        outcome.ended = outcome.ended or perf_counter()
        outcome.seconds = outcome.seconds or outcome.ended - sent_at[0]
    finally:
        sending.cancel()
        await asyncio.wait({sending})
        writer.transport.abort()
    return outcome


async def _write(writer: asyncio.StreamWriter, attempt: Attempt, sent_at: list[float]) -> None:
    with contextlib.suppress(ConnectionError):
        for place, piece in enumerate(attempt.pieces):
            if place:
                await asyncio.sleep(attempt.pause_s)
            sent_at[0] = perf_counter()
            writer.write(piece)
            await writer.drain()
        if attempt.ending == "cut":
            if attempt.size % 2:
                writer.transport.abort()
            else:
                writer.write_eof()


async def _read(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(_PART)
    except ConnectionError:
        return b""


def _look(
    outcome: Outcome, received: bytes, methods: tuple[str, ...], attempt: Attempt, *, is_end: bool
) -> None:
    try:
        outcome.answers = read_answers(received, methods, is_end=is_end)
    except (AnswerUnreadable, ValueError) as error:
        outcome.end, outcome.rest = "unreadable", str(error).encode()
        return
    if len(outcome.answers) >= attempt.answers:
        outcome.end = "answered"
    elif is_end:
        outcome.end, outcome.rest = "closed", received[-200:]


async def _is_out_of_step(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, outcome: Outcome
) -> bool:
    """Send another request on the same connection, if it was kept: the answer must belong to that request."""
    if "close" in ",".join(outcome.answers[-1].values("connection")).lower():
        return False
    try:
        writer.write(_AFTER)
        await writer.drain()
    except ConnectionError:
        return False
    received = b""
    while part := await _read(reader):
        received += part
        try:
            answers = read_answers(received, ("GET",))
        except (AnswerUnreadable, ValueError):
            return True
        if answers:
            return answers[0].status != 200 or answers[0].body != b'{"status":"healthy"}'
    return bool(received)
