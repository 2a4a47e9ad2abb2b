"""Pages are rendered beside the event loop."""

from __future__ import annotations

import threading
from zoneinfo import ZoneInfo

from fastapi import Request

from skeldir.web import DEFAULT, Formats, Frame
from skeldir.web.sending import Page, finish


class Witness:
    """A value that notes the threads in which it is written."""

    def __init__(self) -> None:
        self.threads: set[threading.Thread] = set()

    def __html__(self) -> str:
        self.threads.add(threading.current_thread())
        return "seen"


async def test_a_page_is_rendered_in_another_thread_than_that_of_the_loop() -> None:
    request = Request({"type": "http", "method": "GET", "headers": []})
    frame = Frame(formats=Formats(DEFAULT, ZoneInfo("UTC")), title="A title")
    witness = Witness()
    page = Page("error.html", frame, {"code": "x", "detail": witness, "cure": ""}, 404)
    assert await finish(request, page) is page
    assert witness.threads
    assert threading.main_thread() not in witness.threads
    assert b"seen" in page.body
    assert page.headers["content-length"] == str(len(page.body))
