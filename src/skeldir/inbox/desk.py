"""What a process needs to receive deliveries, opened with the application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from skeldir.http import UnknownKeyLimits
from skeldir.inbox.lines import make_line
from skeldir.inbox.memory import EndpointMemory
from skeldir.inbox.paypal_certificates import Certificates, open_certificates
from skeldir.inbox.refusals import RefusalCounter
from skeldir.inbox.signatures import warm_up

if TYPE_CHECKING:
    from skeldir.db import Database
    from skeldir.http import SharedCommits
    from skeldir.inbox.recording import Arrival, Recorded
    from skeldir.inbox.sealing import Sealer

# Per address and process, as for keys.
_UNKNOWN_TOKENS_PER_SECOND: Final = 20


@dataclass(frozen=True, slots=True)
class Desk:
    """What a process knows and counts; `line` is where the deliveries of a tenant wait to share a commit."""

    memory: EndpointMemory
    unknown_tokens: UnknownKeyLimits
    certificates: Certificates
    refusals: RefusalCounter
    line: SharedCommits[Arrival, Recorded]


@asynccontextmanager
async def open_desk(
    database: Database, sealer: Sealer, certificates_folder: Path | None
) -> AsyncIterator[Desk]:
    """Open a desk; files of certificates are read in a thread, and the library of one provider is imported in one."""
    certificates = await asyncio.to_thread(open_certificates, certificates_folder)
    warming = asyncio.create_task(asyncio.to_thread(warm_up))
    desk = Desk(
        EndpointMemory(sealer),
        UnknownKeyLimits(_UNKNOWN_TOKENS_PER_SECOND),
        certificates,
        RefusalCounter(database),
        make_line(),
    )
    try:
        yield desk
    finally:
        await desk.refusals.close()
        await desk.certificates.close()
        await warming
