"""Errors that a caller can act on: each has a code, an HTTP status and a cure."""

from __future__ import annotations

from typing import Any, ClassVar


class SkeldirError(Exception):
    """An error that the caller can do something about.

    Subclasses are named after the fact (`KeyRevoked`), and set `code` (stable, snake_case), `status`
    (HTTP) and `title`. An instance has one sentence of `detail` and one of `cure`.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    title: ClassVar[str] = "The request could not be carried out"

    def __init__(self, detail: str, *, cure: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.cure = cure

    def __str__(self) -> str:
        return f"{self.code}: {self.detail} {self.cure}"

    def __reduce__(self) -> tuple[Any, ...]:
        """Support pickling whatever arguments a subclass requires: an error may come from another process."""
        return _restore, (type(self), self.args, self.__dict__)


def _restore(
    cls: type[SkeldirError], arguments: tuple[object, ...], state: dict[str, object]
) -> SkeldirError:
    error = cls.__new__(cls, *arguments)
    error.__dict__.update(state)
    return error


class ConfigurationInvalid(SkeldirError):
    """A setting is missing or cannot be read."""

    code = "configuration_invalid"
    status = 500
    title = "The configuration is not usable"


class ReportTooLarge(SkeldirError):
    """The report would have to read or show more than may be asked for at once."""

    code = "report_too_large"
    status = 422
    title = "The report would be too large"


class InputInvalid(SkeldirError):
    """A value from the caller is not acceptable; nothing was written."""

    code = "input_invalid"
    status = 422
    title = "The input is not valid"
