"""Channels that a tenant adds to the common taxonomy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.errors import InputInvalid
from skeldir.ingest.channels import COMMON_CHANNELS
from skeldir.ingest.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection

_CODE = re.compile(r"^[a-z][a-z0-9_]{0,62}$")


async def add_channels(connection: Connection, tenant_id: UUID, labels: Mapping[str, str]) -> None:
    """Add channels, given as code → label, to the transaction's tenant; an existing one keeps its label.

    Raises:
        InputInvalid: a code is malformed or belongs to the common taxonomy, or a label is blank.
    """
    for code, label in labels.items():
        if not _CODE.match(code):
            raise InputInvalid(
                f"{code!r:.80} is not a channel code.",
                cure="Use up to 63 lower-case letters, digits and underscores, beginning with a letter.",
            )
        if code in COMMON_CHANNELS:
            raise InputInvalid(
                f"{code} is a channel of the common taxonomy already.",
                cure="Use it as it is, or choose another code.",
            )
        if not label.strip():
            raise InputInvalid(
                f"The channel {code} has no label.", cure="Give it a label for people to read."
            )
    if labels:
        await queries.insert_channels(
            connection,
            tenant_id=tenant_id,
            codes=list(labels),
            labels=[label.strip() for label in labels.values()],
        )


async def list_channels(connection: Connection, tenant_id: UUID) -> dict[str, str]:
    """Return the own channels of the transaction's tenant, code → label."""
    return {
        row["code"]: row["label"]
        for row in await queries.select_channels(connection, tenant_id=tenant_id)
    }
