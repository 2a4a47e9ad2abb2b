"""`skeldir collect script`: the lines that a page needs."""

from __future__ import annotations

import re
from typing import Annotated, Final

import typer

from skeldir.cli.console import err, out
from skeldir.collect import make_script_line

_KEY: Final = re.compile(r"skd_[A-Za-z0-9_-]{20,100}", re.ASCII)
_ADDRESS: Final = re.compile(
    r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?(?:/[A-Za-z0-9._~/-]*)?", re.ASCII
)
_STAND_IN: Final = "https://skeldir.example"
_CONSENTS: Final = ("denied", "session", "granted")


def show_script(
    url: Annotated[
        str | None,
        typer.Option(
            help=f"Where browsers reach the API. Without it, the line has {_STAND_IN}, which stands for your host."
        ),
    ] = None,
    key: Annotated[
        str,
        typer.Option(
            help="A write key, from `skeldir keys create --scope collect`: it is public, as the page is. "
            "Never put a key with another scope into a page."
        ),
    ] = "WRITE_KEY",
    consent: Annotated[
        str,
        typer.Option(help="What holds until the page says otherwise: denied, session or granted."),
    ] = "session",
    pinned: Annotated[
        bool,
        typer.Option(
            "--pinned", help="Name this version of the script, with a digest that browsers check."
        ),
    ] = False,
) -> None:
    """Print the line that loads the collector in a page, for its `<head>`.

    With `--pinned` the page keeps this version until you change the line; otherwise it gets each new one.
    """
    address = (_STAND_IN if url is None else url).rstrip("/")
    if not _ADDRESS.fullmatch(address):
        raise typer.BadParameter(f"--url must be like {_STAND_IN}, without a query.")
    if key != "WRITE_KEY" and not _KEY.fullmatch(key):
        raise typer.BadParameter("--key must be the whole key, skd_…")
    if consent not in _CONSENTS:
        raise typer.BadParameter("--consent must be denied, session or granted.")
    out.print(
        make_script_line(address, key, consent=consent, is_pinned=pinned),
        soft_wrap=True,
        highlight=False,
        markup=False,
    )
    if url is None:
        err.print(f"{_STAND_IN} stands for your host: name it with --url.")
