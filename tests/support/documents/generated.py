"""Every document, or part of one, that is generated from the program: its path and its content."""

from __future__ import annotations

import json
from pathlib import Path

from skeldir.app import create_app
from tests.support.documents.models_page import draw_example, render_example
from tests.support.documents.schema_page import render_schema

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
_BEGINS = "<!-- Written by `make docs`, from what the models return. -->\n"
_ENDS = "<!-- Until here. -->\n"


def generated_documents(url: str) -> dict[Path, str]:
    """Return the content of each generated document; `url` is a database at the newest revision."""
    models = DOCS / "models.md"
    return {
        DOCS / "openapi.json": json.dumps(
            create_app().openapi(), indent=2, sort_keys=True, ensure_ascii=False
        )
        + "\n",
        DOCS / "schema.md": render_schema(url),
        DOCS / "pictures" / "models.svg": draw_example(),
        models: _fill_in(models.read_text(encoding="utf-8"), render_example()),
    }


def _fill_in(text: str, part: str) -> str:
    """Return `text` with `part` between the two comments that mark its place."""
    before, found, rest = text.partition(_BEGINS)
    _, end, after = rest.partition(_ENDS)
    if not found or not end:
        raise LookupError(f"The document has no place for the generated part: {_BEGINS}")
    return f"{before}{_BEGINS}{part}{_ENDS}{after}"
