"""`make docs`: write every document that is generated from the program."""

from __future__ import annotations

from skeldir.db.embedded import embedded_server
from skeldir.migrations.run import upgrade
from tests.support.documents.generated import ROOT, generated_documents
from tests.support.embedded import short_place


def write_documents() -> None:
    """Write the documents that have changed, using a database migrated for it; return their names."""
    with short_place() as place, embedded_server(place / "home") as server:
        url = server.url()
        upgrade(url)
        for path, text in generated_documents(url).items():
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8")
                print(path.relative_to(ROOT))  # noqa: T201 - output for the person who runs it


if __name__ == "__main__":
    write_documents()
