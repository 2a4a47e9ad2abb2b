"""Files that people send by a page, until they are imported or half an hour has passed.

The bytes go to a file without a name as they arrive: nobody finds it, and it is gone when the process ends, even if it
is killed. A folder that only this user of the system can read has a link to it under its proper name, by which the
import opens it, also in another process of this machine, as the next request may reach any of them.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, time
from typing import IO, TYPE_CHECKING, Final

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from skeldir.errors import SkeldirError
from skeldir.http import BodyTooLarge, BodyUnreadable, let_body_last
from skeldir.users import TOKEN_SHAPE, new_token
from skeldir.web.forms import FormUnreadable

if TYPE_CHECKING:
    from uuid import UUID

    from skeldir.web.access import AnyMember

HELD_S: Final = 1_800
_MOST_HELD: Final = 24
_MOST_OF_USER: Final = 3
_MOST_FIELDS: Final = 20
_MOST_FIELD_BYTES: Final = 8 * 1024
# What else a form has, beside the file.
_MOST_BESIDE: Final = 256 * 1024
_BODY_MAY_LAST_S: Final = 900.0
_MEDIA_TYPE: Final = "multipart/form-data"
_OPEN_FILES: Final = Path("/proc/self/fd")
_NOT_IN_NAMES: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff/\\]")
_LONGEST_NAME: Final = 200  # bytes; systems take 255


class FileMissing(SkeldirError):
    """The form has no file."""

    code = "file_missing"
    status = 422
    title = "No file was chosen"


class UploadUnknown(SkeldirError):
    """The file that was sent is not here, or not any more."""

    code = "upload_unknown"
    status = 404
    title = "The file is no longer here"


class UploadsBusy(SkeldirError):
    """The process holds as many files as it may."""

    code = "uploads_busy"
    status = 503
    title = "Too many files wait to be imported"


class UploadNotStored(SkeldirError):
    """The machine could not store the file."""

    code = "upload_not_stored"
    status = 507
    title = "The file could not be stored"


@dataclass(slots=True, eq=False)
class Upload:
    """A file that was sent. `path` opens it as long as this is held; its name is the one that the browser gave."""

    token: str
    path: Path
    file: IO[bytes]
    until: float
    is_in_use: bool = False

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def folder(self) -> Path:
        """The folder that has only the link to the file."""
        return self.path.parent


@dataclass(slots=True)
class Uploads:
    """The files that this process holds, for the members who sent them. `most_bytes` is the most that one may have."""

    most_bytes: int
    _folder: Path | None = None
    _held: dict[Path, Upload] = field(default_factory=dict)
    _arriving: Counter[UUID] = field(default_factory=Counter)

    async def receive(
        self, request: Request, member: AnyMember
    ) -> tuple[Upload, Mapping[str, str]]:
        """Store the file `file` of a form as it arrives; return it with the other fields of the form.

        The page that sent the form must have been checked before: this reads the body.

        Raises:
            BodyTooLarge: the file has more bytes than it may.
            BodyUnreadable, FormUnreadable: the connection broke off, or the body is not such a form.
            FileMissing: it has no file, or an empty one without a name.
            UploadsBusy, UploadNotStored: there is no room.
        """
        self._make_room(member)
        let_body_last(request, _BODY_MAY_LAST_S)
        user_id = member.session.user_id
        self._arriving[user_id] += 1
        try:
            fields, sent = await self._read(request)
        except OSError as error:
            raise _not_stored(error) from error
        finally:
            self._arriving[user_id] -= 1
            self._arriving += Counter()  # forgets those of whom nothing arrives
        token = new_token()
        folder = self._folder_of(token, member)
        folder.mkdir(mode=0o700)
        path = folder / _plain_name(sent.filename or "")
        await asyncio.to_thread(_link, path, sent.file)
        return self._hold(Upload(token, path, sent.file, monotonic() + HELD_S)), fields

    def find(self, token: str, member: AnyMember) -> Upload:
        """Return a file that the member has sent, to this process or to another one of this machine.

        Raises:
            UploadUnknown: it was not sent by the same user for the same tenant, or it is not held any more.
        """
        self.drop_old()
        if not TOKEN_SHAPE.fullmatch(token):
            raise _unknown()
        folder = self._folder_of(token, member)
        known = self._held.get(folder)
        if known is not None:
            return known
        try:
            (path,) = folder.iterdir()
            file = path.open("rb")
            if path.is_symlink() and os.fstat(file.fileno()).st_nlink:
                # The number of the process that received it is another one's by now.
                file.close()
                raise _unknown()
        except (OSError, ValueError) as error:
            raise _unknown() from error
        if path.is_symlink():
            # From here on this process holds it, too, also if the one that received it ends.
            own = folder.with_name(f"{folder.name}.{os.getpid()}")
            own.symlink_to(_OPEN_FILES.parent.parent / str(os.getpid()) / "fd" / str(file.fileno()))
            own.replace(path)
        return self._hold(Upload(token, path, file, monotonic() + HELD_S))

    @property
    def folder(self) -> Path:
        """The folder with the links, made when it is first needed. Raises `UploadNotStored`."""
        if self._folder is None:
            try:
                self._folder = _own_folder()
            except OSError as error:
                raise _not_stored(error) from error
        return self._folder

    def holds(self, upload: Upload) -> bool:
        """Return whether a file is still held."""
        return upload.folder in self._held

    def drop(self, upload: Upload) -> None:
        """Forget a file: nothing is left of it once nobody reads it."""
        self._held.pop(upload.folder, None)
        if not upload.path.is_symlink() or _leads_to(upload.path, upload.file):
            shutil.rmtree(upload.folder, ignore_errors=True)
        with suppress(OSError):
            upload.file.close()

    def drop_old(self) -> None:
        """Forget the files that were held long enough, and what killed processes have left."""
        for upload in [one for one in self._held.values() if one.until < monotonic()]:
            if not upload.is_in_use:
                self.drop(upload)
        for folder in self.folder.iterdir():
            if folder not in self._held and _is_left(folder):
                shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Forget all files."""
        for upload in list(self._held.values()):
            self.drop(upload)

    def _hold(self, upload: Upload) -> Upload:
        self._held[upload.folder] = upload
        return upload

    def _folder_of(self, token: str, member: AnyMember) -> Path:
        return self.folder / f"{token}.{member.profile.tenant_id}.{member.session.user_id}"

    def _make_room(self, member: AnyMember) -> None:
        """Forget the user's oldest files but some; refuse another one if there are too many of all users."""
        self.drop_old()
        idle = [
            one
            for one in self._held.values()
            if one.folder.name.endswith(f".{member.session.user_id}") and not one.is_in_use
        ]
        for upload in idle[: max(0, len(idle) - _MOST_OF_USER + 1)]:
            self.drop(upload)
        user_id = member.session.user_id
        used = sum(
            one.is_in_use for one in self._held.values() if one.folder.name.endswith(f".{user_id}")
        )
        if used + self._arriving[user_id] >= _MOST_OF_USER:
            raise UploadsBusy(
                f"{_MOST_OF_USER} of your files arrive or are imported.",
                cure="Wait until one of them is done, then send this one.",
            )
        if len(self._held) + self._arriving.total() >= _MOST_HELD:
            raise UploadsBusy(
                f"This process holds {_MOST_HELD} files that wait to be imported.",
                cure="Try again a little later, or import the file by `skeldir import`.",
            )

    async def _read(self, request: Request) -> tuple[dict[str, str], UploadFile]:
        media_type, _, _ = request.headers.get("content-type", "").partition(";")
        if media_type.strip().lower() != _MEDIA_TYPE:
            raise _unreadable()
        parser = MultiPartParser(
            request.headers,
            self._limited(request),
            max_files=1,
            max_fields=_MOST_FIELDS,
            max_part_size=_MOST_FIELD_BYTES,
        )
        try:
            form = await parser.parse()
        except MultiPartException as error:
            raise _unreadable() from error
        except ClientDisconnect as error:
            raise BodyUnreadable(
                "The connection ended before the file did.", cure="Send the file again."
            ) from error
        fields = {
            name: value for name, value in form.multi_items() if not isinstance(value, UploadFile)
        }
        sent = form.get("file")
        if not isinstance(sent, UploadFile) or not (sent.filename or sent.size):
            await form.close()
            raise FileMissing(
                "No file was chosen.", cure="Choose a file, then send the form again."
            )
        return {name: value.replace("\x00", "") for name, value in fields.items()}, sent

    async def _limited(self, request: Request) -> AsyncGenerator[bytes, None]:
        announced = request.headers.get("content-length", "")[:18]
        most = self.most_bytes + _MOST_BESIDE
        size = int(announced) if announced.isdecimal() else 0
        if size <= most:
            size = 0
            async for piece in request.stream():
                size += len(piece)
                if size > most:
                    break
                yield piece
        if size > most:
            raise BodyTooLarge(
                f"The file has more than {self.most_bytes // 1_048_576} MiB, the most that a page takes.",
                cure="Import it by `skeldir import`, which takes files of any size.",
            )


