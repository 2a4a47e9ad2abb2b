"""`skeldir mcp`: the tools for analysts' programs, by standard input and output."""

from __future__ import annotations

import asyncio

from skeldir.errors import ConfigurationInvalid
from skeldir.settings import load_settings


def serve_tools() -> None:
    """Serve tools that read reports to a program that starts this command (Model Context Protocol, stdio).

    The service at SKELDIR_URL answers (http://127.0.0.1:8000 if it is not set), by the key in SKELDIR_KEY, which needs
    the scope `read` and stands for its tenant. Programs that can ask by HTTP need no command: the service has the same
    tools at /mcp.
    """
    from skeldir.mcp import serve_stdio

    settings = load_settings()
    key = settings.skeldir_key.get_secret_value() if settings.skeldir_key else ""
    if not key:
        raise ConfigurationInvalid(
            "SKELDIR_KEY is not set.",
            cure="Set it to a key of scope read: `skeldir keys create TENANT --scope read` makes one.",
        )
    asyncio.run(serve_stdio(settings.skeldir_url, key))
