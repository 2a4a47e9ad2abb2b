"""`skeldir mcp`: the tools by standard input and output, each asked of a service."""

from __future__ import annotations

import sys
from uuid import UUID

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from typer.testing import CliRunner

from skeldir.cli import app as commands
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.mcp.bridge import (
    Service,
    ServiceRefused,
    ServiceUnreachable,
    make_bridge,
    open_service,
)
from skeldir.settings import load_settings
from skeldir.tenants import list_keys, revoke_key
from tests.conftest import Clone
from tests.e2e.test_server import serving
from tests.support.api import asking
from tests.support.make import at, make_conversion, make_touch, send_conversions, send_touches
from tests.support.mcp_client import CALLS, FRAME, answer_of, error_of, read_error
from tests.support.reading import key_of, settle
from tests.support.service import SKELDIR, free_port

pytestmark = pytest.mark.shares_clone


async def test_the_command_passes_on_what_the_service_answers(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    key = await key_of(db, tenant)
    async with asking(clone.app_url) as (app, _):
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, headers=key) as http:
            service = Service(http, "http://test")
            about = await service.introduce()
            async with Client(make_bridge(service, about)) as client:
                assert "no instructions" in (client.instructions or "")
                assert [each.name for each in (await client.list_tools()).tools] == list(CALLS)
                assert set(await answer_of(client, "channels")) == FRAME
                error = await error_of(client, "explain_order", order_id="none")
                assert error["code"] == "order_unknown"
                async with db.tenant(tenant) as connection:
                    for each in await list_keys(connection, tenant):
                        await revoke_key(connection, tenant, each.key_id)
                await _wait_until_refused(client)
            with pytest.raises(ServiceRefused, match="key_invalid"):
                await service.introduce()


async def _wait_until_refused(client: Client) -> None:
    for _ in range(100):
        result = await client.call_tool("data_health", {})
        if result.is_error:
            assert read_error(result)["code"] == "key_invalid"
            return
    raise AssertionError("a revoked key is still answered")


async def test_a_service_that_does_not_answer_is_an_error_of_the_tool() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    async with open_service(url, "skd_none") as service:
        with pytest.raises(ServiceUnreachable, match=url):
            await service.introduce()


async def test_what_is_no_skeldir_is_an_error() -> None:
    def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, text="<html>welcome</html>")

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as http:
        with pytest.raises(ServiceUnreachable, match="status 200"):
            await Service(http, "http://test").introduce()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SKELDIR_KEY", "", "SKELDIR_KEY is not set"),
        ("SKELDIR_URL", "http://skeldir.example", "clear text"),
        ("SKELDIR_URL", "https://skeldir.example/v1", "not the address of a host"),
    ],
)
def test_a_setting_that_is_missing_or_unsafe_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    done = CliRunner().invoke(commands, ["mcp"])
    assert said in str(done.exception)


def test_without_an_address_the_service_of_this_machine_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SKELDIR_URL", raising=False)
    assert load_settings().skeldir_url == "http://127.0.0.1:8000"


@pytest.mark.slow
async def test_both_ways_in_answer_for_a_running_service(
    clone: Clone, db: Database, tenant: UUID, capfd: pytest.CaptureFixture[str]
) -> None:
    """A service of its own process, asked by HTTP and by the command, which a client starts as desktop programs do."""
    since = utc_now().isoformat()
    await send_touches(db, tenant, make_touch())
    await send_conversions(db, tenant, make_conversion(order_id="o-1", occurred_at=at(0.2)))
    await settle(db)
    key = await key_of(db, tenant)
    with serving([*SKELDIR, "serve"], {"DATABASE_URL": clone.app_url}) as (_, base):
        async with (
            httpx2.AsyncClient(headers=key) as http,
            Client(streamable_http_client(f"{base}/mcp", http_client=http)) as client,
        ):
            await walk(client, since)
        secret = key["Authorization"].removeprefix("Bearer ")
        started = StdioServerParameters(
            command=SKELDIR[0],
            args=[*SKELDIR[1:], "mcp"],
            env={"PYTHONPATH": ":".join(sys.path), "SKELDIR_URL": base, "SKELDIR_KEY": secret},
        )
        async with Client(started, mode="legacy") as client:
            await walk(client, since)
    log = capfd.readouterr().err
    assert log.count('"event":"mcp.called"') == 2 * (len(CALLS) + 1)
    assert secret not in log


async def walk(client: Client, since: str) -> None:
    """Call all tools, and one of them twice."""
    assert [each.name for each in (await client.list_tools()).tools] == list(CALLS)
    for tool in CALLS:
        more = {"since": since} if tool == "changes_since" else {}
        assert set(await answer_of(client, tool, **more)) == FRAME
    (total,) = (await answer_of(client, "channels"))["data"]["totals"]
    assert total["credited_text"] == "100.00 USD"
