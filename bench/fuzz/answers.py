"""Parses raw answers: heads, and bodies by length or in chunks; interim answers are skipped."""

from __future__ import annotations

from dataclasses import dataclass


class AnswerUnreadable(Exception):
    """The received bytes are not an HTTP answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, with the names of its headers in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def values(self, name: str) -> list[str]:
        """Return the values of a header, one for each occurrence."""
        return [value for given, value in self.headers if given == name]


def read_answers(
    received: bytes, methods: tuple[str, ...], *, is_end: bool = False
) -> list[Answer]:
    """Return the complete answers in `received`; `methods` are those of the requests, the last one repeated.

    With `is_end`, a body without a stated length is everything that has arrived.

    Raises:
        AnswerUnreadable: there is something else where an answer should begin.
    """
    answers: list[Answer] = []
    rest = received
    while rest:
        head, end, after = rest.partition(b"\r\n\r\n")
        if not rest.startswith(b"HTTP/1.1 "[: len(rest)]):
            raise AnswerUnreadable(f"{rest[:80]!r}")
        if not end:
            break
        status, headers = _read_head(head)
        if 100 <= status < 200 and status != 101:
            rest = after
            continue
        method = methods[min(len(answers), len(methods) - 1)]
        found = _read_body(status, headers, method, after, is_end)
        if found is None:
            break
        body, rest = found
        answers.append(Answer(status, headers, body))
    return answers


def _read_head(head: bytes) -> tuple[int, tuple[tuple[str, str], ...]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    try:
        status = int(first.split(" ")[1])
    except (IndexError, ValueError) as error:
        raise AnswerUnreadable(first[:80]) from error
    pairs = (line.partition(":") for line in lines)
    return status, tuple((name.lower(), value.strip()) for name, _, value in pairs)


def _read_body(
    status: int, headers: tuple[tuple[str, str], ...], method: str, after: bytes, is_end: bool
) -> tuple[bytes, bytes] | None:
    """Return the body and what follows it; None if it is not complete yet."""
    named = dict(headers)
    if method == "HEAD" or status in (204, 304):
        return b"", after
    if "chunked" in named.get("transfer-encoding", ""):
        return _read_chunks(after)
    if "content-length" in named:
        length = int(named["content-length"])
        return (after[:length], after[length:]) if len(after) >= length else None
    return (after, b"") if is_end else None


def _read_chunks(after: bytes) -> tuple[bytes, bytes] | None:
    body = b""
    while True:
        line, end, rest = after.partition(b"\r\n")
        if not end:
            return None
        size = int(line.split(b";")[0], 16)
        if len(rest) < size + 2:
            return None
        body, after = body + rest[:size], rest[size + 2 :]
        if size == 0:
            return body, after
