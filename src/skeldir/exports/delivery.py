"""Delivers a complete export to S3-compatible storage: the files as the folder has them, the manifest last.

An object is there whole or not at all, and carries the SHA-256 of its file. So a delivery that was stopped continues by
being run again: what is there already is not sent a second time.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson

from skeldir.errors import ConfigurationInvalid, InputInvalid, SkeldirError
from skeldir.exports.formats import MEDIA_TYPES
from skeldir.exports.writing import MANIFEST, sums_file_of

if TYPE_CHECKING:
    from obstore.store import S3Store

    from skeldir.settings import StorageSettings

_ADDRESS: Final = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([^?#\s]*))?")
_CODE_OF_ANSWER: Final = re.compile(r"<Code>([A-Za-z0-9.]{1,60})</Code>")
_STATUS_OF_ANSWER: Final = re.compile(r"status code: ([0-9]{3})\b")
# The library takes these as they are, and fails without a word at others.
_ENDPOINT: Final = re.compile(
    r"https?://(?:[A-Za-z0-9._-]+|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._/-]*)?"
)
_REGION: Final = re.compile(r"[A-Za-z0-9-]{1,63}")
_KINDS: Final = {**MEDIA_TYPES, "json": "application/json"}
_DIGEST: Final = "sha256"
_PART_BYTES: Final = 8 * 1024 * 1024
_PARTS_AT_ONCE: Final = 4
_MOST_PARTS: Final = 9_000  # S3 takes 10,000
_TIMEOUT_S: Final = 300
_RETRIES: Final = 6
_PATIENCE: Final = timedelta(seconds=60)


class DeliveryTaken(SkeldirError):
    """The storage has other files of these names."""

    code = "delivery_taken"
    status = 409
    title = "The place of the delivery is taken"


class DeliveryDenied(SkeldirError):
    """The storage does not permit what a delivery needs."""

    code = "delivery_denied"
    status = 403
    title = "The storage denies the delivery"


class BucketUnknown(SkeldirError):
    """The storage has no such bucket."""

    code = "bucket_unknown"
    status = 404
    title = "There is no such bucket"


class DeliveryFailed(SkeldirError):
    """The storage is away, or answers with an error of its own."""

    code = "delivery_failed"
    status = 502
    title = "The storage did not take the delivery"


class ExportAltered(SkeldirError):
    """A file in the folder is not the one that its manifest names."""

    code = "export_altered"
    status = 409
    title = "The export was altered"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an export is delivered to: a bucket, and a prefix without a slash at its ends, which may be empty."""

    bucket: str
    prefix: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}{'/' if self.prefix else ''}"


def read_place(address: str) -> Place:
    """Return the place that `s3://bucket/prefix/` names.

    Raises:
        InputInvalid: it is no such address. It is not repeated, since it could hold a secret.
    """
    found = _ADDRESS.fullmatch(address)
    prefix = "" if found is None else (found[2] or "").strip("/")
    if found is None or any(part in ("", ".", "..") for part in prefix.split("/") if prefix):
        raise InputInvalid(
            "The address of the delivery is not s3://BUCKET/PREFIX/.",
            cure="Name bucket and prefix only; keys and the endpoint are taken from the environment (docs/exports.md).",
        )
    return Place(found[1], prefix)


