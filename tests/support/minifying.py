"""Minifies the collector's script and names it in its guide: `make collector`.

The record `scripts.toml` says which file is the current one. A file's name contains its digest, and pages may name it
for ever: once it was released, it stays. One that never was released is removed by hand, with its entry in the record.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from hashlib import sha256

from skeldir.collect.scripts import (
    FOLDER,
    LENGTH_OF_DIGEST,
    RECORD,
    SOURCE,
    Recorded,
    current_script,
    load_scripts,
    read_record,
)
from tests.support.documents.generated import DOCS

TERSER = "5.51.4"
GUIDE = DOCS / "collector.md"
# gzip -9; what the collector promises.
MOST_BYTES = 1_200
_OPTIONS = ("--ecma", "2017", "--compress", "passes=3,unsafe_arrows", "--mangle")
_HEAD = """\
# The collector's script in each form that was released, the current one last. `make collector` adds to it when
# v1.js changes. tests/collect/test_script.py compares.
"""


def minify() -> bytes:
    """Return the source as terser writes it, in the version of TERSER; npm fetches it."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is needed to fetch terser, and is not installed.")
    command = [npm, "exec", "--yes", f"--package=terser@{TERSER}", "--", "terser"]
    done = subprocess.run([*command, str(SOURCE), *_OPTIONS], capture_output=True, check=True)
    return done.stdout.strip() + b"\n"


def write_record(entries: list[Recorded]) -> None:
    lines = [_HEAD]
    for one in entries:
        lines += ["[[script]]", f'digest = "{one.digest}"', f'source = "{one.source}"', ""]
    RECORD.write_text("\n".join(lines), encoding="utf-8")


def with_current_script(text: str) -> str:
    """Return a document whose pinned line names the current script."""
    script = current_script()
    line = f'{script.path}" integrity="{script.integrity}" crossorigin'
    return re.sub(r'/c/v1\.\w+\.js" integrity="[^"]*" crossorigin', line, text)


def main() -> None:
    content = minify()
    digest = sha256(content).hexdigest()
    (FOLDER / f"v1.{digest[:LENGTH_OF_DIGEST]}.js").write_bytes(content)
    source = sha256(SOURCE.read_bytes()).hexdigest()
    kept = [one for one in read_record() if one.digest != digest]
    write_record([*kept, Recorded(digest, source)])
    load_scripts.cache_clear()
    GUIDE.write_text(with_current_script(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"v1.{digest[:LENGTH_OF_DIGEST]}.js, {len(content):,} bytes\n")


if __name__ == "__main__":
    main()
