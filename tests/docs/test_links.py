"""Every link and every named file of the documents exists, and no picture fetches anything."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.support.documents.generated import DOCS, ROOT

DOCUMENTS = [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]
LINK = re.compile(r"\]\(([^)\s]+)\)")
# A file of the repository, as the documents name it: by its path from one of these folders, or by its name alone.
NAMED_FILE = re.compile(r"`([\w./-]+\.(?:py|pyi|sql|toml|sh|yaml|yml))`")
FOLDERS = ("src/skeldir", "proof", "tests", "bench", "ops", "requirements")


def anchors(path: Path) -> set[str]:
    """Return what a link to a heading of the document may end with."""
    titles = re.findall(r"^#{1,6} (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_document_leads_somewhere(path: Path) -> None:
    for link in LINK.findall(path.read_text(encoding="utf-8")):
        if link.startswith(("http://", "https://")):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def is_file_of_the_repository(named: str) -> bool:
    if "/" not in named and any(next((ROOT / one).rglob(named), None) for one in FOLDERS):
        return True
    return any((ROOT / one / named).is_file() for one in (".", *FOLDERS))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_a_document_names_exists(path: Path) -> None:
    named = set(NAMED_FILE.findall(path.read_text(encoding="utf-8")))
    assert [one for one in sorted(named) if not is_file_of_the_repository(one)] == []


def test_the_documents_name_many_files_and_a_wrong_name_is_found() -> None:
    named = NAMED_FILE.findall((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))
    assert len(named) > 60
    assert is_file_of_the_repository("jobs/claiming.py")
    assert not is_file_of_the_repository("jobs/serving.py")
    assert not is_file_of_the_repository("nowhere.py")


def test_the_documents_link_to_each_other() -> None:
    links = [link for path in DOCUMENTS for link in LINK.findall(path.read_text(encoding="utf-8"))]
    assert len(links) > 40
    assert {path.name for path in DOCUMENTS} >= {"README.md", "SECURITY.md", "api.md", "schema.md"}


@pytest.mark.parametrize("path", sorted(DOCS.glob("pictures/*.svg")), ids=lambda path: path.name)
def test_a_picture_is_shown_has_a_title_and_fetches_nothing(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert any(f"pictures/{path.name}" in one.read_text(encoding="utf-8") for one in DOCUMENTS)
    root = ET.fromstring(text)  # noqa: S314 - our own file
    title = root.find("{http://www.w3.org/2000/svg}title")
    assert title is not None
    assert title.text
    assert not re.search(
        r"(?:href|src|url\()\s*=?\s*[\"']?https?:|@import|<script|@font-face", text
    )
    assert path.name == "demo.svg" or "prefers-color-scheme: dark" in text
