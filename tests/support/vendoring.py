"""Fetches the scripts and style sheets of others that pages use: `make vendor`.

`npm pack` fetches the packages that the record names, in their versions, and checks npm's own sums. The files and
the licences are taken out of the archives as they are, and their SHA-256 is written to the record.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.support.house import SOURCES

STATIC = SOURCES / "web" / "static"
RECORD = STATIC / "vendor.toml"
_HEAD = """\
# What pages use of others: `make vendor` fetches it again and writes the sums; tests/web/test_vendored.py compares.
# For another version change it here and run that. Each licence is as the package has it.
"""


def read_record() -> list[dict[str, Any]]:
    """Return the packages of the record, each with its name, version, licence and files."""
    packages: list[dict[str, Any]] = tomllib.loads(RECORD.read_text(encoding="utf-8"))["package"]
    return packages


def fetch(package: dict[str, Any], folder: Path) -> dict[str, bytes]:
    """Return the recorded files of a package by their name in `static`."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is needed to fetch packages, and is not installed.")
    packed = subprocess.run(
        [npm, "pack", "--json", "--ignore-scripts", f"{package['name']}@{package['version']}"],
        cwd=folder,
        capture_output=True,
        check=True,
    )
    said = json.loads(packed.stdout)
    about = next(iter(said.values())) if isinstance(said, dict) else said[0]
    with tarfile.open(folder / about["filename"]) as archive:
        return {
            file["name"]: _member(archive, f"package/{file['source']}") for file in package["file"]
        }


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None:
        raise FileNotFoundError(name)
    return file.read()


def write_record(packages: list[dict[str, Any]]) -> None:
    lines = [_HEAD]
    for package in packages:
        lines.append("[[package]]")
        lines += [f'{key} = "{package[key]}"' for key in ("name", "version", "licence")]
        for file in package["file"]:
            lines += ["", "[[package.file]]"]
            lines += [f'{key} = "{file[key]}"' for key in ("name", "source", "sha256")]
        lines.append("")
    RECORD.write_text("\n".join(lines), encoding="utf-8")


def main() -> None:
    packages = read_record()
    for package in packages:
        with tempfile.TemporaryDirectory() as folder:
            contents = fetch(package, Path(folder))
        for file in package["file"]:
            content = contents[file["name"]]
            (STATIC / file["name"]).write_bytes(content)
            file["sha256"] = sha256(content).hexdigest()
        sys.stdout.write(f"{package['name']} {package['version']}\n")
    write_record(packages)


if __name__ == "__main__":
    main()
