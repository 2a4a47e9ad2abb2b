"""Answers for analysts' programs by the Model Context Protocol: tools that read, over the read API. The door."""

from skeldir.mcp.bridge import ServiceRefused, ServiceUnreachable, serve_stdio

__all__ = ["ServiceRefused", "ServiceUnreachable", "serve_stdio"]
