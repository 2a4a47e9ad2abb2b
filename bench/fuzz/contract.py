"""What the API's description declares for a request line, and whether an answer conforms to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import jsonschema_rs
import orjson

from bench.fuzz.answers import Answer

OF_NO_OPERATION = frozenset({400, 404, 405, 408, 413, 414, 431})
"""The statuses of a request that matches no operation."""

_PAGES = re.compile(r"/(?:docs(?:/.*)?|redoc|openapi\.json)")
_ABSOLUTE = re.compile(r"\A[a-z][a-z0-9+.-]*://[^/?#]*", re.IGNORECASE)
_PARAMETER = re.compile(r"\\{(\w+)\\}")
# The description does not say which values may contain a slash, as order ids do.
_HOLD_SLASHES = frozenset({"order_id"})
# The server accepts more than one blank, and ignores the protocol and its version.
_LINE = re.compile(r"(\S+) +(\S+) +[A-Z]+/\d\.\d\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: its method in capitals, its path as in the description, its statuses."""

    method: str
    path: str
    statuses: frozenset[int]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Contract:
    """The description, with questions about what it declares."""

    def __init__(self, description: dict[str, Any]) -> None:
        self._operations = [
            (
                re.compile(_PARAMETER.sub(_values_of, re.escape(path)), re.DOTALL),
                Operation(method.upper(), path, frozenset(map(int, operation["responses"]))),
                operation,
            )
            for path, operations in description["paths"].items()
            for method, operation in operations.items()
        ]
        self._components = description.get("components", {})
        self._validators: dict[tuple[str, int], jsonschema_rs.Validator | None] = {}

    def operation_of(self, line: bytes) -> Operation | None:
        """Return the operation of a request line, if it has one."""
        found = split_line(line)
        if found is None:
            return None
        method, path = found
        return next(
            (
                op
                for shape, op, _ in self._operations
                if op.method == method and shape.fullmatch(path)
            ),
            None,
        )

    def statuses_of(self, line: bytes) -> frozenset[int]:
        """Return the statuses that the answer to a request line may have."""
        operation = self.operation_of(line)
        if operation is not None:
            return operation.statuses
        found = split_line(line)
        is_page = found is not None and found[0] in ("GET", "HEAD") and _PAGES.fullmatch(found[1])
        return OF_NO_OPERATION | {200, 304} if is_page else OF_NO_OPERATION

    def misfit_of(self, operation: Operation, answer: Answer) -> str | None:
        """Return how the body of an answer differs from its schema; None if it conforms or there is no schema."""
        key = (str(operation), answer.status)
        if key not in self._validators:
            self._validators[key] = self._validator(operation, answer.status)
        validator = self._validators[key]
        if validator is None or not answer.body:
            return None
        try:
            body = orjson.loads(answer.body)
        except ValueError as error:
            return f"the body is not JSON: {error}"
        fault = next(iter(validator.iter_errors(body)), None)
        return None if fault is None else f"{fault.message[:200]} at {list(fault.instance_path)}"

    def _validator(self, operation: Operation, status: int) -> jsonschema_rs.Validator | None:
        described = next(d for _, op, d in self._operations if op == operation)
        contents = described["responses"].get(str(status), {}).get("content", {})
        schema = next((c["schema"] for kind, c in contents.items() if "json" in kind), None)
        if not schema:
            return None
        return jsonschema_rs.validator_for({**schema, "components": self._components})


def split_line(line: bytes) -> tuple[str, str] | None:
    """Return method and decoded path of a request line as the server reads it; None if it is not one."""
    text = re.split(r"[\r\n]", line.decode("latin-1").lstrip("\r\n"), maxsplit=1)[0]
    found = _LINE.fullmatch(text)
    if found is None:
        return None
    target = _ABSOLUTE.sub("", found[2], count=1)
    return found[1], unquote(re.split(r"[?#]", target, maxsplit=1)[0])


def _values_of(parameter: re.Match[str]) -> str:
    return ".*" if parameter[1] in _HOLD_SLASHES else "[^/]+"