class Storage:
    """A place in S3-compatible storage. Its keys are read from the environment by the library, and never shown."""

    def __init__(
        self, place: Place, settings: StorageSettings, *, patience: timedelta = _PATIENCE
    ) -> None:
        """Prepare requests, without sending any.

        Raises:
            ConfigurationInvalid: the environment has no keys or no region, or what it has cannot be right.
        """
        from obstore.store import S3Store  # noqa: PLC0415 - few exports are delivered

        if settings.missing:
            raise ConfigurationInvalid(
                f"A delivery to S3 needs {', '.join(settings.missing)} in the environment.",
                cure="Set what is missing, and AWS_ENDPOINT_URL for other storage than Amazon's.",
            )
        if settings.endpoint is not None and not _ENDPOINT.fullmatch(settings.endpoint):
            raise ConfigurationInvalid(
                "AWS_ENDPOINT_URL is not the address of a storage.",
                cure="Set it to https://HOST or https://HOST:PORT, without keys in it.",
            )
        if settings.region is not None and not _REGION.fullmatch(settings.region):
            raise ConfigurationInvalid(
                "AWS_REGION is not the name of a region.",
                cure="Set it to one such as eu-central-1.",
            )
        self.place = place
        config = {"endpoint": settings.endpoint, "region": settings.region}
        with _Errors(place):
            self._store: S3Store = S3Store(
                place.bucket,
                prefix=place.prefix or None,
                config={name: value for name, value in config.items() if value},  # type: ignore[arg-type]
                # Not all storage has the request that deletes several objects.
                disable_bulk_delete=True,
                client_options={
                    "allow_http": (settings.endpoint or "").startswith("http://"),
                    "timeout": f"{_TIMEOUT_S}s",
                    "connect_timeout": "10s",
                },
                retry_config={"max_retries": _RETRIES, "retry_timeout": patience},
            )

    async def list_names(self) -> frozenset[str]:
        """Return the names of the objects directly under the prefix.

        Raises:
            BucketUnknown, DeliveryDenied, DeliveryFailed
        """
        import obstore  # noqa: PLC0415 - as above

        with _Errors(self.place):
            found = await obstore.list_with_delimiter_async(self._store)
        return frozenset(str(one["path"]).rpartition("/")[2] for one in found["objects"])

    async def digest_of(self, name: str) -> str | None:
        """Return the SHA-256 that a delivery left with an object; None if there is none."""
        import obstore  # noqa: PLC0415 - as above

        with _Errors(self.place):
            found = await obstore.get_async(self._store, name, options={"head": True})
        return found.attributes.get(_DIGEST)

    async def send(self, path: Path, digest: str) -> None:
        """Send a file, in parts if it is large: the object is there when all of it is, and not before."""
        import obstore  # noqa: PLC0415 - as above

        size = (await asyncio.to_thread(path.stat)).st_size
        with _Errors(self.place):
            await obstore.put_async(
                self._store,
                path.name,
                path,
                attributes={
                    "Content-Type": _KINDS.get(path.suffix.lstrip("."), "application/octet-stream"),
                    _DIGEST: digest,
                },
                chunk_size=max(_PART_BYTES, -(-size // _MOST_PARTS)),
                max_concurrency=_PARTS_AT_ONCE,
            )

    async def delete(self, name: str) -> None:
        """Delete an object."""
        import obstore  # noqa: PLC0415 - as above

        with _Errors(self.place):
            await obstore.delete_async(self._store, name)


async def deliver(
    folder: Path,
    storage: Storage,
    *,
    replaces: bool = False,
    report: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """Send the files of a complete export, the manifest last; return the names of those that were sent.

    What is there already, byte by byte, is not sent. `report` is called with the name of each file before it is sent.

    Raises:
        DeliveryTaken: there are other files of these names, and the delivery does not replace them; nothing was sent.
        ExportAltered: a file is not the one that the manifest names; what was sent before it has no manifest.
        BucketUnknown, DeliveryDenied, DeliveryFailed
    """
    digests = await asyncio.to_thread(_digests_of, folder)
    there = await storage.list_names()
    kept = {
        name for name in digests if name in there and await storage.digest_of(name) == digests[name]
    }
    others = sorted(name for name in digests if name in there and name not in kept)
    if others and not replaces:
        raise DeliveryTaken(
            f"{storage.place} has other files of these names: {', '.join(others)}.",
            cure="Name another prefix, or replace them with --replace.",
        )
    missing = [name for name in digests if name not in kept]
    if MANIFEST in there and missing:
        # Whoever sees a manifest may read what it names.
        await storage.delete(MANIFEST)
        missing = [*(name for name in missing if name != MANIFEST), MANIFEST]
    for name in missing:
        report(name)
        await storage.send(folder / name, digests[name])
    return missing


def _digests_of(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of an export, by name, the manifest last."""
    content = (folder / MANIFEST).read_bytes()
    digests: dict[str, str] = {}
    for one in orjson.loads(content)["files"]:
        file = folder / one["file"]
        found = _digest(file)
        if found != one["sha256"]:
            raise ExportAltered(
                f"{file} is not the file that {MANIFEST} names.",
                cure="Export again, into another folder.",
            )
        digests[file.name] = found
        digests[sums_file_of(file.name)] = _digest(folder / sums_file_of(file.name))
    digests[MANIFEST] = hashlib.sha256(content).hexdigest()
    return digests


def _digest(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise ExportAltered(
            f"{file} is missing.", cure="Export again, into another folder."
        ) from error


class _Errors:
    """Raises errors of the library as known ones. Of an answer, they have the code only: the rest can hold keys."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        from obstore.exceptions import (  # noqa: PLC0415 - as above
            BaseError,
            PermissionDeniedError,
            UnauthenticatedError,
        )

        found = _CODE_OF_ANSWER.search(str(error))
        answered = f" ({found[1]})" if found else ""
        status = _STATUS_OF_ANSWER.search(str(error))
        if isinstance(error, FileNotFoundError) or (found and found[1] == "NoSuchBucket"):
            raise BucketUnknown(
                f"There is no bucket {self._place.bucket}{answered}.",
                cure="Create it, or check its name and AWS_ENDPOINT_URL.",
            ) from None
        is_denied = isinstance(error, PermissionDeniedError | UnauthenticatedError)
        # What lists has one kind of error for all answers.
        if is_denied or (isinstance(error, BaseError) and status and status[1] in ("401", "403")):
            raise DeliveryDenied(
                f"The storage denies access to {self._place}{answered}.",
                cure="Check keys and region; they must permit to list, read, write and delete under the prefix.",
            ) from None
        if isinstance(error, BaseError):
            raise DeliveryFailed(
                f"The storage of {self._place} cannot be reached, or fails{answered}.",
                cure="Check AWS_ENDPOINT_URL and AWS_REGION, and run the command again with --resume: it continues.",
            ) from None
