"""The application class: FastAPI, framed for every request, with its problems described as what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

from skeldir.http.middleware import RequestFrame
from skeldir.http.problems import MEDIA_TYPE, install_problems

if TYPE_CHECKING:
    from starlette.types import ASGIApp


class Api(FastAPI):
    """A FastAPI application all of whose answers carry a correlation id, and all of whose errors are problems."""

    def __init__(self, **options: Any) -> None:
        super().__init__(redirect_slashes=False, **options)
        install_problems(self)

    def build_middleware_stack(self) -> ASGIApp:
        """Frame even what answers the errors that nobody foresaw."""
        return RequestFrame(super().build_middleware_stack())

    def openapi(self) -> dict[str, Any]:
        """Return the API's description; a route names the model of a problem, and its media type is told here."""
        is_made = self.openapi_schema is not None
        description = super().openapi()
        if not is_made:
            for operations in description["paths"].values():
                for operation in operations.values():
                    _describe_problems(operation["responses"])
        return description


def _describe_problems(responses: dict[str, Any]) -> None:
    for status, response in responses.items():
        if status >= "400" and "application/json" in response.get("content", {}):
            response["content"] = {MEDIA_TYPE: response["content"]["application/json"]}
