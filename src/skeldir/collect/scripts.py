"""The collector's script: the current one, and each that was released, with digests for caches and for pages."""

from __future__ import annotations

import gzip
import tomllib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256, sha384
from pathlib import Path
from types import MappingProxyType
from typing import Final

FOLDER: Final = Path(__file__).with_name("static")
RECORD: Final = FOLDER / "scripts.toml"
SOURCE: Final = FOLDER / "v1.js"
LENGTH_OF_DIGEST: Final = 12
CURRENT: Final = "v1.js"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A minified script by its SHA-256, and the SHA-256 of the source that it was made from."""

    digest: str
    source: str


@dataclass(frozen=True, slots=True)
class Script:
    """A script as it is served. `path` never has another content; `integrity` is for the attribute of that name."""

    path: str
    content: bytes
    compressed: bytes
    digest: str
    integrity: str


def read_record() -> list[Recorded]:
    """Return the scripts of the record, the current one last; none if there is no record yet."""
    if not RECORD.exists():
        return []
    return [Recorded(**one) for one in tomllib.loads(RECORD.read_text(encoding="utf-8"))["script"]]


@cache
def load_scripts() -> Mapping[str, Script]:
    """Return all scripts by the last part of their address; the current one also as CURRENT."""
    recorded = [_load(one) for one in read_record()]
    by_name = {script.path.rpartition("/")[2]: script for script in recorded}
    return MappingProxyType({**by_name, CURRENT: recorded[-1]})


def current_script() -> Script:
    """Return the script that `/c/v1.js` has now."""
    return load_scripts()[CURRENT]


def make_script_line(address: str, key: str, *, consent: str, is_pinned: bool) -> str:
    """Return the line that loads the collector in a page: the current version, with its digest, or each new one.

    `address` is where browsers reach the API. The caller has checked that nothing of it ends an attribute.
    """
    script = current_script()
    source = f'src="{address}{script.path}"' if is_pinned else f'src="{address}/c/{CURRENT}"'
    check = f' integrity="{script.integrity}" crossorigin="anonymous"' if is_pinned else ""
    return f'<script async {source}{check} data-key="{key}" data-consent="{consent}"></script>'


def _load(recorded: Recorded) -> Script:
    name = f"v1.{recorded.digest[:LENGTH_OF_DIGEST]}.js"
    content = (FOLDER / name).read_bytes()
    return Script(
        path=f"/c/{name}",
        content=content,
        compressed=gzip.compress(content, 9, mtime=0),
        digest=sha256(content).hexdigest(),
        integrity=f"sha384-{b64encode(sha384(content).digest()).decode()}",
    )
