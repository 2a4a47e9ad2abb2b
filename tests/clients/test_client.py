"""The Python client, against answers of the API as httpx gets them: errors, settings, pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from skeldir_client import (
    DownloadIncomplete,
    Refused,
    SettingMissing,
    Skeldir,
    connect,
    download,
    rows,
)
from skeldir_client.api.attribution import get_channels
from skeldir_client.api.jobs import get_jobs
from skeldir_client.models.converted_channels_page import ConvertedChannelsPage

KEY = "skd_secret_of_this_test"
PROBLEM = {"code": "rate_limited", "detail": "Too many.", "cure": "Wait.", "correlation_id": "c-1"}

CONVERTED: dict[str, object] = {
    "converted_by": {
        "currency": "EUR",
        "source": "ecb",
        "base": "EUR",
        "days_old_at_most": 7,
        "rates": [],
        "rates_left_out": 0,
        "missing": [],
    },
    "data": [],
    "model_versions": {},
    "next_cursor": None,
    "not_converted": [],
    "orders_awaiting_credit": 0,
    "orders_set_aside": 0,
    "renewals": "include",
    "time_zone": "UTC",
    "totals": {},
}


def answering(*answers: httpx.Response) -> tuple[Skeldir, list[httpx.Request]]:
    """Return a client that gets these answers, one after another, and the requests that it sends."""
    asked: list[httpx.Request] = []
    coming = iter(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return next(coming)

    client = connect("http://skeldir.test", KEY)
    client.set_httpx_client(
        httpx.Client(base_url="http://skeldir.test", transport=httpx.MockTransport(answer))
    )
    return client, asked


def test_address_and_key_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKELDIR_URL", "http://skeldir.test/")
    monkeypatch.setenv("SKELDIR_KEY", KEY)
    client = connect().get_httpx_client()
    assert str(client.base_url) == "http://skeldir.test"
    assert client.headers["Authorization"] == f"Bearer {KEY}"
    monkeypatch.delenv("SKELDIR_KEY")
    with pytest.raises(SettingMissing, match=r"^SKELDIR_KEY is not set\. Set it to a key"):
        connect()


def test_the_key_is_not_shown() -> None:
    client = connect("http://skeldir.test", KEY)
    assert repr(client) == "Skeldir('http://skeldir.test')"
    assert KEY not in f"{client} {client.with_headers({'A': 'b'})!r}"


def test_a_refusal_has_its_code_its_cure_and_when_to_try_again() -> None:
    client, _ = answering(httpx.Response(429, json=PROBLEM, headers={"Retry-After": "7"}))
    with pytest.raises(Refused) as caught:
        get_channels.sync(client=client)
    refusal = caught.value
    assert (refusal.status, refusal.code, refusal.cure) == (429, "rate_limited", "Wait.")
    assert (refusal.correlation_id, refusal.retry_after_s) == ("c-1", 7)
    assert str(refusal) == "429 rate_limited: Too many. Wait."


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(502, text="<html>Bad gateway</html>"),
        httpx.Response(302, headers={"Location": "/sign-in"}),
        httpx.Response(500, json=["unexpected"]),
    ],
)
def test_an_answer_of_something_else_is_an_error_of_its_own(answer: httpx.Response) -> None:
    client, _ = answering(answer)
    with pytest.raises(Refused) as caught:
        get_channels.sync(client=client)
    assert caught.value.code == "unexpected_response"
    assert caught.value.retry_after_s is None


def test_rows_follow_the_pages_with_the_same_filters() -> None:
    empty = {"data": [], "next_cursor": "second"}
    client, asked = answering(
        httpx.Response(200, json=empty), httpx.Response(200, json={**empty, "next_cursor": None})
    )
    assert list(rows(get_jobs.sync, client=client, state="dead")) == []
    assert [dict(request.url.params) for request in asked] == [
        {"limit": "100", "state": "dead"},
        {"limit": "100", "state": "dead", "cursor": "second"},
    ]


def test_a_converted_report_is_read_as_one_and_values_of_a_newer_service_are_kept() -> None:
    client, _ = answering(httpx.Response(200, json=CONVERTED | {"renewals": "new", "more": [1]}))
    read = get_channels.sync(client=client, convert=True, currency="EUR")
    assert isinstance(read, ConvertedChannelsPage)
    assert read.renewals == "new"
    assert read.additional_properties == {"more": [1]}


def test_a_download_that_is_not_what_the_service_made_leaves_the_former_file(
    tmp_path: Path,
) -> None:
    file = tmp_path / "entries.csv"
    file.write_text("former", encoding="utf-8")
    sent = httpx.Response(200, text="entry_id\n1\n", headers={"X-Export-Snapshot": "s1"})
    client, asked = answering(sent, httpx.Response(200, json={"sha256": "0" * 64}))
    with pytest.raises(DownloadIncomplete):
        download(client, "entries", file)
    assert asked[1].url.params["snapshot"] == "s1"
    client, _ = answering(httpx.Response(403, json=PROBLEM))
    with pytest.raises(Refused):
        download(client, "entries", file)
    client, _ = answering(httpx.Response(200, content=cut_off()))
    with pytest.raises(httpx.RemoteProtocolError):
        download(client, "orders", file)
    assert [one.read_text(encoding="utf-8") for one in tmp_path.iterdir()] == ["former"]


def cut_off() -> Iterator[bytes]:
    """Yield the beginning of a file, whose connection then ends."""
    yield b"order_id\n1\n"
    raise httpx.RemoteProtocolError("incomplete chunked read")
