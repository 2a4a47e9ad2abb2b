"""Seals secrets of endpoints with keys that the operator holds: the database alone opens none of them."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from skeldir.errors import SkeldirError

VARIABLE: Final = "SKELDIR_SEALING_KEYS"
"""The environment variable that has the keys."""

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", re.ASCII)
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{43}=", re.ASCII)
_MAKE_ONE: Final = "`skeldir webhooks new-key` makes one"


class SealingKeyMissing(SkeldirError):
    """No key is configured, so no secret can be sealed or opened."""

    code = "sealing_key_missing"
    status = 503
    title = "There is no key for the secrets of webhooks"


class SealingKeyUnknown(SkeldirError):
    """A secret was sealed with a key that is not configured."""

    code = "sealing_key_unknown"
    status = 503
    title = "The key of a secret is not configured"


class SealingKeyInvalid(SkeldirError):
    """A configured key cannot be read, or is not the one that a secret was sealed with."""

    code = "sealing_key_invalid"
    status = 503
    title = "A key for the secrets of webhooks is not usable"


UNUSABLE_KEYS: Final = (SealingKeyInvalid, SealingKeyMissing, SealingKeyUnknown)
"""Errors that the operator has to mend; a provider tries again later."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed secret, and the id of the key that opens it."""

    key_id: str
    token: bytes = field(repr=False)


class Sealer:
    """Seals with the first of its keys, and opens with the key that a secret was sealed with.

    `place` names where the keys are configured. `reread` returns those that are there now, and is called for a key that
    is not known: one that was made since is then found without a restart.
    """

    def __init__(
        self,
        keys: Mapping[str, Fernet],
        *,
        place: str = VARIABLE,
        reread: Callable[[], Mapping[str, Fernet]] | None = None,
    ) -> None:
        self._keys = dict(keys)
        self._place = place
        self._reread = reread

    def __repr__(self) -> str:
        return f"Sealer({', '.join(self._keys)})"

    @property
    def place(self) -> str:
        """Where the keys are configured: a variable, or a file."""
        return self._place

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of the keys; new secrets are sealed with the first."""
        return tuple(self._keys)

    @property
    def first_id(self) -> str:
        """The id of the key that seals. Raises SealingKeyMissing."""
        return self._first_id()

    def seal(self, plain: str) -> Sealed:
        """Seal a text. Raises SealingKeyMissing."""
        key_id = self._first_id()
        return Sealed(key_id, self._keys[key_id].encrypt(plain.encode()))

    def open(self, sealed: Sealed) -> str:
        """Return the text that was sealed.

        Raises:
            SealingKeyMissing: there are no keys.
            SealingKeyUnknown: the key that sealed it is not among them.
            SealingKeyInvalid: the key of that id is another one than the one that sealed it.
        """
        key = self._key_of(sealed)
        try:
            return key.decrypt(sealed.token).decode()
        except (InvalidToken, UnicodeDecodeError):
            raise self._not_the_key(sealed.key_id) from None

    def reseal(self, sealed: Sealed) -> Sealed:
        """Seal again with the first key; what is sealed with it already is returned as it is. Raises as `open` does."""
        key_id = self._first_id()
        if sealed.key_id == key_id:
            return sealed
        keys = MultiFernet([self._keys[key_id], self._key_of(sealed)])
        try:
            return Sealed(key_id, keys.rotate(sealed.token))
        except InvalidToken:
            raise self._not_the_key(sealed.key_id) from None

    def _first_id(self) -> str:
        if not self._keys and self._reread is not None:
            self._keys = dict(self._reread())
        for key_id in self._keys:
            return key_id
        raise SealingKeyMissing(
            "The secrets of webhooks are stored encrypted, and no key for that is configured.",
            cure=f"Set {VARIABLE} to `id:key` in all processes ({_MAKE_ONE}), and keep a copy of it apart from the "
            "backups of the database.",
        )

    def _key_of(self, sealed: Sealed) -> Fernet:
        self._first_id()
        if sealed.key_id not in self._keys and self._reread is not None:
            self._keys = dict(self._reread())
        try:
            return self._keys[sealed.key_id]
        except KeyError:
            raise SealingKeyUnknown(
                f"A secret was sealed with the key `{sealed.key_id}`, which is not configured.",
                cure=f"Add that key to {self._place} again; a key can be left out once `skeldir webhooks rotate-key` "
                "has sealed all secrets with the first. If it is lost, enter the endpoint's secret again.",
            ) from None

    def _not_the_key(self, key_id: str) -> SealingKeyInvalid:
        return SealingKeyInvalid(
            f"The key `{key_id}` does not open a secret that was sealed with a key of this id.",
            cure=f"Put the former key of this id into {self._place} again, and give the other one an id of its own.",
        )


def read_sealer(text: str | None) -> Sealer:
    """Return the sealer with the keys of a text (see `read_keys`).

    Without any key the sealer exists, and raises SealingKeyMissing when used. Raises SealingKeyInvalid.
    """
    return Sealer(read_keys(text or ""))


def read_keys(text: str, *, place: str = VARIABLE) -> dict[str, Fernet]:
    """Return the keys of a text by their ids: `id:key`, one a line or separated by commas, the newest first.

    A key is 32 bytes in URL-safe base64.

    Raises:
        SealingKeyInvalid: an entry is not of that form, or two have the same id. No key is quoted.
    """
    keys: dict[str, Fernet] = {}
    entries = [entry.strip() for entry in re.split(r"[,\n]", text)]
    for number, entry in enumerate(filter(None, entries), start=1):
        key_id, _, key = entry.partition(":")
        if not _ID.fullmatch(key_id) or not _KEY.fullmatch(key):
            raise SealingKeyInvalid(
                f"Entry {number} of {place} is not a key.",
                cure=f"Write each entry as `id:key`, the key being 32 bytes in URL-safe base64; {_MAKE_ONE}.",
            )
        if key_id in keys:
            raise SealingKeyInvalid(
                f"Two keys in {place} have the id `{key_id}`.",
                cure="Give each key an id of its own. The id of a key that has sealed secrets must stay.",
            )
        keys[key_id] = Fernet(key)
    return keys


def new_key() -> str:
    """Return a new key as an entry of the configuration: `id:key`."""
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return f"k{secrets.token_hex(4)}:{key}"
