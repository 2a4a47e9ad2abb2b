"""The Python client: `make client` generates it from docs/openapi.json, and records what it was generated from.

The generator needs another version of a library than the program, so it has an environment of its own, and is run as
a program. The record lets a test compare without it.
"""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.support.house import ROOT

FOLDER = ROOT / "clients" / "python"
PACKAGE = FOLDER / "src" / "skeldir_client"
RECORD = FOLDER / "generated.toml"
DOCUMENT = ROOT / "docs" / "openapi.json"
GENERATOR = ROOT / ".venv" / "client" / "bin" / "openapi-python-client"
GENERATED = ("api", "models", "client.py", "errors.py", "types.py")
"""What of the package is generated; the rest is written by hand."""
LEFT_OUT = {
    "get_export": "a file of any size, which is written as it comes: skeldir_client.download",
    "get_linked_export": "for programs that have a link and no key",
    "head_linked_export": "as get_linked_export",
    "post_webhook": "for payment providers, which sign what they send",
}
"""Operations of the document that the client does not have, by their ids."""


def read_document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    return document


def prepare(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with what the client has by other means, or must not depend on, left out.

    Problems are left out because each becomes the same error, headers because they are the client's, and formats other
    than JSON where JSON is one. What a response may say is not limited to the values of today: a client that refused a
    state which it does not know would break with the next version of the service.
    """
    prepared = copy.deepcopy(document)
    prepared["paths"] = {
        path: kept
        for path, operations in prepared["paths"].items()
        if (
            kept := {
                method: one
                for method, one in operations.items()
                if one["operationId"] not in LEFT_OUT
            }
        )
    }
    for operation in (one for path in prepared["paths"].values() for one in path.values()):
        operation["parameters"] = [
            one for one in operation.get("parameters", []) if one["in"] != "header"
        ]
        operation["responses"] = {
            status: response
            for status, response in operation["responses"].items()
            if "application/problem+json" not in response.get("content", {})
        }
        for part in (operation.get("requestBody", {}), *operation["responses"].values()):
            content = part.get("content", {})
            if "application/json" in content:
                part["content"] = {"application/json": content["application/json"]}
    schemas = prepared["components"]["schemas"]
    _put_larger_first(prepared["paths"], schemas)
    for schema in schemas.values():
        _drop_enums(schema)
    _name_bodies(prepared, schemas)
    return prepared


def _name_bodies(prepared: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Have each kind of item that requests send named by its title, `TouchItem`, unless that is taken."""
    for operation in (one for path in prepared["paths"].values() for one in path.values()):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            holder, key = content, "schema"
            if content["schema"].get("type") == "array":
                holder, key = content["schema"], "items"
            name = holder[key].get("title")
            if name and schemas.setdefault(name, holder[key]) == holder[key]:
                holder[key] = {"$ref": f"#/components/schemas/{name}"}


def _put_larger_first(part: Any, schemas: dict[str, Any]) -> None:
    """Sort the shapes that a response may have by their numbers of required fields, the largest first.

    The client takes the first that fits, and a converted report has all fields of one that is not.
    """
    if isinstance(part, dict):
        shapes = part.get("anyOf", [])
        if all("$ref" in one for one in shapes):
            names = {one["$ref"]: one["$ref"].rpartition("/")[2] for one in shapes}
            shapes.sort(key=lambda one: -len(schemas[names[one["$ref"]]].get("required", ())))
        for inner in part.values():
            _put_larger_first(inner, schemas)
    elif isinstance(part, list):
        for inner in part:
            _put_larger_first(inner, schemas)


def _drop_enums(schema: Any) -> None:
    if isinstance(schema, dict):
        if isinstance(schema.get("enum"), list):
            del schema["enum"]
        if isinstance(schema.get("const"), str):
            del schema["const"]
        for inner in schema.values():
            _drop_enums(inner)
    elif isinstance(schema, list):
        for inner in schema:
            _drop_enums(inner)


def generate(document: dict[str, Any], generator: Path, folder: Path) -> None:
    """Write what is generated of the package into `folder`, formatted as it is kept.

    Raises:
        RuntimeError: the generator left something of the document out.
    """
    source = folder / "openapi.json"
    source.write_text(json.dumps(prepare(document)), encoding="utf-8")
    made = folder / "made"
    words = [generator, "generate", "--meta", "none", "--fail-on-warning"]
    words += ["--config", FOLDER / "generator.yaml", "--custom-template-path", FOLDER / "templates"]
    words += ["--path", source, "--output-path", made]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)
    for name in GENERATED:
        (made / name).rename(folder / name)
    shutil.rmtree(made)
    source.unlink()
    ruff = [sys.executable, "-m", "ruff"]
    own = ["--isolated", "--quiet", "--line-length", "120"]
    subprocess.run([*ruff, "format", *own, folder], check=True)
    subprocess.run([*ruff, "check", *own, "--select", "F401,I", "--fix", folder], check=True)
    subprocess.run([*ruff, "format", *own, folder], check=True)


def digest_of_document(document: dict[str, Any]) -> str:
    """Return the SHA-256 of what is generated from."""
    return sha256(json.dumps(prepare(document), sort_keys=True).encode()).hexdigest()


def contents_of(folder: Path) -> dict[str, str]:
    """Return the generated files of a folder by their names."""
    files = [folder / name for name in GENERATED]
    python = [*files, *(inner for file in files for inner in file.rglob("*.py"))]
    return {
        file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8")
        for file in sorted(python)
        if file.is_file()
    }


def digest_of(contents: dict[str, str]) -> str:
    """Return the SHA-256 of files and their names."""
    return sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()


def read_record() -> dict[str, str]:
    """Return what the package was generated from, by what, and the digest of what came of it."""
    return tomllib.loads(RECORD.read_text(encoding="utf-8"))


def pinned_version() -> str:
    """Return the version of the generator that is asked for."""
    text = (ROOT / "requirements" / "client.in").read_text(encoding="utf-8")
    (version,) = [
        line.partition("==")[2] for line in text.splitlines() if line.startswith("openapi-python-")
    ]
    return version


def main() -> None:
    document = read_document()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        generate(document, Path(sys.argv[1]) if len(sys.argv) > 1 else GENERATOR, folder)
        for name in GENERATED:
            former = PACKAGE / name
            if former.is_dir():
                shutil.rmtree(former)
            former.unlink(missing_ok=True)
            shutil.move(folder / name, former)
    lines = (
        "# Written by `make client`; tests/clients/test_generated.py compares.",
        f'generator = "openapi-python-client {pinned_version()}"',
        f'document_sha256 = "{digest_of_document(document)}"',
        f'files_sha256 = "{digest_of(contents_of(PACKAGE))}"',
    )
    RECORD.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
