"""What the bodies of requests about rules of channels state: reading and describing them."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from skeldir.errors import InputInvalid
from skeldir.ingest.channels import LONGEST_DOCUMENT

MOST_BYTES_OF_RULES: Final = 256 * 1024
SentT = TypeVar("SentT")

Document = Annotated[
    str,
    Field(
        max_length=LONGEST_DOCUMENT,
        description="the rules in order, as TOML (see the page on rules)",
        examples=['[[rule]]\nid = "brand"\nchannel = "paid_search"\ncampaign.contains = "brand"\n'],
    ),
]


@checked_dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class DocumentSent:
    """What `POST /v1/rules/check` takes."""

    document: Document


CHECKED: Final = TypeAdapter(DocumentSent)


def read_sent(adapter: TypeAdapter[SentT], body: bytes) -> SentT:
    """Return what a request's body states. Raises InputInvalid, which names what is wrong."""
    try:
        return adapter.validate_json(body, strict=True)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, ('body', *fault['loc'])))}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)[:5]
        )
        raise InputInvalid(faults, cure="Correct the named fields and send it again.") from error


def request_body(adapter: TypeAdapter[Any]) -> dict[str, Any]:
    """Return the OpenAPI description of the body that `read_sent` reads."""
    return {
        "requestBody": {
            "required": True,
            "description": "Content-Encoding: gzip is accepted.",
            "content": {"application/json": {"schema": adapter.json_schema()}},
        }
    }


def read_document(body: bytes) -> str:
    """Return the document of rules in a request's body. Raises InputInvalid."""
    return read_sent(CHECKED, body).document


def document_request_body() -> dict[str, Any]:
    """Return the OpenAPI description of the body that `read_document` reads."""
    return request_body(CHECKED)
