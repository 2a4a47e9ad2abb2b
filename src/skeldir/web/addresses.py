"""Addresses of pages: all that a page shows is in its address, so a link changes some parameters and keeps the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

if TYPE_CHECKING:
    from fastapi import Request

OPENED_FOR: Final = "opened-for"
"""The parameter of a form by which it says for whom, and which tenant, its page was opened."""

# What belongs to one place of a list, to one answer or to one form, is not kept by a link to other rows.
_OF_ONE_PLACE: Final = frozenset({"cursor", "download", "done", OPENED_FOR})
_ACROSS_PAGES: Final = ("from", "to", "currency")


def address(path: str, **parameters: str | None) -> str:
    """Return the address of a page with these parameters; one that is None is left out. `from_` stands for `from`."""
    pairs = [(name.rstrip("_"), value) for name, value in parameters.items() if value is not None]
    return f"{path}?{urlencode(pairs)}" if pairs else path


def with_parameters(request: Request, **changes: str | None) -> str:
    """Return the address of the page that is shown, with some parameters changed, or left out if None.

    The place in a list is not kept, unless `cursor` is among the changes. `from_` stands for `from`.
    """
    changed = {name.rstrip("_"): value for name, value in changes.items()}
    pairs = [
        (name, value)
        for name, value in request.query_params.multi_items()
        if name not in changed and name not in _OF_ONE_PLACE
    ]
    pairs += [(name, value) for name, value in changed.items() if value is not None]
    return f"{request.url.path}?{urlencode(pairs)}" if pairs else request.url.path


def across_pages(request: Request, path: str, **changes: str | None) -> str:
    """Return the address of another page for the same days and currency, with some parameters changed or added."""
    kept = {name: request.query_params.get(name) or None for name in _ACROSS_PAGES}
    return address(path, **(kept | {name.rstrip("_"): value for name, value in changes.items()}))
