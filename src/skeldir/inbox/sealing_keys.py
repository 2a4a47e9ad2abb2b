"""Where the keys for secrets of endpoints are: in a variable or, beside an embedded server, in a file of its home."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from skeldir.inbox.sealing import Sealer, SealingKeyInvalid, new_key, read_keys, read_sealer

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

    from skeldir.settings import Settings

FILE_NAME: Final = "sealing-keys"
"""The file in SKELDIR_HOME with one key a line, the newest first."""


def load_sealer(settings: Settings) -> Sealer:
    """Return what seals and opens secrets: with the keys of SKELDIR_SEALING_KEYS or, if that is not set, of the file.

    A key that is added to the file later is found without a restart.

    Raises:
        SealingKeyInvalid: an entry is not a key, or the file cannot be read.
    """
    given = settings.skeldir_sealing_keys
    if given is not None and given.get_secret_value().strip():
        return read_sealer(given.get_secret_value())
    path = _path_of(settings)
    keys = _read_file(path)
    # Without the file, an error must name the variable: only `prepare_sealer` makes the file.
    reread = partial(_read_file, path)
    return Sealer(keys, place=str(path), reread=reread) if keys else Sealer(keys, reread=reread)


def prepare_sealer(settings: Settings) -> tuple[Sealer, Path | None]:
    """Return what `load_sealer` does, and the file if it had to be made: on the embedded server, if there is no key.

    Raises:
        SealingKeyMissing: there is no key, and DATABASE_URL is set: other machines need the same key.
        SealingKeyInvalid: as `load_sealer`, or the file cannot be written.
    """
    sealer = load_sealer(settings)
    if sealer.key_ids:
        return sealer, None
    if settings.database_url is not None and not settings.skeldir_on_embedded_server:
        _ = sealer.first_id  # raises SealingKeyMissing
    made = _make_file(_path_of(settings))
    return load_sealer(settings), made


def _path_of(settings: Settings) -> Path:
    return settings.skeldir_home.expanduser().resolve() / FILE_NAME


def _read_file(path: Path) -> dict[str, Fernet]:
    """Return the keys of a file; none if it does not exist."""
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SealingKeyInvalid(
            f"The keys in {path} cannot be read: {_reason_of(error)}.",
            cure="Let the account that runs skeldir read the file, or restore it from your copy.",
        ) from None
    return read_keys(text, place=str(path))


def _make_file(path: Path) -> Path | None:
    """Write a new key to a file that only its owner may read; None if another process made the file just now."""
    fresh = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{new_key()}\n")
            file.flush()
            os.fsync(file.fileno())
        # Unlike a rename, a link never replaces a file; whoever finds the name finds the complete file.
        os.link(fresh, path)
    except FileExistsError:
        return None
    except OSError as error:
        raise SealingKeyInvalid(
            f"A key cannot be stored in {path}: {_reason_of(error)}.",
            cure="Let the account that runs skeldir write to SKELDIR_HOME, or set SKELDIR_SEALING_KEYS "
            "(`skeldir webhooks new-key` makes a key).",
        ) from None
    finally:
        with suppress(OSError):
            fresh.unlink()
    return path


def _reason_of(error: Exception) -> str:
    return error.strerror or "unknown" if isinstance(error, OSError) else "it is not plain text"
