"""The files that pages load: read once, with a name that contains their digest, and compressed in advance.

A name stands for one content forever, so a browser may keep it without asking. Only the files of `_FILES` are
served, by a look-up of the name: no path is ever made of what a request contains.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from types import MappingProxyType
from typing import Final

PREFIX: Final = "/static/"
_LENGTH_OF_DIGEST: Final = 12
_SMALLEST_COMPRESSED: Final = 512  # bytes; less fits one packet anyway

_FILES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "skeldir.css": "text/css; charset=utf-8",
        "channel-days.js": "text/javascript; charset=utf-8",
        "passkeys.js": "text/javascript; charset=utf-8",
        "progress.js": "text/javascript; charset=utf-8",
        "icon.svg": "image/svg+xml",
        "htmx.min.js": "text/javascript; charset=utf-8",
        "uplot.min.js": "text/javascript; charset=utf-8",
        "uplot.min.css": "text/css; charset=utf-8",
        "htmx.licence.txt": "text/plain; charset=utf-8",
        "uplot.licence.txt": "text/plain; charset=utf-8",
    }
)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served. `compressed` is its gzip form, None where that would save nothing."""

    name: str
    path: str
    media_type: str
    content: bytes
    compressed: bytes | None


@cache
def load_assets() -> Mapping[str, Asset]:
    """Return all assets by the name in their address, `<first 12 digits of SHA-256>-<file>`."""
    folder = files("skeldir.web") / "static"
    assets = (_load(name, (folder / name).read_bytes()) for name in _FILES)
    return MappingProxyType({asset.path.removeprefix(PREFIX): asset for asset in assets})


@cache
def path_of_asset(name: str) -> str:
    """Return the address of a file: `/static/0123456789ab-skeldir.css`. Raises `KeyError` if it is not listed."""
    return {asset.name: asset.path for asset in load_assets().values()}[name]


def _load(name: str, content: bytes) -> Asset:
    digest = sha256(content).hexdigest()[:_LENGTH_OF_DIGEST]
    compressed = gzip.compress(content, mtime=0) if len(content) >= _SMALLEST_COMPRESSED else None
    return Asset(name, f"{PREFIX}{digest}-{name}", _FILES[name], content, compressed)
