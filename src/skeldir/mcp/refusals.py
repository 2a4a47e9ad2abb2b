"""Why a tool has no answer: each error has a code, a detail and a cure, as those of the API have."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import orjson
from mcp_types import CallToolResult, TextContent
from pydantic import BaseModel, ValidationError

from skeldir.errors import InputInvalid, SkeldirError
from skeldir.mcp.quoting import quote

_MOST_FAULTS: Final = 5
_LONGEST: Final = 1_000


class ToolUnknown(SkeldirError):
    """There is no tool with this name."""

    code = "tool_unknown"
    status = 404
    title = "There is no such tool"


class Refusal(BaseModel):
    """What a problem of the API says; other fields are ignored."""

    code: str
    status: int
    title: str
    detail: str
    cure: str
    correlation_id: str | None = None

    @property
    def is_failure(self) -> bool:
        """Whether the service failed; otherwise the question could not be answered."""
        return self.status >= HTTPStatus.INTERNAL_SERVER_ERROR


class ReportRefused(Exception):
    """The API returned a problem instead of a report."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


def refusal_of(error: SkeldirError) -> Refusal:
    """Return what an error of this program says."""
    return Refusal(
        code=error.code,
        status=error.status,
        title=error.title,
        detail=error.detail,
        cure=error.cure,
    )


def arguments_invalid(error: ValidationError) -> InputInvalid:
    """Return the error for arguments that a tool does not take; their values are not repeated."""
    faults = "; ".join(
        f"{'.'.join(map(str, each['loc'])) or 'arguments'}: {each['msg']}"
        for each in error.errors(include_input=False, include_url=False)[:_MOST_FAULTS]
    )
    return InputInvalid(
        f"{faults}.", cure="Correct the named arguments; the tool's schema has them all."
    )


def as_result(refusal: Refusal) -> CallToolResult:
    """Return the result of a call that was refused: JSON as text, quoted, since it may repeat an argument.

    It is no structured content. Clients compare that with the shape of answers, even that of an error.
    """
    fields = refusal.model_dump(exclude_none=True)
    error = {
        key: quote(each, _LONGEST) if isinstance(each, str) else each
        for key, each in fields.items()
    }
    return CallToolResult(
        content=[TextContent(text=orjson.dumps({"error": error}).decode())], is_error=True
    )
