"""Request and response shapes of corrections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass as checked_dataclass

from skeldir.http import Filter, Keyset, PageQuery
from skeldir.ingest.corrections import Correction
from skeldir.ingest.rules_schemas import Reason, storable
from skeldir.ingest.trying_corrections import CorrectionMoves

CORRECTIONS: Final = Keyset("corrections@1", tuple[UUID])
TouchKey = Annotated[
    str, Field(min_length=1, max_length=500, description="the idempotency key of a touch")
]
DryRun = Annotated[
    bool, Field(strict=True, description="show what it would move, and record nothing")
]


class CorrectionsQuery(PageQuery):
    """The parameters of the list of corrections."""

    touch: Annotated[
        Filter[Annotated[str, Field(min_length=1, max_length=500), AfterValidator(storable)]],
        Field(description="only those of the touch with this key"),
    ] = None


@dataclass(frozen=True, slots=True)
class CorrectionsPage:
    """A page of corrections and revocations, the latest first."""

    data: list[Correction]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class CorrectionAnswer:
    """The recorded correction or revocation, or for a dry run what it would move."""

    correction: Correction | None
    moves: CorrectionMoves | None


@checked_dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class CorrectionSent:
    """What `POST /v1/corrections` takes."""

    touch: TouchKey
    channel: Annotated[str, Field(min_length=1, max_length=63)]
    reason: Reason
    dry_run: DryRun = False


@checked_dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class RevocationSent:
    """What `POST /v1/corrections/{correction_id}/revoke` takes."""

    reason: Reason
    dry_run: DryRun = False


CORRECTED: Final = TypeAdapter(CorrectionSent)
REVOKED: Final = TypeAdapter(RevocationSent)
