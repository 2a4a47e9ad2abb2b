"""Workbooks (.xlsx) as bytes, written part by part, so that a test can break any of them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias
from xml.sax.saxutils import escape, quoteattr

MOMENT, DAY, CUSTOM, CLOCK, SPAN, MONEY = 1, 2, 3, 4, 5, 6
"""Styles of cells: their places in the workbook's formats."""

_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
_STYLES = (
    f'<styleSheet {_MAIN}><numFmts count="2"><numFmt numFmtId="164" formatCode="dd\\.mm\\.yyyy\\ hh:mm"/>'
    '<numFmt numFmtId="165" formatCode="#,##0.00&quot; days&quot;;[Red]-#,##0.00"/></numFmts>'
    '<cellStyleXfs count="1"><xf numFmtId="14"/></cellStyleXfs><cellXfs count="7"><xf numFmtId="0"/>'
    '<xf numFmtId="22"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="21"/><xf numFmtId="46"/>'
    '<xf numFmtId="165"/></cellXfs></styleSheet>'
)


class Cell(NamedTuple):
    """A cell as it is written: its value, its type, and its style."""

    value: str
    kind: str = "n"
    style: int = 0


Value: TypeAlias = "str | int | float | bool | Cell | None"
Rows: TypeAlias = "Sequence[Sequence[Value]]"


def workbook(
    sheets: Mapping[str, Rows],
    *,
    inline: bool = False,
    hidden: Sequence[str] = (),
    is_1904: bool = False,
    parts: Mapping[str, bytes] | None = None,
) -> bytes:
    """Return a workbook; texts are shared unless `inline`, and `parts` replaces parts of the archive."""
    shared: dict[str, int] = {}
    made: dict[str, str] = {
        "_rels/.rels": f'<Relationships {_PACKAGE}><Relationship Id="rId1" Type="{_RELATIONS}/officeDocument"'
        ' Target="xl/workbook.xml"/></Relationships>',
        "xl/styles.xml": _STYLES,
    }
    listed, relations = "", ""
    for number, (name, rows) in enumerate(sheets.items(), 1):
        state = ' state="hidden"' if name in hidden else ""
        listed += f'<sheet name={quoteattr(name)} sheetId="{number}"{state} r:id="s{number}"/>'
        relations += f'<Relationship Id="s{number}" Type="{_RELATIONS}/worksheet" Target="sheet{number}.xml"/>'
        made[f"xl/sheet{number}.xml"] = sheet(rows, None if inline else shared)
    made["xl/workbook.xml"] = (
        f'<workbook {_MAIN} xmlns:r="{_RELATIONS}"><workbookPr date1904="{int(is_1904)}"/>'
        f"<sheets>{listed}</sheets></workbook>"
    )
    made["xl/_rels/workbook.xml.rels"] = (
        f'<Relationships {_PACKAGE}>{relations}<Relationship Id="t" Type="{_RELATIONS}/sharedStrings"'
        f' Target="/xl/sharedStrings.xml"/><Relationship Id="f" Type="{_RELATIONS}/styles"'
        ' Target="styles.xml"/></Relationships>'
    )
    made["xl/sharedStrings.xml"] = (
        f"<sst {_MAIN}>{''.join(f'<si>{_runs(text)}</si>' for text in shared)}</sst>"
    )
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, text in (
            {part: text.encode() for part, text in made.items()} | dict(parts or {})
        ).items():
            archive.writestr(part, text)
    return content.getvalue()


def sheet(rows: Rows, shared: dict[str, int] | None = None) -> str:
    """Return the part of a sheet; its texts are added to `shared`, or inline without that."""
    lines = []
    for number, cells in enumerate(rows, 1):
        written = "".join(
            _cell(f"{_letters(place)}{number}", value, shared)
            for place, value in enumerate(cells)
            if value is not None
        )
        if written:
            lines.append(f'<row r="{number}" spans="1:9" ht="15" customHeight="1">{written}</row>')
    return f"<worksheet {_MAIN}><sheetData>{''.join(lines)}</sheetData></worksheet>"


def _cell(place: str, value: Value, shared: dict[str, int] | None) -> str:
    if isinstance(value, bool):
        value = Cell(str(int(value)), "b")
    if isinstance(value, str):
        if shared is None:
            return f'<c r="{place}" t="inlineStr"><is>{_runs(value)}</is></c>'
        value = Cell(str(shared.setdefault(value, len(shared))), "s")
    if not isinstance(value, Cell):
        value = Cell(repr(value))
    return f'<c r="{place}" s="{value.style}" t="{value.kind}"><f>NOT(READ)</f><v>{value.value}</v></c>'


def _runs(text: str) -> str:
    """Return a text in two runs, with its pronunciation, as Excel writes what is partly bold, or Japanese."""
    half = len(text) // 2
    first, second = (escape(part).replace("\r", "_x000D_") for part in (text[:half], text[half:]))
    return (
        f'<r><rPr><b/></rPr><t xml:space="preserve">{first}</t></r><r><t xml:space="preserve">{second}</t></r>'
        '<rPh sb="0" eb="1"><t>spoken</t></rPh>'
    )


def _letters(place: int) -> str:
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
