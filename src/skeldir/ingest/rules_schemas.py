"""Request and response shapes of a tenant's rules of channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass as checked_dataclass

from skeldir.http import Keyset, PageQuery
from skeldir.ingest.channels import Fault
from skeldir.ingest.own_rules import RulesTurn, RulesVersion
from skeldir.ingest.rules_bodies import Document
from skeldir.ingest.undo_requests import LONGEST_REASON

Number = Annotated[int, Field(ge=1, le=2**31 - 1)]


def storable(value: str) -> str:
    """Return a text that PostgreSQL can store. Raises ValueError."""
    if "\0" in value:
        raise ValueError("text must not contain NUL")
    return value


Reason = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST_REASON, pattern=r"\S"),
    AfterValidator(storable),
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
class RulesSent:
    """What `POST /v1/rules` takes."""

    document: Document
    reason: Reason


@checked_dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class ApplySent:
    """What `POST /v1/rules/apply` takes; the version null puts none in force."""

    version: Number | None
    reason: Reason


STORED: Final = TypeAdapter(RulesSent)
APPLIED: Final = TypeAdapter(ApplySent)
