"""Where the service is, and the key: given, or read from the environment."""

from __future__ import annotations

import os
from typing import Final

import httpx

from skeldir_client.client import AuthenticatedClient

URL_VARIABLE: Final = "SKELDIR_URL"
KEY_VARIABLE: Final = "SKELDIR_KEY"
TIMEOUT_S: Final = 60.0


class SettingMissing(Exception):
    """The address or the key is not given, and not in the environment."""

    def __init__(self, variable: str, meaning: str) -> None:
        super().__init__(f"{variable} is not set. Set it to {meaning}, or give it to connect().")
        self.variable = variable


class Skeldir(AuthenticatedClient):
    """A connection to the service with one tenant's key, which is not shown when the object is printed."""

    def __repr__(self) -> str:
        return f"Skeldir({self._base_url!r})"


def connect(
    url: str | None = None, key: str | None = None, *, timeout_s: float = TIMEOUT_S
) -> Skeldir:
    """Return a client for `with` or `async with`; what is left out is read from SKELDIR_URL and SKELDIR_KEY.

    Raises:
        SettingMissing: one of them is neither given nor set.
    """
    address = url or _read(URL_VARIABLE, "the address of the API, such as https://skeldir.example")
    token = key or _read(KEY_VARIABLE, "a key of `skeldir keys create`")
    return Skeldir(base_url=address.rstrip("/"), token=token, timeout=httpx.Timeout(timeout_s))


def _read(variable: str, meaning: str) -> str:
    value = os.environ.get(variable, "").strip()
    if not value:
        raise SettingMissing(variable, meaning)
    return value
