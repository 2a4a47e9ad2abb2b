"""A part of an export as a file, which is there only if it is complete."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from skeldir_client.client import AuthenticatedClient
from skeldir_client.errors import refusal_of
from skeldir_client.models.get_export_sums_format import GetExportSumsFormat
from skeldir_client.models.get_export_sums_part import GetExportSumsPart


class DownloadIncomplete(Exception):
    """The file that came is not the one that the service made; it was removed. Download it again."""


def download(
    client: AuthenticatedClient,
    part: GetExportSumsPart,
    path: str | Path,
    *,
    from_: date | None = None,
    to: date | None = None,
    model: Sequence[str] = (),
    format_: GetExportSumsFormat | None = None,
    excel: bool = False,
) -> Path:
    """Write a part of an export to `path`, replacing a file of that name, and return the path.

    Days are [from_, to) of the tenant's zone; `model` are versions such as linear@1; see docs/exports.md. A format that
    is left out follows from the name: `.parquet`, `.ndjson`, otherwise CSV. Of parts that the service can read again as
    they were, the file's SHA-256 is compared with what the service says of it.

    Raises:
        Refused: the service refused it.
        DownloadIncomplete: the file is not the one that the service made.
        httpx.TransportError: the connection broke.
    After each of these, a file of that name is what it was before.
    """
    target = Path(path)
    options: dict[str, Any] = {
        "format": format_ or _FORMATS.get(target.suffix, "csv"),
        "model": list(model),
    }
    options |= {name: day.isoformat() for name, day in (("from", from_), ("to", to)) if day}
    if excel:
        options["excel"] = "true"
    unfinished = target.with_name(f"{target.name}.part")
    digest = hashlib.sha256()
    try:
        with client.get_httpx_client().stream(
            "GET", f"/v1/exports/{part}", params=options
        ) as response:
            if response.status_code != 200:
                response.read()
                raise refusal_of(response)
            snapshot = response.headers.get("X-Export-Snapshot")
            with unfinished.open("wb") as file:
                for chunk in response.iter_bytes():
                    digest.update(chunk)
                    file.write(chunk)
        if snapshot is not None and part in _READ_AGAIN:
            _compare(client, part, {**options, "snapshot": snapshot}, digest.hexdigest())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return target


_FORMATS: Final[dict[str, GetExportSumsFormat]] = {".parquet": "parquet", ".ndjson": "ndjson"}
_READ_AGAIN: Final = {"entries", "spend", "claims", "dead_events", "touches"}
"""Parts of facts, which the service can read again as a snapshot had them."""


def _compare(
    client: AuthenticatedClient, part: GetExportSumsPart, options: dict[str, Any], found: str
) -> None:
    response = client.get_httpx_client().get(f"/v1/exports/{part}/sums", params=options)
    if response.status_code != 200:
        raise refusal_of(response)
    if response.json()["sha256"] != found:
        raise DownloadIncomplete(f"{part}: its SHA-256 is not the one that the service states.")
