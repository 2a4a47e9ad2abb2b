"""Lists that come in pages, as one iterator."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

Row = TypeVar("Row", covariant=True)


class Page(Protocol[Row]):
    """A page of a list: its rows, and where the next one begins; None after the last."""

    @property
    def data(self) -> Sequence[Row]: ...

    @property
    def next_cursor(self) -> str | None: ...


def rows(read: Callable[..., Page[Row]], **asked: Any) -> Iterator[Row]:
    """Yield the rows of all pages: `rows(get_channels.sync, client=client, granularity="month")`.

    A page is read when its first row is asked for. `limit` is the number of rows of a page, not of all.

    Raises:
        Refused: a page was refused; the rows before it have been yielded.
    """
    page = read(**asked)
    yield from page.data
    while page.next_cursor is not None:
        page = read(**asked, cursor=page.next_cursor)
        yield from page.data
