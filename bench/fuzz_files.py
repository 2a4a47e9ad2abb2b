"""Claim: whatever the bytes of a file are, its reader reads it or refuses it in a sentence, at once, in bounded memory.

Good files of each kind are mutated and read to their end. Anything raised but `FileUnreadable`, and more than 1 s for a
file (all of them are far below 1 MiB), is a failure; the peak of the process's memory is printed. The same seed makes
the same files; `--only INDEX` reads one of them again, alone.

    python -m bench.fuzz_files --inputs 100000 --seed 1
"""

from __future__ import annotations

import argparse
import gzip
import io
import random
import resource
import sys
import tempfile
import traceback
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from bench.fuzz.mutants import mutate
from bench.support import console
from skeldir.ingest.files import FileUnreadable
from skeldir.ingest.files.readers import look_at_file, open_rows

LONGEST_S: Final = 1.0

_CSV: Final = (
    b"sep=;\n# Report\n\norder_id;created_at;total\nR-1;2026-10-20T10:00:00Z;12,50\n"
    b'R-2;2026-10-20T11:00:00Z;"7,\n50"\nR-3;\nTotal;;20,00\n'
)
_JSON: Final = (
    b'{"orders": [\n {"id": "R-1", "total": 12.5},\n {"id": "R-2", "x": [{"y": "]}"}]}\n]}\n'
)
_TYPE: Final = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PARTS: Final[Mapping[str, bytes]] = {
    "_rels/.rels": b'<Relationships><Relationship Id="a" Type="%s/officeDocument" Target="w.xml"/></Relationships>'
    % _TYPE,
    "_rels/w.xml.rels": b'<Relationships><Relationship Id="b" Type="%s/worksheet" Target="s.xml"/>'
    b'<Relationship Id="c" Type="%s/sharedStrings" Target="t.xml"/>'
    b'<Relationship Id="d" Type="%s/styles" Target="f.xml"/></Relationships>' % (_TYPE, _TYPE, _TYPE),
    "w.xml": b'<workbook xmlns:r="%s"><sheets><sheet name="Orders" r:id="b"/></sheets></workbook>' % _TYPE,
    "f.xml": b'<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy-mm-dd hh:mm"/></numFmts><cellXfs>'
    b'<xf numFmtId="0"/><xf numFmtId="22"/><xf numFmtId="164"/></cellXfs></styleSheet>',
    "t.xml": b"<sst><si><t>order_id</t></si><si><r><t>to</t></r><r><t>tal</t></r></si><si><t>R-1</t></si></sst>",
    "s.xml": b'<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
    b'<row r="3"><c r="A3" t="s"><v>2</v></c><c r="B3"><f>A1</f><v>12.5</v></c></row><row r="4"><c r="A4" s="2">'
    b'<v>46315.4166</v></c><c r="B4" t="inlineStr"><is><t>x</t></is></c></row></sheetData></worksheet>',
}  # fmt: skip


def _write_parquet() -> bytes:
    columns = {"order_id": ["R-1", "R-2", None], "total": [12.5, 7.5, 20.0], "x": [["a"], None, []]}
    moments = pa.array([1, 2, 3], pa.timestamp("us", "UTC"))
    content = io.BytesIO()
    pq.write_table(pa.table(columns | {"at": moments}), content, store_schema=False)
    return content.getvalue()


_PARQUET: Final = _write_parquet()
_PARQUET_FOOTER: Final = len(_PARQUET) - 8 - int.from_bytes(_PARQUET[-8:-4], "little")


def make_file(chance: random.Random) -> tuple[str, bytes]:
    """Return the name of a file and its bytes: of a good file that was mutated, or of a container of such a file."""
    kind = chance.choice(
        ("csv", "csv", "utf-16", "latin", "json", "lines", "gz", "zip", "xlsx", "xlsx", "parquet")
    )
    if kind == "csv":
        return "x.csv", mutate(chance, _CSV)
    if kind == "utf-16":
        return "x.csv", mutate(chance, _CSV.decode().encode("utf-16"))
    if kind == "latin":
        return "x.csv", mutate(chance, "a,b\nFür,Größe\n".encode("cp1252"))
    if kind == "json":
        return "x.json", mutate(chance, _JSON)
    if kind == "lines":
        return "x.ndjson", mutate(chance, b'{"a": 1}\n{"a": {"b": [2]}}\n{"a": "\xc3\xbc"}\n')
    if kind == "gz":
        whole = chance.random() < 0.5
        packed = gzip.compress(mutate(chance, _CSV) if whole else _CSV, mtime=0)
        return "x.csv.gz", packed if whole else mutate(chance, packed)
    if kind == "parquet":
        at = chance.choice((0, _PARQUET_FOOTER))
        return "x.parquet", _PARQUET[:at] + mutate(chance, _PARQUET[at:])
    parts = dict(_PARTS) if kind == "xlsx" else {"x.csv": _CSV}
    whole = chance.random() < 0.8
    if whole:
        part = chance.choice(list(parts))
        parts[part] = mutate(chance, parts[part])
    packed = _zip(parts)
    return ("x.xlsx" if kind == "xlsx" else "x.zip"), packed if whole else mutate(chance, packed)


def _zip(parts: Mapping[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(zipfile.ZipInfo(name), part, zipfile.ZIP_DEFLATED)
    return content.getvalue()


def read(path: Path) -> bool:
    """Read a file to its end; return whether it could be read."""
    try:
        layout = look_at_file(path)
        with open_rows(path, layout, tuple(dict.fromkeys(layout.header))) as stream:
            for _ in stream.rows:
                pass
    except FileUnreadable:
        return False
    return True


def main() -> int:
    """Read the files, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int)
    given = parser.parse_args()
    indexes = range(given.inputs) if given.only is None else [given.only]
    counts: Counter[str] = Counter()
    failures, slowest = 0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        for index in indexes:
            name, content = make_file(random.Random(f"{given.seed}/{index}"))  # noqa: S311 - the same files again
            path = Path(folder) / name
            path.write_bytes(content)
            begun = perf_counter()
            try:
                counts[f"{path.suffix} {'read' if read(path) else 'refused'}"] += 1
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is the finding
                failures += 1
                console.print(f"{index}: {name} raised {error!r}", markup=False)
                if given.only is not None:
                    traceback.print_exc()
                if isinstance(error, KeyboardInterrupt):
                    break
            took = perf_counter() - begun
            slowest = max(slowest, took)
            if took > LONGEST_S:
                failures += 1
                console.print(f"{index}: {name} took {took:.1f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    console.print(
        f"seed {given.seed}: {sum(counts.values()):,} files in order, {failures} failures"
    )
    console.print(
        f"slowest {slowest * 1000:.0f} ms, peak of memory {peak} MiB, {dict(sorted(counts.items()))}"
    )
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
