"""Request and response shapes of a tenant's rules of channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from skeldir.errors import InputInvalid
from skeldir.http import Keyset, PageQuery
from skeldir.ingest.channels import LONGEST_DOCUMENT, Fault
from skeldir.ingest.own_rules import RulesTurn, RulesVersion
from skeldir.ingest.undo_requests import LONGEST_REASON

MOST_BYTES: Final = 256 * 1024
SentT = TypeVar("SentT")

Number = Annotated[int, Field(ge=1, le=2**31 - 1)]
Reason = Annotated[str, Field(min_length=1, max_length=LONGEST_REASON, pattern=r"\S")]
Document = Annotated[
    str,
    Field(
        max_length=LONGEST_DOCUMENT,
        description="the rules in order, as TOML (see the page on rules)",
        examples=['[[rule]]\nid = "brand"\nchannel = "paid_search"\ncampaign.contains = "brand"\n'],
    ),
]

VERSIONS: Final = Keyset("rules@1", tuple[Number])
TURNS: Final = Keyset("rule-turns@1", tuple[Number])


class RulesQuery(PageQuery):
    """The parameters of the lists of versions and of turns."""


@dataclass(frozen=True, slots=True)
class RulesPage:
    """A page of versions, the latest first; and the version in force, null for the common rules only."""

    in_force: int | None
    data: list[RulesVersion]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class TurnsPage:
    """A page of turns, the latest first: which version came into force when, by whom and why."""

    data: list[RulesTurn]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class RulesCheck:
    """What is wrong with a document, by line; and its rules that an earlier one always precedes."""

    faults: list[Fault]
    never_match: list[Fault]


@dataclass(frozen=True, slots=True)
class RulesStored:
    """The stored version, which is not in force yet; and its rules that an earlier one always precedes."""

    version: RulesVersion
    never_match: list[Fault]


@checked_dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class DocumentSent:
    """What `POST /v1/rules/check` takes."""

    document: Document


@checked_dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class RulesSent:
    """What `POST /v1/rules` takes."""

    document: Document
    reason: Reason


@checked_dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class ApplySent:
    """What `POST /v1/rules/apply` takes; the version null puts none in force."""

    version: Number | None
    reason: Reason


CHECKED: Final = TypeAdapter(DocumentSent)
STORED: Final = TypeAdapter(RulesSent)
APPLIED: Final = TypeAdapter(ApplySent)


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
