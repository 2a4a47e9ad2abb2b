"""Answers for analysts' programs by the Model Context Protocol: tools that read, over the read API. The door.

It loads the room when it is asked for: the protocol's library takes half a second.
"""

from typing import TYPE_CHECKING

from skeldir.later import load_later

if TYPE_CHECKING:
    from skeldir.mcp.bridge import serve_stdio as serve_stdio

__getattr__ = load_later(__name__, {"serve_stdio": "bridge"})