def _link(path: Path, file: IO[bytes]) -> None:
    """Let `path` lead to the open file, which has no name of its own; where a system cannot do that, copy it there."""
    file.flush()
    number = file.fileno()  # also moves a small file from memory to the disk
    file.flush()
    if _OPEN_FILES.is_dir():
        path.symlink_to(f"/proc/{os.getpid()}/fd/{number}")
        return
    with path.open("xb") as copy:
        shutil.copyfileobj(file, copy)


def _leads_to(path: Path, file: IO[bytes]) -> bool:
    with suppress(OSError):
        return str(path.readlink()) == f"/proc/{os.getpid()}/fd/{file.fileno()}"
    return False


def _own_folder() -> Path:
    """Return the folder of this user's uploads; one of its own if somebody else has made it."""
    folder = Path(tempfile.gettempdir()) / f"skeldir-uploads-{os.getuid()}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid != os.getuid() or status.st_mode & 0o077:
        return Path(tempfile.mkdtemp(prefix="skeldir-uploads-"))
    return folder


def _is_left(folder: Path) -> bool:
    """Return whether no process holds the file of a folder any more."""
    with suppress(OSError):
        inside = list(folder.iterdir())
        if any(path.is_symlink() and path.exists() for path in inside):
            return False
        age = time() - folder.lstat().st_mtime
        return age > (HELD_S if any(not path.is_symlink() for path in inside) else 5.0)
    return False


def _plain_name(sent: str) -> str:
    """Return the last part of a name, without what a system could misread; its end shows what is in the file."""
    name = _NOT_IN_NAMES.sub("_", re.split(r"[/\\]", sent)[-1]).strip(" .") or "upload"
    stem, dot, suffix = name.rpartition(".")
    end = f"{dot}{suffix}".encode()
    if not stem or len(end) > _LONGEST_NAME // 2:
        return name.encode()[:_LONGEST_NAME].decode(errors="ignore")
    return stem.encode()[: _LONGEST_NAME - len(end)].decode(errors="ignore") + end.decode()


def _not_stored(error: OSError) -> UploadNotStored:
    return UploadNotStored(
        f"The machine could not store the file: {error.strerror}.",
        cure="The operator frees some space, or sets TMPDIR to a folder with more. Then send it again.",
    )


def _unknown() -> UploadUnknown:
    return UploadUnknown(
        "The file is not here: it was dropped after half an hour, or went to another machine.",
        cure="Send it again. Rows that were imported are not imported twice.",
    )


def _unreadable() -> FormUnreadable:
    return FormUnreadable(
        "The body is not a form with at most one file.", cure="Send the form by its page."
    )
