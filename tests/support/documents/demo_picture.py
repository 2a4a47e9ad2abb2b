"""`make picture`: run the demo, and draw the most telling part of its output as docs/pictures/demo.svg."""

from __future__ import annotations

import html
import os
import re
import subprocess
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.text import Text

from tests.support.command import SKELDIR

PICTURE = Path(__file__).resolve().parents[3] / "docs" / "pictures" / "demo.svg"
COLUMNS = 112
LEFT_OUT = "…"
# As rich's own, but with system fonts: a picture in a document must not load anything.
_SVG = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<title>What make demo prints: the revenue that six models credit to each channel equals the ledger</title>
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def run_demo(home: Path) -> list[str]:
    """Return the lines that `skeldir demo` prints on a terminal, colours included."""
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    done = subprocess.run(
        [*SKELDIR, "demo"],
        env=kept
        | {
            "SKELDIR_HOME": str(home),
            "FORCE_COLOR": "1",
            "TERM": "xterm-256color",
            "COLUMNS": str(COLUMNS),
        },
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def choose_lines(lines: list[str]) -> list[str]:
    """Return the lines to show, which are the same in every run: the dollars of the first tenant, and the verdicts."""
    plain = [Text.from_ansi(line).plain for line in lines]

    def first(beginning: str) -> int:
        return next(place for place, line in enumerate(plain) if line.startswith(beginning))

    dollars = first("USD:")
    end = next(place for place in range(dollars, len(plain)) if plain[place].startswith("└"))
    return [
        LEFT_OUT,
        lines[first("Credited ")],
        *lines[dollars : end + 1],
        LEFT_OUT,
        *lines[first("Reading a canonical view") :],
    ]


def draw(lines: list[str]) -> str:
    """Return lines with ANSI colours as an SVG of a terminal."""
    console = Console(
        record=True, width=COLUMNS, file=StringIO(), force_terminal=True, highlight=False
    )
    console.print(Text("$ make demo", style="bold"))
    for line in lines:
        console.print(Text.from_ansi(line))
    return console.export_svg(title="skeldir", code_format=_SVG, unique_id="demo")


def lines_of(picture: str) -> list[str]:
    """Return the lines of a picture without spaces, which it does not draw."""
    lines: dict[str, list[tuple[float, str]]] = {}
    for x, line, text in re.findall(
        r'<text [^>]*x="([\d.]+)"[^>]*clip-path="url\(#demo-line-(\d+)\)"[^>]*>(.*?)</text>',
        picture,
    ):
        lines.setdefault(line, []).append((float(x), html.unescape(text)))
    return [without_spaces("".join(text for _, text in sorted(parts))) for parts in lines.values()]


def without_spaces(line: str) -> str:
    """Return a line without its spaces, fixed or not."""
    return "".join(line.split())


if __name__ == "__main__":
    with TemporaryDirectory(prefix="sk-") as place:
        Path(place).chmod(0o711)
        PICTURE.write_text(draw(choose_lines(run_demo(Path(place) / "home"))), encoding="utf-8")
