"""Remembers endpoints for a moment, with their secrets opened: a delivery then needs no look-up of its own."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Final

from skeldir.inbox.endpoints import MOST_SECRETS, Endpoint, digest_token, find_endpoint

if TYPE_CHECKING:
    from skeldir.db import Database
    from skeldir.inbox.sealing import Sealed, Sealer

KEPT_S: Final = 1.0
"""How long an endpoint that ended, or a secret that did, may still be accepted, in seconds."""
_MOST_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True)
class OpenEndpoint:
    """What is known of a token: its endpoint with the secrets in force; None: there is none."""

    endpoint: Endpoint | None
    secrets: tuple[str, ...] = field(default=(), repr=False)


class EndpointMemory:
    """Finds endpoints by their tokens. A token without an endpoint costs as much as one with."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._known: OrderedDict[bytes, tuple[float, OpenEndpoint]] = OrderedDict()
        self._decoy: Sealed | None = None

    def recall(self, token: str) -> OpenEndpoint | None:
        """Return what was found for a token within the last KEPT_S; None: it has to be looked up."""
        kept = self._known.get(digest_token(token))
        if kept is None or monotonic() - kept[0] > KEPT_S:
            return None
        return kept[1]

    async def look_up(self, database: Database, token: str) -> OpenEndpoint:
        """Return the endpoint with a token, as the database has it now.

        Raises:
            SealingKeyMissing, SealingKeyUnknown, SealingKeyInvalid: its secrets cannot be opened.
        """
        began_s = monotonic()
        async with database.statement() as connection:
            endpoint = await find_endpoint(connection, token)
        found = OpenEndpoint(endpoint, self._open(endpoint))
        self._known[digest_token(token)] = (began_s, found)
        self._known.move_to_end(digest_token(token))
        if len(self._known) > _MOST_KEPT:
            self._known.popitem(last=False)
        return found

    def _open(self, endpoint: Endpoint | None) -> tuple[str, ...]:
        """Open an endpoint's secrets, and decoys up to MOST_SECRETS."""
        sealed = () if endpoint is None else endpoint.secrets
        opened = tuple(self._sealer.open(one) for one in sealed)
        # The keys may have been replaced since the decoy was sealed.
        if self._decoy is None or self._decoy.key_id not in self._sealer.key_ids:
            self._decoy = self._sealer.seal("decoy") if self._sealer.key_ids else None
        if self._decoy is not None:
            for _ in range(MOST_SECRETS - len(sealed)):
                self._sealer.open(self._decoy)
        return opened
